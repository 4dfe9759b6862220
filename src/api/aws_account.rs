//! `AwsAccount`: how to reach one AWS account, and what was verified about it.

// Each printcolumn is an attribute of its own; clippy takes their equal parts for repetition.
#![allow(clippy::duplicated_attributes)]

use super::common::{AllowedNamespaces, CommonStatus, default_interval};
use super::findings::Compliance;
use super::inventory::{BlindSpot, Coverage, PaidCopies, TrailFound};
use super::organization::OrganizationStatus;
use kube::core::Duration;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to reach one AWS account. The caller identity is verified before anything is written there.
#[derive(Clone, Debug, PartialEq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "trailkeeper.dev",
    version = "v1alpha1",
    kind = "AwsAccount",
    plural = "awsaccounts",
    shortname = "awsacct",
    category = "trailkeeper",
    status = "AwsAccountStatus",
    doc = "How to reach one AWS account. The caller identity is verified before anything is written there.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Account", type_ = "string", json_path = ".spec.accountId"),
    printcolumn(name = "Trails", type_ = "integer", json_path = ".status.trailsFound"),
    printcolumn(name = "Blind-Regions", type_ = "integer", json_path = ".status.blindRegions"),
    printcolumn(name = "Compliant", type_ = "string", json_path = ".status.conditions[?(@.type=='Compliant')].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Identity", type_ = "string", json_path = ".status.callerArn", priority = 1),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason", priority = 1),
    selectable = ".spec.accountId",
    cel
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AwsAccountSpec {
    /// The 12-digit account id. Immutable. Nothing is written unless GetCallerIdentity answers this account.
    #[schemars(length(max = 12))]
    #[x_kube(
        validation = Rule::new("self.matches('^[0-9]{12}$')").message("spec.accountId must be the 12-digit AWS account id, in quotes (YAML reads leading zeros away)"),
        validation = Rule::new("self == oldSelf").message("spec.accountId is immutable: create another AwsAccount for another account")
    )]
    pub account_id: String,

    /// The AWS partition. Immutable.
    #[serde(default)]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.partition is immutable"))]
    pub partition: Partition,

    /// The Region whose STS endpoint is asked for identity and roles. It does not limit where Trails and LogArchives live.
    #[serde(default = "default_region")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z]{2}(-[a-z]+)+-[0-9]+$')").message("spec.region must have the shape of an AWS Region, for example eu-central-1"))]
    pub region: String,

    /// The Regions that the account is kept in: where its trails are looked for and what is meant by all Regions. Default: those that
    /// AWS says are on (`account:ListRegions`). Up to 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 32)))]
    #[x_kube(validation = Rule::new("self.all(region, region.matches('^[a-z]{2}(-[a-z]+)+-[0-9]+$'))").message("spec.regions must be AWS Regions, for example eu-central-1"))]
    pub regions: Vec<String>,

    /// Where credentials come from. Default: the operator's own identity (environment, IRSA, EKS Pod Identity, instance profile).
    #[serde(default)]
    pub credentials: Credentials,

    /// Other endpoints than AWS's own: VPC endpoints, FIPS, or a simulated AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Endpoints>,

    /// Which namespaces may use this account. Default: all (`names: ["*"]`).
    #[serde(default = "AllowedNamespaces::all")]
    pub allowed_namespaces: AllowedNamespaces,

    /// How often the identity is verified and the account's trails are looked for again, as a Go duration. At least 30s.
    #[serde(default = "default_interval")]
    #[x_kube(validation = Rule::new("duration(self) >= duration('30s')").message("spec.interval must be at least 30s: AWS limits reads per account"))]
    #[schemars(length(max = 32))]
    pub interval: Duration,

    /// How many management events the account has in a month, over all Regions: for the cost of paid copies in status.paidCopies. Cost
    /// Explorer shows it as FreeEventsRecorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000_000_000_u64))]
    pub management_events_per_month: Option<u64>,

    /// Stop verifying; objects that refer to this account wait.
    #[serde(default)]
    pub suspend: bool,
}

fn default_region() -> String {
    "us-east-1".to_owned()
}

/// An isolated group of AWS Regions, with its own ARNs and endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Partition {
    #[default]
    #[serde(rename = "aws")]
    Aws,
    #[serde(rename = "aws-cn")]
    China,
    #[serde(rename = "aws-us-gov")]
    GovCloud,
}

impl Partition {
    /// As it stands in an ARN.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::China => "aws-cn",
            Self::GovCloud => "aws-us-gov",
        }
    }
}

/// Where credentials come from: a Secret or the operator's own identity, then roles assumed one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credentials {
    /// A Secret with `accessKeyId`, `secretAccessKey` and optionally `sessionToken`. Prefer a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// Roles to assume, in this order; the last one is the identity that works in the account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4))]
    pub assume_roles: Vec<AssumeRole>,
}

/// A Secret that holds AWS credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its namespace. The chart lets the operator read Secrets in its own namespace only, unless told otherwise.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
}

/// One role of the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssumeRole {
    /// ARN of the role.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$')").message("assumeRoles[].roleArn must be the ARN of an IAM role: arn:aws:iam::ACCOUNT:role/NAME"))]
    pub role_arn: String,
    /// The external id that the role's trust policy asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 1224))]
    pub external_id: Option<String>,
}

/// Endpoint URLs. `all` serves every service that has none of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoints {
    /// For every service without its own entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<String>,
    /// For Account Management.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// For Athena.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub athena: Option<String>,
    /// For CloudTrail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloudtrail: Option<String>,
    /// For CloudWatch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloudwatch: Option<String>,
    /// For EventBridge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eventbridge: Option<String>,
    /// For Glue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glue: Option<String>,
    /// For IAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam: Option<String>,
    /// For KMS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms: Option<String>,
    /// For Lambda.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda: Option<String>,
    /// For CloudWatch Logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<String>,
    /// For Organizations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organizations: Option<String>,
    /// For S3; buckets are then addressed by path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<String>,
    /// For S3 Control, as it stands: the account's id is not put before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_control: Option<String>,
    /// For SNS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sns: Option<String>,
    /// For SQS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqs: Option<String>,
    /// For STS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sts: Option<String>,
}

/// What was verified about the account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwsAccountStatus {
    #[serde(flatten)]
    pub common: CommonStatus,
    #[serde(flatten)]
    pub compliance: Compliance,
    /// Who AWS says we are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_arn: Option<String>,
    /// The organization that the account belongs to, when it may be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationStatus>,
    /// The Regions of the account: `spec.regions`, else those that AWS says are on. While that is unknown, those that were last
    /// known, else `spec.region`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// Why AWS did not say which Regions are on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions_unknown: Option<String>,
    /// How many trails the account has, over its Regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trails_found: Option<i32>,
    /// Every trail of the account, whoever made it; the first 100 by ARN.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trails: Vec<TrailFound>,
    /// Which events are recorded where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coverage: Vec<Coverage>,
    /// Management events that no trail records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blind_spots: Vec<BlindSpot>,
    /// How many Regions have blind spots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blind_regions: Option<i32>,
    /// Management events that are recorded, and paid for, more than once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_copies: Option<PaidCopies>,
    /// Why some of the inventory is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory_unknown: Option<String>,
}

/// The AWS organization of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// `o-...`
    pub id: String,
    /// The account that owns every organization trail.
    pub management_account_id: String,
}
