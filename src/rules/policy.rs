//! Reads resource policies: who is let in, to do what, under which conditions. It says what a policy means as far as rules
//! ask, and takes no policy for narrower than it is.

use crate::facets::delivery_key::wildcard;
use crate::facets::policy_document::Statements;
use serde_json::Value;

pub const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// One statement of a policy in its canonical form.
#[derive(Clone, Copy)]
pub struct Statement<'a> {
    pub sid: &'a str,
    body: &'a Value,
}

/// The statements of a policy.
pub fn statements(policy: &Statements) -> impl Iterator<Item = Statement<'_>> {
    policy.0.iter().map(|(sid, body)| Statement { sid, body })
}

/// The statements that let somebody in.
pub fn allows(policy: &Statements) -> impl Iterator<Item = Statement<'_>> {
    statements(policy).filter(|statement| statement.body["Effect"] == "Allow")
}

/// The statements that keep somebody out.
pub fn denials(policy: &Statements) -> impl Iterator<Item = Statement<'_>> {
    statements(policy).filter(|statement| statement.body["Effect"] == "Deny")
}

/// Statements that let in anybody at all, by no condition that tells people apart.
pub fn open_to_all(policy: &Statements) -> impl Iterator<Item = Statement<'_>> {
    let names_anybody = |statement: &Statement<'_>| statement.names_everybody() || statement.names_all_but_some();
    allows(policy).filter(move |statement| names_anybody(statement) && !statement.conditions().any(|condition| condition.restricts_who()))
}

impl<'a> Statement<'a> {
    /// Whom it names, of one kind: `AWS`, `Service`, `Federated`, `CanonicalUser`.
    pub fn principals(self, kind: &str) -> impl Iterator<Item = &'a str> {
        texts(&self.body["Principal"][kind])
    }

    /// `*`, of whatever kind.
    pub fn names_everybody(self) -> bool {
        let kinds = self.body["Principal"].as_object().into_iter().flatten();
        kinds.flat_map(|(_, who)| texts(who)).any(|who| who == "*")
    }

    /// Everybody but those whom it names.
    pub fn names_all_but_some(self) -> bool {
        !self.body["NotPrincipal"].is_null()
    }

    /// Whether a service is among those whom it is about.
    pub fn meets_service(self, service: &str) -> bool {
        match self.names_all_but_some() {
            true => !texts(&self.body["NotPrincipal"]["Service"]).any(|name| name == service),
            false => self.names_service(service) || self.names_everybody(),
        }
    }

    pub fn names_service(self, service: &str) -> bool {
        self.principals("Service").any(|name| name == service)
    }

    /// Whether it is about this action: names of actions know no case.
    pub fn is_about(self, action: &str) -> bool {
        self.named("Action", &action.to_ascii_lowercase(), str::to_ascii_lowercase)
    }

    pub fn is_about_resource(self, arn: &str) -> bool {
        self.named("Resource", arn, str::to_owned)
    }

    /// What it is about, as it is written; everything where it only says what it is not about.
    pub fn resources(self) -> impl Iterator<Item = &'a str> {
        let everything = (!self.body["NotResource"].is_null()).then_some("*");
        texts(&self.body["Resource"]).chain(everything)
    }

    fn named(self, element: &str, name: &str, form: fn(&str) -> String) -> bool {
        let not = &self.body[format!("Not{element}")];
        match not.is_null() {
            true => texts(&self.body[element]).any(|pattern| wildcard(&form(pattern), name)),
            false => !texts(not).any(|pattern| wildcard(&form(pattern), name)),
        }
    }

    /// Each condition; all must hold.
    pub fn conditions(self) -> impl Iterator<Item = Condition<'a>> {
        let operators = self.body["Condition"].as_object().into_iter().flatten();
        operators.flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, values)| Condition { operator, key: key.to_ascii_lowercase(), values: texts(values).collect() })
        })
    }

    /// Whether CloudTrail comes from certain accounts or organizations only.
    pub fn says_whose_trail(self) -> bool {
        const KEYS: [&str; 5] =
            ["aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "kms:encryptioncontext:aws:cloudtrail:arn"];
        self.conditions().any(|condition| KEYS.contains(&condition.key.as_str()) && condition.restricts_who())
    }

    /// Whether its conditions hold for CloudTrail when it acts for this trail. One that can't be judged counts as holding:
    /// CloudTrail has the last word.
    pub fn holds_for(self, trail: &Caller<'_>) -> bool {
        self.conditions().all(|condition| condition.fits(&trail.given(&condition.key)).unwrap_or(true))
    }

    /// The same where one that can't be judged counts as not holding.
    pub fn surely_holds_for(self, trail: &Caller<'_>) -> bool {
        self.conditions().all(|condition| condition.fits(&trail.given(&condition.key)).unwrap_or(false))
    }
}

