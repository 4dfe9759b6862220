//! The KMS key that somebody else keeps for an external bucket: looked at and judged, never edited.
//!
//! A key that cannot serve is a difference that no write removes: the trail is neither created with it nor moved onto it,
//! and the object says why. What may not be looked at (another account's key policy) is not judged.

use super::context::TrailContext;
use super::difference::Ignore;
use super::observed::{Observed, Seen};
use super::policy_document::Statements;
use super::read::{KmsRead, Read};
use super::rights::{Right, Rights};
use super::step::Step;
use super::trail_settings::Settings;
use super::{AnyFacet, Change, Facet, Obstacle, Source};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is asked of the key. None: it may not be looked at, so nothing is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeliveryKeyState {
    pub enabled: Option<bool>,
    pub pending_deletion: Option<bool>,
    pub region: String,
    /// Whether the key's policy lets CloudTrail encrypt for this trail.
    pub encrypts_for_trail: Option<bool>,
}

/// What was read along with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeliveryKeyFacts {
    /// The key's ARN, whatever it was given as: AWS reads back nothing else.
    pub arn: String,
    /// Where the bucket is; none where S3 does not tell.
    pub bucket_region: Option<String>,
}

pub struct DeliveryKey {
    context: TrailContext,
    /// Key ARN, key id, alias or alias ARN.
    given: String,
    bucket: String,
}

impl DeliveryKey {
    /// The external bucket's key, where the spec names one.
    pub fn of(context: &TrailContext) -> Option<Self> {
        let bucket = context.spec.bucket.as_ref()?;
        Some(Self { context: context.clone(), given: bucket.kms_key.clone()?, bucket: bucket.name.clone() })
    }

    /// The key as the trail's settings are to have it. While the key can't serve, a trail stays with what it has.
    pub fn for_settings(&self, observed: Option<&str>, seen: &Seen) -> String {
        match (seen.facts::<DeliveryKeyFacts>(Self::NAME), observed) {
            (_, Some(kept)) if self.cannot_serve(seen) => kept.to_owned(),
            (Some(facts), _) if !facts.arn.is_empty() => facts.arn,
            // Not known which key is meant, so not known whether it differs.
            (_, Some(kept)) if !is_key_arn(&self.given) => kept.to_owned(),
            _ => self.given.clone(),
        }
    }

    /// Whether the key was looked at and found wanting, in a way that the spec does not ignore.
    fn cannot_serve(&self, seen: &Seen) -> bool {
        let ignore = Ignore::new(self.context.spec.ignore.clone());
        seen.get(Self::NAME).is_some() && !AnyFacet::evaluate(self, seen, &ignore).differences.is_empty()
    }

    fn complaint(&self, observed: Option<&DeliveryKeyState>, paths: &[&str], seen: &Seen) -> String {
        let given = &self.given;
        let Some(state) = observed else {
            return format!("there is no KMS key {given} (spec.bucket.kmsKey), or not in the Region that it names");
        };
        let facts: DeliveryKeyFacts = seen.facts(Self::NAME).unwrap_or_default();
        let (key, bucket, trail) = (&facts.arn, &self.bucket, self.context.arn());
        let of = |field: &str| paths.iter().any(|path| path.ends_with(field));
        if of(".pendingDeletion") {
            format!(
                "KMS key {key} waits for its deletion, after which no log file that it encrypts can be read: cancel that, or give another key"
            )
        } else if of(".enabled") {
            format!("KMS key {key} is disabled: enable it, or give another key")
        } else if of(".region") {
            let there = facts.bucket_region.unwrap_or_default();
            format!("KMS key {key} is in {}, and bucket {bucket} is in {there}: CloudTrail needs both in one Region", state.region)
        } else {
            format!(
                "the policy of KMS key {key} does not let cloudtrail.amazonaws.com use kms:GenerateDataKey* for {trail}: allow it there, and take out what denies it"
            )
        }
    }
}

fn is_key_arn(key: &str) -> bool {
    key.starts_with("arn:") && key.contains(":key/")
}

impl Facet for DeliveryKey {
    const NAME: &'static str = "deliveryKey";
    type State = DeliveryKeyState;

    fn source(&self, _seen: &Seen) -> Source {
        let (key, bucket, trail) = (self.given.clone(), self.bucket.clone(), self.context.arn());
        Source::Ask(Read::Kms(KmsRead::DeliveryKey { key, bucket, trail }))
    }

