//! IAM policies from rights: pure. Which rights there are is the facets' to say; here they become documents.

use crate::facets::rights::Right;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Longest managed policy, in characters without white space (IAM User Guide, "IAM and AWS STS quotas").
pub const MANAGED_POLICY_LIMIT: usize = 6_144;

/// The policy that grants `rights` and nothing else.
pub fn policy(rights: impl IntoIterator<Item = Right>) -> Value {
    document(statements(rights))
}

fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Policies that together grant `rights`, each short enough to be a managed policy: a role takes ten of them.
pub fn policies(rights: impl IntoIterator<Item = Right>) -> Vec<Value> {
    let mut policies: Vec<Vec<Value>> = vec![Vec::new()];
    for statement in statements(rights).into_iter().flat_map(halved) {
        let fits = |statements: &Vec<Value>| {
            let with: Vec<Value> = statements.iter().cloned().chain([statement.clone()]).collect();
            size(&document(with)) <= MANAGED_POLICY_LIMIT
        };
        match policies.last_mut() {
            Some(last) if last.is_empty() || fits(last) => last.push(statement),
            _ => policies.push(vec![statement]),
        }
    }
    policies.into_iter().map(document).collect()
}

/// A statement that is too long alone, as several on fewer resources each.
fn halved(statement: Value) -> Vec<Value> {
    let resources = statement["Resource"].as_array().cloned().unwrap_or_default();
    if resources.len() < 2 || size(&document(vec![statement.clone()])) <= MANAGED_POLICY_LIMIT {
        return vec![statement];
    }
    let (left, right) = resources.split_at(resources.len() / 2);
    let half = |end: &str, part: &[Value]| {
        let mut half = statement.clone();
        half["Sid"] = json!(format!("{}{end}", statement["Sid"].as_str().unwrap_or_default()));
        half["Resource"] = json!(part);
        halved(half)
    };
    [half("a", left), half("b", right)].concat()
}

/// As IAM counts it: compact JSON has no white space outside of strings, and ours has none in them.
pub fn size(policy: &Value) -> usize {
    policy.to_string().chars().filter(|letter| !letter.is_whitespace()).count()
}

type Conditions = Vec<(&'static str, String, String)>;

/// Actions on the same resources under the same conditions share a statement, one service apart from the other.
fn statements(rights: impl IntoIterator<Item = Right>) -> Vec<Value> {
    let mut resources_of: BTreeMap<(&'static str, Conditions), BTreeSet<String>> = BTreeMap::new();
    for Right { action, resource, conditions } in rights {
        resources_of.entry((action, conditions)).or_default().insert(resource);
    }
    let mut actions_on: BTreeMap<(&'static str, BTreeSet<String>, Conditions), BTreeSet<&'static str>> = BTreeMap::new();
    for ((action, conditions), mut resources) in resources_of {
        let all = resources.clone();
        resources.retain(|resource| !all.iter().any(|other| other != resource && covers(other, resource)));
        actions_on.entry((service(action), resources, conditions)).or_default().insert(action);
    }
    let mut numbers: BTreeMap<&'static str, usize> = BTreeMap::new();
    actions_on
        .into_iter()
        .map(|((service, resources, conditions), actions)| {
            let number = numbers.entry(service).and_modify(|number| *number += 1).or_insert(1);
            let mut statement = json!({"Sid": sid(service, *number), "Effect": "Allow", "Action": actions, "Resource": resources});
            if !conditions.is_empty() {
                statement["Condition"] = condition(conditions);
            }
            statement
        })
        .collect()
}

/// Whether a resource with wildcards stands for whatever the other one stands for.
fn covers(pattern: &str, resource: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == resource };
    let Some(rest) = resource.strip_prefix(before) else { return false };
    rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| rest.get(at..).is_some_and(|rest| covers(after, rest)))
}

fn service(action: &'static str) -> &'static str {
    action.split(':').next().unwrap_or_default()
}

fn sid(service: &str, number: usize) -> String {
    let mut letters = service.chars().filter(char::is_ascii_alphanumeric);
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(number.to_string().chars()).collect()
}

fn condition(conditions: Conditions) -> Value {
    let mut operators: Map<String, Value> = Map::new();
    for (operator, key, value) in conditions {
        operators.entry(operator).or_insert_with(|| json!({}))[key] = json!(value);
    }
    operators.into()
}

/// Who may take the role on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// IAM roles for service accounts: a Kubernetes service account, by the cluster's OIDC provider.
    Irsa { provider: String, namespace: String, service_account: String },
    /// EKS Pod Identity.
    PodIdentity,
    /// An identity of another account (or of this one).
    CrossAccount { principal: String, external_id: Option<String> },
}

/// The trust policy of a role in `account`.
pub fn trust_policy(trust: &Trust, partition: &str, account: &str) -> Value {
    let statement = match trust {
        Trust::Irsa { provider, namespace, service_account } => {
            let mut wanted = Map::new();
            wanted.insert(format!("{provider}:aud"), json!("sts.amazonaws.com"));
            wanted.insert(format!("{provider}:sub"), json!(format!("system:serviceaccount:{namespace}:{service_account}")));
            json!({"Effect": "Allow", "Principal": {"Federated": format!("arn:{partition}:iam::{account}:oidc-provider/{provider}")},
                   "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": wanted}})
        }
        Trust::PodIdentity => {
            json!({"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession"]})
        }
        Trust::CrossAccount { principal, external_id } => {
            let mut statement = json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"});
            if let Some(external_id) = external_id {
                statement["Condition"] = json!({"StringEquals": {"sts:ExternalId": external_id}});
            }
            statement
        }
    };
    document(vec![statement])
}