/// A trail that CloudTrail acts for.
pub struct Caller<'a> {
    pub arn: &'a str,
    /// The organization of its account, where it is known.
    pub organization: Option<&'a str>,
}

/// What CloudTrail's request has under a condition key.
enum Given<'a> {
    Value(&'a str),
    /// The request has no such key.
    Missing,
    Unknown,
}

impl Caller<'_> {
    /// A service belongs to no organization, and comes from no network of yours: `aws:PrincipalOrgID` is no key of its request.
    fn given(&self, key: &str) -> Given<'_> {
        match key {
            "aws:sourcearn" | "kms:encryptioncontext:aws:cloudtrail:arn" => Given::Value(self.arn),
            "aws:sourceaccount" => self.arn.split(':').nth(4).map_or(Given::Unknown, Given::Value),
            "aws:sourceorgid" => self.organization.map_or(Given::Unknown, Given::Value),
            "s3:x-amz-acl" => Given::Value("bucket-owner-full-control"),
            "aws:securetransport" | "aws:principalisawsservice" => Given::Value("true"),
            "aws:principalorgid" | "aws:principalorgpaths" | "aws:sourcevpc" | "aws:sourcevpce" => Given::Missing,
            _ => Given::Unknown,
        }
    }
}

/// One key of a condition block.
pub struct Condition<'a> {
    pub operator: &'a str,
    /// In lower case: keys know none.
    pub key: String,
    pub values: Vec<&'a str>,
}

impl Condition<'_> {
    /// The operator without what it does where a key is missing or has several values.
    fn plain_operator(&self) -> &str {
        let operator = self.operator.rsplit(':').next().unwrap_or(self.operator);
        operator.trim_end_matches("IfExists")
    }

    /// Asks for one of the values. A key that is missing does not pass.
    pub fn demands(&self) -> bool {
        let lets_missing_pass = self.operator.ends_with("IfExists") || self.operator.starts_with("ForAllValues:");
        let positive = matches!(
            self.plain_operator(),
            "StringEquals" | "StringEqualsIgnoreCase" | "StringLike" | "ArnEquals" | "ArnLike" | "IpAddress"
        );
        positive && !lets_missing_pass
    }

    /// Whether it holds; none where that can't be judged.
    fn fits(&self, given: &Given<'_>) -> Option<bool> {
        let operator = self.plain_operator();
        let negated = operator.contains("Not");
        match given {
            Given::Unknown => None,
            Given::Missing if operator == "Null" => Some(self.values == ["true"]),
            Given::Missing => Some(negated || self.operator.ends_with("IfExists") || self.operator.starts_with("ForAllValues:")),
            Given::Value(_) if operator == "Null" => Some(self.values == ["false"]),
            Given::Value(is) => {
                let equals = |value: &&str| match operator {
                    "StringEquals" | "StringNotEquals" | "Bool" => value == is,
                    "StringEqualsIgnoreCase" | "StringNotEqualsIgnoreCase" => value.eq_ignore_ascii_case(is),
                    _ => wildcard(value, is),
                };
                let known = matches!(operator, "Bool") || operator.starts_with("String") || operator.starts_with("Arn");
                known.then(|| self.values.iter().any(equals) != negated)
            }
        }
    }

    /// Whether it leaves only principals of certain accounts, or services that act for these.
    pub fn leaves_only(&self, account: impl Fn(&str) -> bool) -> bool {
        let of = |value: &str| match self.key.as_str() {
            "aws:principalaccount" | "aws:sourceaccount" | "aws:sourceowner" => Some(value.to_owned()),
            "aws:principalarn" | "aws:sourcearn" => value.split(':').nth(4).map(str::to_owned),
            _ => None,
        };
        self.restricts_who() && self.values.iter().all(|value| of(value).is_some_and(|id| account(&id)))
    }

    /// Whether it leaves only some accounts, networks or resources: the keys and the values that S3 takes for that, and those of
    /// organizations and KMS beside them (S3 User Guide, "The meaning of public").
    pub fn restricts_who(&self) -> bool {
        if !self.demands() || self.values.is_empty() {
            return false;
        }
        let fixed: fn(&str) -> bool = match self.key.as_str() {
            "aws:sourceip" => is_narrow_network,
            "aws:sourcearn" | "aws:principalarn" | "s3:dataaccesspointarn" | "kms:encryptioncontext:aws:cloudtrail:arn" => names_an_account,
            // The unique id of a role is fixed, the name of its session is not.
            "aws:userid" => |value| is_fixed(value.split(':').next().unwrap_or_default()),
            // A path below an organization.
            "aws:principalorgpaths" | "aws:sourceorgpaths" => |value| is_fixed(value.split('/').next().unwrap_or_default()),
            "aws:principalorgid"
            | "aws:principalaccount"
            | "aws:sourceaccount"
            | "aws:sourceowner"
            | "aws:sourceorgid"
            | "aws:sourcevpc"
            | "aws:sourcevpce"
            | "aws:vpcsourceip"
            | "s3:dataaccesspointaccount"
            | "kms:calleraccount" => is_fixed,
            _ => return false,
        };
        self.values.iter().all(|value| fixed(value))
    }
}

