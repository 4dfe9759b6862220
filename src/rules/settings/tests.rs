//! How policies merge, and what they exempt.

use super::*;
use crate::api::compliance_policy::RuleChoice;
use crate::facets::observed::Seen;
use crate::rules::case::{Common, Stage, TrailCase};
use crate::rules::finding::Judged;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::builtin().unwrap());

fn policy(spec: Value) -> CompliancePolicySpec {
    serde_json::from_value(spec).unwrap()
}

fn settings(policies: &[CompliancePolicySpec]) -> Settings {
    let named: Vec<(&str, &CompliancePolicySpec)> = policies.iter().map(|spec| ("p", spec)).collect();
    Settings::of(&named, &CATALOGUE)
}

fn parameters(policies: &[Value]) -> Parameters {
    let specs: Vec<_> = policies.iter().map(|values| policy(json!({ "parameters": values }))).collect();
    settings(&specs).parameters
}

fn set(values: &[&str]) -> BTreeSet<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

#[test]
fn without_a_policy_every_rule_is_asked_for_with_the_baseline() {
    let baseline = settings(&[]);
    assert_eq!((baseline.parameters, baseline.rules), (Parameters::default(), None));
    assert_eq!(parameters(&[json!({})]), Parameters::default());
}

#[test]
fn one_policy_may_be_laxer_than_the_baseline_and_of_two_the_stricter_holds() {
    assert_eq!(parameters(&[json!({"retentionDays": 90})]).retention_days, 90);
    assert_eq!(parameters(&[json!({"retentionDays": 90}), json!({"retentionDays": 400})]).retention_days, 400);
    // What a policy does not say is as in the baseline, in whichever order policies are met.
    assert_eq!(parameters(&[json!({"retentionDays": 90}), json!({})]).retention_days, 365);
    assert_eq!(parameters(&[json!({}), json!({"retentionDays": 90})]).retention_days, 365);
    assert_eq!(parameters(&[json!({"deliveryHours": 6}), json!({"deliveryHours": 48})]).delivery_hours, 6);
    let regions = |policies: &[Value]| parameters(policies).allowed_regions;
    assert_eq!(regions(&[json!({"allowedRegions": ["a", "b"]}), json!({"allowedRegions": ["b", "c"]})]), set(&["b"]));
    assert_eq!(regions(&[json!({"allowedRegions": ["a"]}), json!({})]), set(&["a"]));
    assert_eq!(regions(&[json!({"allowedRegions": ["a"]}), json!({"allowedRegions": ["b"]})]), set(&[""]), "nothing is allowed");
    let tags = [json!({"requiredTags": ["a"]}), json!({"requiredTags": ["b"]})];
    assert_eq!(parameters(&tags).required_tags, set(&["a", "b"]));
    let administrators = [json!({"trailAdministrators": ["a", "b"]}), json!({"trailAdministrators": ["b"]})];
    assert_eq!(parameters(&administrators).trail_administrators, set(&["b"]));
    assert_eq!(parameters(&[json!({"trailAdministrators": ["a"]}), json!({})]).trail_administrators, set(&[]));
    assert_eq!(parameters(&[json!({"trailLogGroups": ["arn:g:*"]})]).trail_log_groups, set(&["arn:g"]));
}

#[test]
fn a_severity_is_lowered_only_where_all_who_ask_agree() {
    let entry = CATALOGUE.entry("TK-TRAIL-001").unwrap();
    assert_eq!(entry.severity, Severity::Critical);
    let of = |specs: &[Value]| settings(&specs.iter().cloned().map(policy).collect::<Vec<_>>()).severity(entry);
    let low = json!({"severities": {"TK-TRAIL-001": "Low"}});
    let medium = json!({"severities": {"TK-TRAIL-001": "Medium"}});
    let elsewhere = json!({"rules": {"include": ["TK-TRAIL-002"]}});
    let silent = json!({"rules": {"include": ["TK-TRAIL-001"]}});
    assert_eq!(of(std::slice::from_ref(&low)), Severity::Low);
    assert_eq!(of(&[low.clone(), medium.clone()]), Severity::Medium);
    assert_eq!(of(&[medium, low.clone(), elsewhere]), Severity::Medium, "who does not ask for the rule has no say");
    assert_eq!(of(&[low.clone(), silent.clone()]), Severity::Critical, "who asks for it and says nothing means the rule's own");
    assert_eq!(of(&[silent, low]), Severity::Critical);
}