    fn desired(&self, observed: Option<&DeliveryKeyState>, seen: &Seen) -> DeliveryKeyState {
        let facts: DeliveryKeyFacts = seen.facts(Self::NAME).unwrap_or_default();
        let known = |field: fn(&DeliveryKeyState) -> Option<bool>, wanted: bool| {
            observed.is_none_or(|state| field(state).is_some()).then_some(wanted)
        };
        DeliveryKeyState {
            enabled: known(|state| state.enabled, true),
            pending_deletion: known(|state| state.pending_deletion, false),
            region: facts.bucket_region.or_else(|| observed.map(|state| state.region.clone())).unwrap_or_default(),
            encrypts_for_trail: known(|state| state.encrypts_for_trail, true),
        }
    }

    /// Somebody else's key: nothing of ours to write.
    fn steps(&self, _change: &Change<'_, DeliveryKeyState>) -> Vec<Step> {
        Vec::new()
    }

    fn obstacle(&self, change: &Change<'_, DeliveryKeyState>) -> Option<Obstacle> {
        let paths: Vec<&str> = change.differences.iter().map(|difference| difference.path.as_str()).collect();
        Some(Obstacle {
            reason: "KeyUnusable",
            message: self.complaint(change.observed, &paths, change.seen),
            // A trail that there is goes on with the key that it has.
            nothing_may_be_written: matches!(change.seen.get(Settings::NAME), Some(Observed::Absent)),
        })
    }

    fn rights(&self) -> Rights {
        const READS: [&str; 2] = ["kms:DescribeKey", "kms:GetKeyPolicy"];
        if is_key_arn(&self.given) {
            return Rights::on(&self.given, &READS, &[]);
        }
        let (partition, account) = (self.context.account.partition.as_str(), &self.context.account.id);
        let of_region = |name: &str| format!("arn:{partition}:kms:{}:{account}:key/{name}", self.context.spec.region);
        match self.given.rsplit_once("alias/") {
            // A policy can't name an alias, only a key that has it.
            Some((_, alias)) => {
                let place = self.given.split_once(":alias/").map_or_else(|| of_region("*"), |(place, _)| format!("{place}:key/*"));
                let alias = format!("alias/{alias}");
                let right =
                    |action| Right::new(action, place.as_str()).when("ForAnyValue:StringEquals", "kms:ResourceAliases", alias.as_str());
                Rights { read: READS.map(right).into(), ..Rights::default() }
            }
            None => Rights::on(&of_region(&self.given), &READS, &[]),
        }
    }
}

/// Whether a key's policy may let CloudTrail encrypt for the trail: some Allow fits, and no Deny does. What can't be judged here
/// (an operator or a condition key that is not among those that AWS documents for CloudTrail) speaks for CloudTrail: it has the
/// last word, and a working set-up must not be refused.
pub fn lets_cloudtrail_encrypt(policy: &Statements, trail_arn: &str) -> bool {
    let says = |effect: &str, if_unknown: bool| {
        policy.0.values().filter(|statement| statement["Effect"] == effect).any(|statement| {
            names_cloudtrail(statement)
                && names_encryption(statement)
                && judged(&statement["Condition"], trail_arn).all(|fits| fits.unwrap_or(if_unknown))
        })
    };
    says("Allow", true) && !says("Deny", false)
}

fn names_cloudtrail(statement: &Value) -> bool {
    let is_in = |principals: &Value| {
        let names = |kind: &str, who: &str| texts(&principals[kind]).any(|name| name == who || name == "*");
        names("Service", "cloudtrail.amazonaws.com") || names("AWS", "*")
    };
    match &statement["NotPrincipal"] {
        Value::Null => is_in(&statement["Principal"]),
        others => !is_in(others),
    }
}

fn names_encryption(statement: &Value) -> bool {
    let is_in = |actions: &Value| texts(actions).any(|pattern| wildcard(&pattern.to_ascii_lowercase(), "kms:generatedatakey"));
    match &statement["NotAction"] {
        Value::Null => is_in(&statement["Action"]),
        others => !is_in(others),
    }
}

/// Of each condition whether it fits CloudTrail's request for the trail; None where that can't be judged.
fn judged<'a>(condition: &'a Value, trail_arn: &'a str) -> impl Iterator<Item = Option<bool>> + 'a {
    let account = trail_arn.split(':').nth(4).unwrap_or_default();
    let keys = condition.as_object().into_iter().flatten();
    let all = keys.flat_map(|(operator, keys)| keys.as_object().into_iter().flatten().map(move |(key, values)| (operator, key, values)));
    all.map(move |(operator, key, values)| {
        let is = match key.to_ascii_lowercase().as_str() {
            "aws:sourcearn" | "kms:encryptioncontext:aws:cloudtrail:arn" => trail_arn,
            "aws:sourceaccount" => account,
            _ => return None,
        };
        match operator.trim_end_matches("IfExists") {
            "StringEquals" | "StringEqualsIgnoreCase" => Some(texts(values).any(|value| value == is)),
            "StringNotEquals" | "StringNotEqualsIgnoreCase" => Some(texts(values).all(|value| value != is)),
            "StringLike" | "ArnLike" | "ArnEquals" => Some(texts(values).any(|value| wildcard(value, is))),
            "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => Some(!texts(values).any(|value| wildcard(value, is))),
            _ => None,
        }
    })
}

