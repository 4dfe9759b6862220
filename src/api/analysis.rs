//! `spec.analysis` of a LogArchive: Athena over the archive.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// An Athena workgroup, and a Glue table over every log file of the archive, with queries for the usual questions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Analysis {
    /// Name of the Athena workgroup. Default: `trailkeeper-BUCKET`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-zA-Z0-9._-]+$')").message("spec.analysis.workgroup takes letters, digits, . _ and -"),
        validation = Rule::new("self == oldSelf").message("spec.analysis.workgroup is immutable: Athena cannot rename a workgroup")
    )]
    pub workgroup: Option<String>,

    /// Name of the Glue database. Default: `trailkeeper_BUCKET`, with `_` for `-` and `.`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9_]+$')").message("spec.analysis.database takes lower case letters, digits and _"),
        validation = Rule::new("self == oldSelf").message("spec.analysis.database is immutable: a database cannot be renamed")
    )]
    pub database: Option<String>,

    /// Name of the table. Immutable.
    #[serde(default = "default_table")]
    #[schemars(length(max = 128))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9_]+$')").message("spec.analysis.table takes lower case letters, digits and _"),
        validation = Rule::new("self == oldSelf").message("spec.analysis.table is immutable: a table cannot be renamed")
    )]
    pub table: String,

    /// Name of a bucket that exists, in the archive's Region, for results of queries. Not the archive's own: results are no evidence.
    #[schemars(length(min = 3, max = 63))]
    pub results_bucket: String,

    /// Key prefix of results.
    #[serde(default = "default_prefix")]
    #[schemars(length(max = 200))]
    #[x_kube(validation = Rule::new("!self.startsWith('/') && !self.endsWith('/')").message("spec.analysis.resultsPrefix must not begin or end with /"))]
    pub results_prefix: String,

    /// ARN of the KMS key that encrypts results. Default: the archive's key; SSE-S3 where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 350))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$')").message("spec.analysis.resultsKmsKeyArn must be a key ARN: arn:aws:kms:REGION:ACCOUNT:key/ID"))]
    pub results_kms_key_arn: Option<String>,

    /// How many bytes one query may read before Athena ends it, at least 10000000. Default: 1 TiB.
    #[serde(default = "default_cutoff")]
    #[schemars(range(min = 10_000_000))]
    pub bytes_scanned_cutoff: i64,

    /// The organization whose log files are read: those of organization trails. Default: that of the trails that write here, if
    /// they have one. Its accounts are not listed in the table, so every query must name the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 34))]
    #[x_kube(validation = Rule::new("self.matches('^o-[a-z0-9]{10,32}$')").message("spec.analysis.organizationId must have the form o-exampleorgid"))]
    pub organization_id: Option<String>,
}

fn default_table() -> String {
    "cloudtrail".to_owned()
}

fn default_prefix() -> String {
    "trailkeeper".to_owned()
}

fn default_cutoff() -> i64 {
    1 << 40
}