#[test]
fn frameworks_and_rules_are_chosen_and_left_out() {
    let entry = |id: &str| CATALOGUE.entry(id).unwrap();
    let framework = "CIS-AWS-7.0";
    assert!(CATALOGUE.serves(entry("TK-TRAIL-004"), framework) && !CATALOGUE.serves(entry("TK-TRAIL-006"), framework));
    let asks = |specs: &[Value], id: &str| settings(&specs.iter().cloned().map(policy).collect::<Vec<_>>()).asks_for(entry(id));
    let cis = json!({"frameworks": [framework]});
    let table: [(Vec<Value>, &str, bool); 8] = [
        (vec![json!({})], "TK-TRAIL-006", true),
        (vec![cis.clone()], "TK-TRAIL-004", true),
        (vec![cis.clone()], "TK-TRAIL-006", false),
        (vec![json!({"frameworks": [framework], "rules": {"include": ["TK-TRAIL-006"]}})], "TK-TRAIL-006", true),
        (vec![json!({"rules": {"include": ["TK-TRAIL-006"]}})], "TK-TRAIL-004", false),
        (vec![json!({"rules": {"exclude": ["TK-TRAIL-004"]}})], "TK-TRAIL-004", false),
        (vec![json!({"frameworks": [framework], "rules": {"exclude": ["TK-TRAIL-004"]}})], "TK-TRAIL-004", false),
        // What one policy leaves out another may ask for.
        (vec![json!({"rules": {"exclude": ["TK-TRAIL-004"]}}), cis], "TK-TRAIL-004", true),
    ];
    for (specs, id, expected) in table {
        assert_eq!(asks(&specs, id), expected, "{specs:?} {id}");
    }
}

fn trail(now: &str) -> TrailCase {
    let judged = Judged {
        kind: "Trail",
        object: Some("audit/main".into()),
        arn: "arn:main".into(),
        account: "111111111111".into(),
        region: "eu-west-1".into(),
    };
    let common = Common { judged, stage: Stage::Live, parameters: Parameters::default(), now: now.parse().unwrap(), seen: Seen::default() };
    TrailCase { common, name: "main".into(), organization: None, archive_region: None }
}

/// The verdict on a failure of TK-TRAIL-004 at noon of January 1st.
fn settled(exemptions: Value) -> Verdict {
    let settings = settings(&[policy(json!({ "exemptions": exemptions }))]);
    let case = trail("2026-01-01T12:00:00Z");
    settings.settle(CATALOGUE.entry("TK-TRAIL-004").unwrap(), &Case::Trail(&case), Verdict::Fail("off".into())).verdict
}

#[test]
fn an_exemption_covers_what_it_names_until_it_expires() {
    let exemption = |more: Value| {
        let mut exemption = json!({"rule": "TK-TRAIL-004", "reason": "migration", "approver": "ciso", "expires": "2026-02-01T00:00:00Z"});
        json_patch::merge(&mut exemption, &more);
        exemption
    };
    let is_exempt = |more: Value| matches!(settled(json!([exemption(more)])), Verdict::Exempt(_));
    let table = [
        (json!({}), true),
        (json!({"kind": "Trail", "object": "audit/main", "arn": "arn:main", "account": "111111111111"}), true),
        (json!({"rule": "TK-TRAIL-005"}), false),
        (json!({"kind": "LogArchive"}), false),
        (json!({"object": "audit/other"}), false),
        (json!({"arn": "arn:other"}), false),
        (json!({"account": "222222222222"}), false),
        // It ends at its time, not after.
        (json!({"expires": "2026-01-01T12:00:00Z"}), false),
        (json!({"expires": "2026-01-01T12:00:01Z"}), true),
    ];
    for (more, expected) in table {
        assert_eq!(is_exempt(more.clone()), expected, "{more}");
    }
    let Verdict::Exempt(exempted) = settled(json!([exemption(json!({}))])) else { panic!("not exempt") };
    assert_eq!((exempted.message.as_str(), exempted.approver.as_str(), exempted.policy.as_str()), ("off", "ciso", "p"));
    let expired = exemption(json!({"expires": "2025-12-01T00:00:00Z"}));
    let Verdict::Fail(message) = settled(json!([expired.clone()])) else { panic!("exempt after its time") };
    assert!(message.contains("expired at 2025-12-01"), "{message}");
    assert!(matches!(settled(json!([expired, exemption(json!({}))])), Verdict::Exempt(_)), "another one still holds");
}