fn texts(values: &Value) -> impl Iterator<Item = &str> {
    values.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// `*` is any run of characters, `?` is any one.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            let rest = pattern.trim_start_matches('*');
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| wildcard(rest, &text[at..]))
        }
        (Some(wanted), Some(is)) if wanted == '?' || wanted == is => wildcard(&pattern[wanted.len_utf8()..], &text[is.len_utf8()..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main";

    fn allows(action: Value, principal: Value, condition: Value) -> bool {
        let statement = json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", "Condition": condition});
        lets_cloudtrail_encrypt(&Statements::from_list([statement]), TRAIL)
    }

    #[test]
    fn a_policy_lets_in_by_principal_action_and_condition() {
        let service = || json!({"Service": "cloudtrail.amazonaws.com"});
        let from = |operator: &str, arn: &str| json!({operator: {"aws:SourceArn": arn}});
        let table = [
            (json!("kms:GenerateDataKey*"), service(), json!({}), true),
            (json!(["kms:Decrypt", "kms:*"]), service(), json!({}), true),
            (json!("KMS:generatedatakey"), json!("*"), json!({}), true),
            (json!("kms:Decrypt"), service(), json!({}), false),
            (json!("kms:GenerateDataKeyPair"), service(), json!({}), false),
            (json!("kms:*"), json!({"AWS": "arn:aws:iam::111111111111:root"}), json!({}), false),
            (json!("kms:*"), json!({"Service": "logs.eu-west-1.amazonaws.com"}), json!({}), false),
            (json!("kms:*"), service(), from("StringEquals", TRAIL), true),
            (json!("kms:*"), service(), from("StringEquals", "arn:aws:cloudtrail:eu-west-1:111111111111:trail/other"), false),
            (json!("kms:*"), service(), from("ArnLike", "arn:aws:cloudtrail:*:111111111111:trail/*"), true),
            (json!("kms:*"), service(), from("StringLike", "arn:aws:cloudtrail:*:222222222222:trail/*"), false),
            (json!("kms:*"), service(), json!({"StringEquals": {"aws:SourceAccount": ["222222222222", "111111111111"]}}), true),
            (json!("kms:*"), service(), json!({"StringEquals": {"aws:SourceAccount": "222222222222"}}), false),
            (
                json!("kms:*"),
                service(),
                json!({"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:111111111111:trail/*"}}),
                true,
            ),
            // Not for us to judge.
            (json!("kms:*"), service(), json!({"StringEquals": {"aws:SourceOrgID": "o-1"}}), true),
            (json!("kms:*"), service(), json!({"Null": {"aws:SourceArn": "false"}}), true),
        ];
        for (action, principal, condition, expected) in table {
            assert_eq!(allows(action.clone(), principal.clone(), condition.clone()), expected, "{action} {principal} {condition}");
        }
        assert!(!lets_cloudtrail_encrypt(&Statements::default(), TRAIL));
    }

    #[test]
    fn a_deny_counts_where_it_surely_meets_cloudtrail() {
        let service = json!({"Principal": {"Service": "cloudtrail.amazonaws.com"}});
        let everybody = json!({"Principal": "*"});
        let when = |condition: Value| json!({"Principal": "*", "Action": "kms:*", "Condition": condition});
        let other = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/other";
        let table = [
            (json!({"Action": "kms:GenerateDataKey*"}), &service, false),
            (json!({"Action": "kms:*"}), &everybody, false),
            (json!({"NotAction": "kms:Decrypt"}), &everybody, false),
            (json!({"NotAction": ["kms:Decrypt", "kms:Generate*"]}), &everybody, true),
            (json!({"Action": "kms:Decrypt"}), &everybody, true),
            (json!({"Action": "kms:*"}), &json!({"Principal": {"AWS": "111111111111"}}), true),
            (json!({"Action": "kms:*"}), &json!({"NotPrincipal": {"Service": "cloudtrail.amazonaws.com"}}), true),
            (json!({"Action": "kms:*"}), &json!({"NotPrincipal": {"AWS": "111111111111"}}), false),
            (when(json!({"StringEquals": {"aws:SourceArn": TRAIL}})), &everybody, false),
            (when(json!({"StringEquals": {"aws:SourceArn": other}})), &everybody, true),
            (when(json!({"StringNotEquals": {"aws:SourceArn": other}})), &everybody, false),
            (when(json!({"StringNotEquals": {"aws:SourceAccount": ["111111111111", "222222222222"]}})), &everybody, true),
            (when(json!({"ArnNotLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:111111111111:trail/*"}})), &everybody, true),
            (when(json!({"StringNotLike": {"aws:SourceArn": "arn:aws:cloudtrail:us-east-1:*"}})), &everybody, false),
            // Not for us to judge: the usual ones do not meet a service of AWS.
            (when(json!({"Bool": {"aws:SecureTransport": "false"}})), &everybody, true),
            (when(json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}})), &everybody, true),
        ];
        for (what, who, expected) in table {
            let mut deny = json!({"Sid": "No", "Effect": "Deny", "Resource": "*"});
            json_patch::merge(&mut deny, who);
            json_patch::merge(&mut deny, &what);
            let allow = json!({"Sid": "Yes", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "kms:*"});
            assert_eq!(lets_cloudtrail_encrypt(&Statements::from_list([allow, deny.clone()]), TRAIL), expected, "{deny}");
        }
    }

    use super::super::context::sample_trail;
    use super::super::observed::Reading;

    const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/k";

    fn facet(more: Value) -> DeliveryKey {
        let mut spec = json!({ "bucket": { "name": "theirs", "kmsKey": "alias/audit" } });
        json_patch::merge(&mut spec, &more);
        DeliveryKey::of(&sample_trail(spec)).unwrap()
    }

    fn good() -> DeliveryKeyState {
        DeliveryKeyState { enabled: Some(true), pending_deletion: Some(false), region: "eu-west-1".into(), encrypts_for_trail: Some(true) }
    }

    fn seen(state: &DeliveryKeyState) -> Seen {
        let facts = DeliveryKeyFacts { arn: KEY.into(), bucket_region: Some("eu-west-1".into()) };
        let mut seen = Seen::default();
        seen.insert(DeliveryKey::NAME, Observed::Present(Reading::new(state, &facts)));
        seen.insert(Settings::NAME, Observed::Absent);
        seen
    }

    #[test]
    fn each_fault_of_a_key_is_named_and_nothing_is_written_without_a_trail() {
        let faults: [(DeliveryKeyState, &str); 4] = [
            (DeliveryKeyState { enabled: Some(false), ..good() }, "is disabled"),
            (DeliveryKeyState { pending_deletion: Some(true), ..good() }, "waits for its deletion"),
            (DeliveryKeyState { region: "us-east-1".into(), ..good() }, "is in us-east-1, and bucket theirs is in eu-west-1"),
            (DeliveryKeyState { encrypts_for_trail: Some(false), ..good() }, "does not let cloudtrail.amazonaws.com"),
        ];
        for (state, words) in faults {
            let evaluation = AnyFacet::evaluate(&facet(json!({})), &seen(&state), &Ignore::default());
            let obstacle = evaluation.obstacle.unwrap();
            assert!(obstacle.message.contains(words) && obstacle.nothing_may_be_written, "{obstacle:?}");
            assert!(evaluation.steps.is_empty());
        }
    }

    #[test]
    fn what_may_not_be_looked_at_is_not_judged() {
        let unseen = DeliveryKeyState { region: "eu-west-1".into(), ..DeliveryKeyState::default() };
        for state in [good(), DeliveryKeyState { encrypts_for_trail: None, ..good() }, unseen] {
            assert!(AnyFacet::evaluate(&facet(json!({})), &seen(&state), &Ignore::default()).differences.is_empty(), "{state:?}");
        }
    }

    #[test]
    fn settings_take_the_arn_of_a_key_that_can_serve_and_keep_what_they_have_otherwise() {
        let disabled = DeliveryKeyState { enabled: Some(false), ..good() };
        let old = "arn:aws:kms:eu-west-1:111111111111:key/old";
        assert_eq!(facet(json!({})).for_settings(Some(old), &seen(&good())), KEY);
        assert_eq!(facet(json!({})).for_settings(Some(old), &seen(&disabled)), old);
        assert_eq!(facet(json!({ "ignore": ["deliveryKey"] })).for_settings(Some(old), &seen(&disabled)), KEY);
        // Nothing known: an alias can't be told from the key that there is, an ARN can.
        assert_eq!(facet(json!({})).for_settings(Some(old), &Seen::default()), old);
        assert_eq!(facet(json!({ "bucket": { "kmsKey": KEY } })).for_settings(Some(old), &Seen::default()), KEY);
        assert_eq!(facet(json!({})).for_settings(None, &Seen::default()), "alias/audit");
    }
}