/// What an infrastructure tool is to make.
pub struct Wanted<'a> {
    /// Name of role and policies.
    pub name: &'a str,
    pub policies: &'a [Value],
    /// None: policies only, to be attached to a role that exists.
    pub trust: Option<&'a Value>,
}

/// As Terraform (and OpenTofu) take it.
pub fn terraform(wanted: &Wanted<'_>) -> String {
    let label = wanted.name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    let mut text = String::new();
    if let Some(trust) = wanted.trust {
        let _ = write!(
            text,
            "resource \"aws_iam_role\" \"{label}\" {{\n  name               = \"{}\"\n  assume_role_policy = {}}}\n\n",
            wanted.name,
            heredoc(trust)
        );
    }
    for (at, policy) in wanted.policies.iter().enumerate() {
        let (label, name) = (format!("{label}_{}", at + 1), format!("{}-{}", wanted.name, at + 1));
        let _ = write!(text, "resource \"aws_iam_policy\" \"{label}\" {{\n  name   = \"{name}\"\n  policy = {}}}\n\n", heredoc(policy));
    }
    for at in wanted.trust.iter().flat_map(|_| 1..=wanted.policies.len()) {
        let _ = write!(
            text,
            "resource \"aws_iam_role_policy_attachment\" \"{label}_{at}\" {{\n  role       = aws_iam_role.{label}.name\n  policy_arn = aws_iam_policy.{label}_{at}.arn\n}}\n\n"
        );
    }
    text.trim_end().to_owned() + "\n"
}

/// Terraform takes `${` and `%{` for its own even here.
fn heredoc(document: &Value) -> String {
    format!("<<-EOT\n{document:#}\n  EOT\n").replace("${", "$${").replace("%{", "%%{")
}