fn is_fixed(value: &str) -> bool {
    !value.is_empty() && !value.contains(['*', '?']) && !value.contains("${")
}

/// An ARN of one account, or without any wildcard: bucket ARNs name no account.
fn names_an_account(arn: &str) -> bool {
    is_fixed(arn) || (!arn.contains("${") && arn.split(':').nth(4).is_some_and(|account| account.len() == 12 && is_fixed(account)))
}

/// Broader than /8, or /32 for IPv6, is public to S3 unless it is a private network.
fn is_narrow_network(cidr: &str) -> bool {
    let (address, bits) = match cidr.split_once('/') {
        Some((address, bits)) => (address, bits.parse::<u8>().ok()),
        None => (cidr, Some(128)),
    };
    let least = if address.contains(':') { 32 } else { 8 };
    is_fixed(address) && bits.is_some_and(|bits| bits >= least)
}

fn texts(values: &Value) -> impl Iterator<Item = &str> {
    values.as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn opens(principal: Value, condition: Value) -> bool {
        let statement =
            json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*", "Condition": condition});
        open_to_all(&Statements::from_list([statement])).next().is_some()
    }

    #[test]
    fn a_statement_is_open_unless_who_it_names_or_what_it_asks_for_is_fixed() {
        let equals = |key: &str, value: &str| json!({"StringEquals": {key: value}});
        let table = [
            (json!("*"), json!({}), true),
            (json!({"AWS": "*"}), json!({}), true),
            (json!({"AWS": ["arn:aws:iam::111111111111:root", "*"]}), json!({}), true),
            (json!({"AWS": "111111111111"}), json!({}), false),
            (json!({"Service": CLOUDTRAIL}), json!({}), false),
            (json!("*"), equals("aws:PrincipalOrgID", "o-1"), false),
            (json!("*"), equals("AWS:PRINCIPALORGID", "o-1"), false),
            (json!("*"), json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}}), true),
            (json!("*"), json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}), true),
            (json!("*"), json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}), true),
            (json!("*"), json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o-1/r-1/"}}), true),
            (json!("*"), json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/*"}}), false),
            (json!("*"), equals("aws:PrincipalArn", "${aws:PrincipalArn}"), true),
            (json!("*"), json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/*"}}), false),
            (json!("*"), json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}), true),
            (json!("*"), json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), false),
            (json!("*"), json!({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/1"]}}), true),
            (json!("*"), json!({"IpAddress": {"aws:SourceIp": "2001:db8::/16"}}), true),
            (json!("*"), json!({"Bool": {"aws:SecureTransport": "true"}}), true),
            (json!("*"), equals("s3:x-amz-acl", "public-read"), true),
            (json!("*"), json!({"StringLike": {"aws:userid": "AROAEXAMPLE:*"}}), false),
        ];
        for (principal, condition, expected) in table {
            assert_eq!(opens(principal.clone(), condition.clone()), expected, "{principal} {condition}");
        }
        let all_but_one = json!({"Effect": "Allow", "NotPrincipal": {"AWS": "111111111111"}, "Action": "s3:*", "Resource": "*"});
        assert!(open_to_all(&Statements::from_list([all_but_one])).next().is_some());
    }

    #[test]
    fn actions_and_resources_are_matched_with_their_wildcards_and_their_opposites() {
        let policy = |more: Value| {
            let mut statement = json!({"Effect": "Deny", "Principal": "*"});
            json_patch::merge(&mut statement, &more);
            Statements::from_list([statement])
        };
        let about = |more: Value, action: &str| denials(&policy(more)).any(|statement| statement.is_about(action));
        assert!(about(json!({"Action": "S3:Put*"}), "s3:PutObject"));
        assert!(!about(json!({"Action": "s3:PutObjectAcl"}), "s3:PutObject"));
        assert!(about(json!({"NotAction": "s3:Get*"}), "s3:PutObject"));
        assert!(!about(json!({"NotAction": "s3:*"}), "s3:PutObject"));
        let resource = |more: Value| denials(&policy(more)).any(|statement| statement.is_about_resource("arn:aws:s3:::b/AWSLogs/x"));
        assert!(resource(json!({"Resource": "arn:aws:s3:::b/*"})));
        assert!(!resource(json!({"Resource": "arn:aws:s3:::b"})));
        assert!(resource(json!({"NotResource": "arn:aws:s3:::b"})));
    }

    #[test]
    fn a_trail_is_told_from_others_by_arn_account_or_organization_only() {
        let says = |condition: Value| {
            let statement =
                json!({"Effect": "Allow", "Principal": {"Service": CLOUDTRAIL}, "Action": "s3:PutObject", "Condition": condition});
            allows(&Statements::from_list([statement])).any(Statement::says_whose_trail)
        };
        assert!(says(json!({"StringEquals": {"aws:SourceArn": "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main"}})));
        assert!(says(json!({"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:111111111111:trail/*"}})));
        assert!(says(json!({"StringEquals": {"aws:SourceOrgID": "o-1"}})));
        assert!(says(json!({"StringEquals": {"aws:SourceAccount": ["111111111111", "222222222222"]}})));
        assert!(!says(json!({"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:*:trail/*"}})));
        assert!(!says(json!({"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}})));
        assert!(!says(json!({"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}})));
        assert!(!says(json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})));
    }

    #[test]
    fn conditions_are_judged_by_what_a_request_of_cloudtrail_has_and_lacks() {
        let trail = Caller { arn: "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main", organization: None };
        // (condition, may hold, surely holds)
        let table = [
            (json!({}), true, true),
            (json!({"StringEquals": {"aws:SourceAccount": "111111111111"}}), true, true),
            (json!({"StringNotEquals": {"aws:SourceAccount": "111111111111"}}), false, false),
            (json!({"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:111111111111:trail/*"}}), true, true),
            (json!({"StringEquals": {"aws:SourceOrgID": "o-1"}}), true, false),
            (json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), false, false),
            (json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}), true, true),
            (json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}), true, true),
            (json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}, "Bool": {"aws:PrincipalIsAWSService": "false"}}), false, false),
            (json!({"Null": {"aws:SourceVpce": "true"}}), true, true),
            (json!({"Bool": {"aws:SecureTransport": "false"}}), false, false),
            (json!({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}), true, false),
        ];
        for (condition, may, surely) in table {
            let policy = Statements::from_list([json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": condition})]);
            assert!(denials(&policy).all(|statement| statement.holds_for(&trail) == may), "{condition}");
            assert!(denials(&policy).all(|statement| statement.surely_holds_for(&trail) == surely), "{condition}");
        }
    }

    #[test]
    fn a_denial_for_all_but_cloudtrail_does_not_meet_it() {
        let meets = |principal: Value| {
            let mut statement = json!({"Effect": "Deny", "Action": "s3:*"});
            json_patch::merge(&mut statement, &principal);
            denials(&Statements::from_list([statement])).any(|statement| statement.meets_service(CLOUDTRAIL))
        };
        assert!(meets(json!({"Principal": "*"})) && meets(json!({"Principal": {"Service": CLOUDTRAIL}})));
        assert!(meets(json!({"NotPrincipal": {"AWS": "111111111111"}})));
        assert!(!meets(json!({"NotPrincipal": {"Service": CLOUDTRAIL}})));
        assert!(!meets(json!({"Principal": {"AWS": "111111111111"}})));
    }
}
