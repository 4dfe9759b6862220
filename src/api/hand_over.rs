//! Who else works with the logs: readers, and who is told of new files. With the values that they paste into their tools.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Somebody who may read the logs and decrypt them: a principal of theirs, or a role of ours that they assume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.principal) != has(self.role)").message("spec.readers takes either principal or role for each reader"))]
pub struct Reader {
    /// Name of the reader, unique in the archive.
    #[schemars(length(min = 1, max = 32))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')").message("spec.readers.name must be lower-case letters, digits and hyphens, and begin and end with a letter or digit"))]
    pub name: String,
    /// ARN of a role or user, or a 12-digit account id for a whole account. It is let in by bucket policy and key policy; one of
    /// another account also needs the rights there. For a key that this archive does not keep, its keeper must let it decrypt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]{12}|arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[^*?]+)$')").message("spec.readers.principal must be the ARN of a role or user, or a 12-digit account id"))]
    pub principal: Option<String>,
    /// A role that is created in the archive's account for the reader to assume. It may do nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<ReaderRole>,
    /// Only objects whose key begins with this, for example `AWSLogs/111111111111/`. Default: all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    #[x_kube(validation = Rule::new("!self.contains('*') && !self.contains('?') && !self.contains('$') && !self.startsWith('/')").message("spec.readers.prefix must be plain text: no wildcards, no variables, no slash at its beginning"))]
    pub prefix: String,
}

/// A role of ours for a reader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReaderRole {
    /// Who may assume the role: the ARN of a role or user, or a 12-digit account id, as the reader's vendor names it.
    #[schemars(length(max = 512))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]{12}|arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[^*?]+)$')").message("spec.readers.role.trustedPrincipal must be the ARN of a role or user, or a 12-digit account id"))]
    pub trusted_principal: String,
    /// The external id that must be given along. Default: one made from the archive and the reader, which status shows. It is no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 256))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9+=,.@:/_-]+$')").message("spec.readers.role.externalId takes letters, digits and + = , . @ : / _ -"))]
    pub external_id: Option<String>,
}

/// What readers paste into their tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HandOver {
    /// The roles that readers assume.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<ReaderHandOver>,
}

/// The role of one reader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReaderHandOver {
    /// Name of the reader.
    pub name: String,
    /// The role to assume.
    pub role_arn: String,
    /// The external id to give along.
    pub external_id: String,
}