/// As a CloudFormation template.
pub fn cloudformation(wanted: &Wanted<'_>) -> Value {
    let mut resources = Map::new();
    let mut arns = Vec::new();
    for (at, policy) in wanted.policies.iter().enumerate() {
        let id = format!("Policy{}", at + 1);
        let properties = json!({"ManagedPolicyName": format!("{}-{}", wanted.name, at + 1), "PolicyDocument": policy});
        resources.insert(id.clone(), json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}));
        arns.push(json!({"Ref": id}));
    }
    if let Some(trust) = wanted.trust {
        let properties = json!({"RoleName": wanted.name, "AssumeRolePolicyDocument": trust, "ManagedPolicyArns": arns});
        resources.insert("Role".to_owned(), json!({"Type": "AWS::IAM::Role", "Properties": properties}));
    }
    json!({"AWSTemplateFormatVersion": "2010-09-09", "Description": "What Trailkeeper may do in this account", "Resources": resources})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn actions_on_the_same_resources_share_a_statement() {
        let rights = [
            Right::new("s3:GetBucketPolicy", "arn:aws:s3:::a"),
            Right::new("s3:PutBucketPolicy", "arn:aws:s3:::a"),
            Right::new("s3:PutBucketPolicy", "arn:aws:s3:::a"),
            Right::new("cloudtrail:DescribeTrails", "*"),
            Right::new("iam:PassRole", "r").when("StringEquals", "iam:PassedToService", "cloudtrail.amazonaws.com"),
        ];
        insta::assert_json_snapshot!(policy(rights));
    }

    #[test]
    fn everything_makes_the_rest_redundant() {
        let rights = [Right::new("kms:ListKeys", "*"), Right::new("kms:ListKeys", "arn:aws:kms:eu-west-1:1:key/a")];
        assert_eq!(policy(rights)["Statement"][0]["Resource"], json!(["*"]));
    }

    #[test]
    fn a_resource_that_another_one_stands_for_is_left_out() {
        let [all, one, other] = ["arn:aws:a:*:1:trail/*", "arn:aws:a:eu-west-1:1:trail/audit", "arn:aws:b:eu-west-1:1:trail/audit"];
        let rights = [one, all, other].map(|resource| Right::new("a:Get", resource));
        assert_eq!(policy(rights)["Statement"][0]["Resource"], json!([all, other]));
    }

    #[test]
    fn what_is_too_long_for_one_policy_becomes_several() {
        let bucket = |at: usize| format!("arn:aws:s3:::a-bucket-with-a-long-name-{at:04}");
        let alike: Vec<Right> = (0..400).map(|at| Right::new("s3:PutBucketPolicy", bucket(at))).collect();
        let apart: Vec<Right> = (0..60).map(|at| Right::new("s3:PutBucketPolicy", bucket(at)).when("Bool", "k", at.to_string())).collect();
        for rights in [alike, apart] {
            let made = policies(rights.clone());
            assert!(made.len() > 1 && made.iter().all(|policy| size(policy) <= MANAGED_POLICY_LIMIT));
            let resources = |policy: &Value| {
                policy["Statement"].as_array().unwrap().iter().map(|one| one["Resource"].as_array().unwrap().len()).sum::<usize>()
            };
            assert_eq!(made.iter().map(resources).sum::<usize>(), rights.len());
        }
    }

    #[test]
    fn trust_names_exactly_who() {
        let irsa = Trust::Irsa {
            provider: "oidc.eks.eu-west-1.amazonaws.com/id/ABC".to_owned(),
            namespace: "trailkeeper".to_owned(),
            service_account: "operator".to_owned(),
        };
        let cross =
            Trust::CrossAccount { principal: "arn:aws:iam::222222222222:role/trailkeeper".to_owned(), external_id: Some("x-1".to_owned()) };
        let all: Vec<Value> = [irsa, Trust::PodIdentity, cross].iter().map(|trust| trust_policy(trust, "aws", "111111111111")).collect();
        insta::assert_json_snapshot!(all);
    }

    #[test]
    fn the_tools_get_what_they_take() {
        let policies = [json!({"Resource": "arn:aws:iam::1:user/${aws:username}"}), json!({"b": 2})];
        let trust = json!({"c": 3});
        insta::assert_snapshot!(terraform(&Wanted { name: "trailkeeper-main", policies: &policies, trust: Some(&trust) }));
        insta::assert_json_snapshot!(cloudformation(&Wanted { name: "trailkeeper-main", policies: &policies, trust: Some(&trust) }));
    }
}