#[test]
fn only_failures_are_exempt_and_what_has_expired_is_told() {
    let exemption = |expires: &str| json!({"rule": "TK-TRAIL-004", "reason": "r", "approver": "a", "expires": expires});
    let settings = settings(&[policy(json!({"exemptions": [exemption("2025-01-01T00:00:00Z"), exemption("2027-01-01T00:00:00Z")]}))]);
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(settings.expired(now).count(), 1);
    let case = trail("2026-01-01T00:00:00Z");
    let settle = |verdict| settings.settle(CATALOGUE.entry("TK-TRAIL-004").unwrap(), &Case::Trail(&case), verdict).verdict;
    assert_eq!(settle(Verdict::Pass), Verdict::Pass);
    assert!(matches!(settle(Verdict::Unknown("denied".into())), Verdict::Unknown(_)));
}

fn names() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned), 0..3)
}

fn a_policy() -> impl Strategy<Value = CompliancePolicySpec> {
    let days = prop::option::of(1..1000_u32);
    let rules = || prop::collection::vec(prop::sample::select(vec!["TK-TRAIL-001", "TK-TRAIL-004"]).prop_map(str::to_owned), 0..2);
    let severity = prop::option::of(prop::sample::select(vec![Severity::Low, Severity::High]));
    (days.clone(), days, names(), names(), names(), rules(), rules(), severity, any::<bool>()).prop_map(
        |(retention_days, delivery_hours, regions, administrators, tags, include, exclude, severity, report)| CompliancePolicySpec {
            parameters: ParameterValues {
                retention_days,
                delivery_hours,
                allowed_regions: regions,
                trail_administrators: administrators,
                required_tags: tags,
                ..ParameterValues::default()
            },
            rules: RuleChoice { include, exclude },
            severities: severity.map(|severity| ("TK-TRAIL-001".to_owned(), severity)).into_iter().collect(),
            report,
            ..CompliancePolicySpec::default()
        },
    )
}

/// Whether a list of what is allowed allows no more than another.
fn no_wider(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    other.is_empty() || *one == set(&[""]) || (!one.is_empty() && one.is_subset(other))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_policies_does_not_matter(policies in prop::collection::vec(a_policy(), 1..4)) {
        let reversed: Vec<_> = policies.iter().rev().cloned().collect();
        let (one, other) = (settings(&policies), settings(&reversed));
        prop_assert_eq!(one.parameters, other.parameters);
        prop_assert_eq!(one.rules, other.rules);
        prop_assert_eq!(one.severities, other.severities);
        prop_assert_eq!(one.report, other.report);
    }

    #[test]
    fn together_policies_are_as_strict_as_each(policies in prop::collection::vec(a_policy(), 1..4)) {
        let all = settings(&policies);
        for spec in &policies {
            let alone = settings(std::slice::from_ref(spec));
            prop_assert!(all.parameters.retention_days >= alone.parameters.retention_days);
            prop_assert!(all.parameters.delivery_hours <= alone.parameters.delivery_hours);
            prop_assert!(no_wider(&all.parameters.allowed_regions, &alone.parameters.allowed_regions));
            prop_assert!(all.parameters.trail_administrators.is_subset(&alone.parameters.trail_administrators));
            prop_assert!(all.parameters.required_tags.is_superset(&alone.parameters.required_tags));
            prop_assert!(all.rules.as_ref().unwrap().is_superset(alone.rules.as_ref().unwrap()));
            prop_assert!(alone.severities.iter().all(|(rule, severity)| all.severities[rule] >= *severity));
        }
    }
}
