//! ValidatingAdmissionPolicies from the rules that CEL can express: the API server itself refuses what they fail. Pure.
//!
//! Only changes of a spec are judged: finalizers, labels and statuses of objects that were there before go on being written.

use crate::api::common::AllowedNamespaces;
use crate::api::compliance_policy::{CompliancePolicySpec, Exemption};
use crate::api::{CompliancePolicy, GROUP};
use crate::rules::catalogue::{Admission, Catalogue, Entry};
use crate::rules::finding::Severity;
use crate::rules::settings::Settings;
use jiff::Timestamp;
use kube::ResourceExt;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Which rules, and what the API server does about them.
pub struct Wanted<'w> {
    /// None for the built-in baseline.
    pub policy: Option<&'w CompliancePolicy>,
    pub least: Severity,
    /// `Deny`, `Warn` or `Audit`.
    pub action: &'w str,
    pub now: Timestamp,
}

/// A policy for each kind that has such rules, each followed by its bindings.
pub fn objects(wanted: &Wanted<'_>, catalogue: &Catalogue) -> Vec<Value> {
    let empty = CompliancePolicySpec::default();
    let spec = wanted.policy.map_or(&empty, |policy| &policy.spec);
    let name = wanted.policy.map_or_else(|| "baseline".to_owned(), ResourceExt::name_any);
    let settings = Settings::of(&[(name.as_str(), spec)], catalogue);
    let mut by_kind: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for entry in catalogue.entries().filter(|entry| settings.asks_for(entry)) {
        let severity = settings.severities.get(&entry.id).copied().unwrap_or(entry.severity);
        let Some(admission) = entry.admission.as_ref().filter(|_| severity >= wanted.least) else { continue };
        let kind = super::rules::kind_of(&entry.id);
        if let Some(exempt) = exempt_objects(&spec.exemptions, entry, kind, wanted.now) {
            by_kind.entry(kind).or_default().push(validation(entry, admission, kind, &exempt));
        }
    }
    by_kind
        .into_iter()
        .filter_map(|(kind, validations)| Some(pair(&name, resource(kind)?, spec, validations, wanted.action)))
        .flatten()
        .collect()
}

/// Kinds whose specs are judged, as the API server names them.
fn resource(kind: &str) -> Option<&'static str> {
    match kind {
        "Trail" => Some("trails"),
        "LogArchive" => Some("logarchives"),
        "EventDataStore" => Some("eventdatastores"),
        "AwsAccount" => Some("awsaccounts"),
        _ => None,
    }
}

fn pair(name: &str, resource: &str, spec: &CompliancePolicySpec, validations: Vec<Value>, action: &str) -> Vec<Value> {
    let full = format!("trailkeeper-{name}-{resource}");
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": full},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [GROUP], "apiVersions": ["v1alpha1"], "operations": ["CREATE", "UPDATE"], "resources": [resource],
            }]},
            "matchConditions": [{"name": "the-spec-changes", "expression": "request.operation == 'CREATE' || object.spec != oldObject.spec"}],
            "validations": validations,
        },
    });
    let bindings = selectors(spec.namespaces.as_ref()).into_iter().map(|(suffix, selector)| {
        let mut matching = serde_json::Map::new();
        matching.extend(selector.map(|selector| ("namespaceSelector".to_owned(), selector)));
        if !spec.match_labels.is_empty() {
            matching.insert("objectSelector".to_owned(), json!({"matchLabels": spec.match_labels}));
        }
        let mut binding = json!({"policyName": full, "validationActions": [action]});
        if !matching.is_empty() {
            binding["matchResources"] = Value::Object(matching);
        }
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": format!("{full}{suffix}")},
            "spec": binding,
        })
    });
    std::iter::once(policy).chain(bindings).collect()
}

/// One selector for each way in which a namespace may be selected, with what its binding's name ends in.
fn selectors(namespaces: Option<&AllowedNamespaces>) -> Vec<(&'static str, Option<Value>)> {
    let Some(allowed) = namespaces.filter(|allowed| !allowed.names.iter().any(|name| name == "*")) else { return vec![("", None)] };
    let named = (!allowed.names.is_empty()).then(|| {
        let names = json!({"key": "kubernetes.io/metadata.name", "operator": "In", "values": allowed.names});
        ("", Some(json!({"matchExpressions": [names]})))
    });
    let labelled = (!allowed.match_labels.is_empty()).then(|| ("-labelled", Some(json!({"matchLabels": allowed.match_labels}))));
    named.into_iter().chain(labelled).collect()
}

fn validation(entry: &Entry, admission: &Admission, kind: &str, exempt: &[String]) -> Value {
    let expression = if exempt.is_empty() {
        admission.holds.clone()
    } else {
        let listed = serde_json::to_string(exempt).unwrap_or_default();
        // `namespace` is a reserved word of CEL: the namespace is asked for its own name. An AwsAccount is in none.
        let name =
            if kind == "AwsAccount" { "object.metadata.name" } else { "(namespaceObject.metadata.name + '/' + object.metadata.name)" };
        format!("({}) || {name} in {listed}", admission.holds)
    };
    let message = format!("{} {}: {} See `trailkeeper explain {}`.", entry.id, entry.title, entry.fix, entry.id);
    json!({"expression": expression, "message": message.replace('\n', " ").trim(), "reason": "Invalid"})
}

/// The objects that are exempt from a rule now; none where the exemptions can't be told by the object's name, so that the rule must
/// stay out.
fn exempt_objects(exemptions: &[Exemption], entry: &Entry, kind: &str, now: Timestamp) -> Option<Vec<String>> {
    let concerns = |exemption: &&Exemption| {
        exemption.rule == entry.id && exemption.expires > now && exemption.kind.as_deref().is_none_or(|wanted| wanted == kind)
    };
    exemptions.iter().filter(concerns).map(|exemption| exemption.object.clone()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::api::{AwsAccount, EventDataStore, LogArchive, Trail};
    use kube::CustomResourceExt;
    use kube::core::cel::{VapEvaluator, VapExpression, apply_defaults};

    fn wanted<'w>(policy: Option<&'w CompliancePolicy>) -> Wanted<'w> {
        Wanted { policy, least: Severity::Info, action: "Deny", now: "2026-11-21T12:00:00Z".parse().unwrap() }
    }

    fn policy(spec: &str) -> CompliancePolicy {
        let text = format!("{{apiVersion: trailkeeper.dev/v1alpha1, kind: CompliancePolicy, metadata: {{name: strict}}, spec: {spec}}}");
        serde_saphyr::from_str(&text).unwrap()
    }

    /// An object without fault, with the patch laid over and the CRD's defaults filled in.
    fn object(kind: &str, patch: &Value) -> Value {
        let (spec, crd) = match kind {
            "Trail" => ("{accountRef: {name: main}, region: eu-west-1, archiveRef: {name: logs}, tags: {owner: me}}", Trail::crd()),
            "LogArchive" => ("{accountRef: {name: main}, region: eu-west-1, bucketName: some-logs, tags: {owner: me}}", LogArchive::crd()),
            "EventDataStore" => ("{accountRef: {name: main}, region: eu-west-1, tags: {owner: me}}", EventDataStore::crd()),
            _ => ("{accountId: '111111111111'}", AwsAccount::crd()),
        };
        let mut object =
            json!({"metadata": {"name": "audit", "namespace": "default"}, "spec": serde_saphyr::from_str::<Value>(spec).unwrap()});
        json_patch::merge(&mut object, &json!({"spec": patch["spec"]}));
        // A merge patch can't empty a map.
        if patch["spec"]["tags"] == json!({}) {
            object["spec"]["tags"] = json!({});
        }
        let crd = serde_json::to_value(crd).unwrap();
        apply_defaults(crd.pointer("/spec/versions/0/schema/openAPIV3Schema").unwrap(), &object)
    }

    fn holds(expression: &str, object: Value) -> bool {
        let namespace = json!({"metadata": {"name": "default"}});
        let expression = VapExpression { expression: expression.to_owned(), message: None, message_expression: None };
        let results = VapEvaluator::builder().object(object).namespace_object(namespace).build().evaluate(&[expression]);
        results.iter().all(|result| result.passed)
    }

    #[test]
    fn each_condition_takes_its_patch_and_refuses_its_fault() {
        let catalogue = Catalogue::builtin().unwrap();
        let mut count = 0;
        for entry in catalogue.entries() {
            let Some(admission) = &entry.admission else { continue };
            let kind = super::super::rules::kind_of(&entry.id);
            let patch = entry.patch.clone().unwrap_or_else(|| panic!("{}: a condition needs a patch that satisfies it", entry.id));
            assert!(holds(&admission.holds, object(kind, &json!({"spec": {}}))), "{}: an object without fault is refused", entry.id);
            assert!(holds(&admission.holds, object(kind, &patch)), "{}: its own patch is refused", entry.id);
            assert!(!holds(&admission.holds, object(kind, &admission.refuses)), "{}: its fault is taken", entry.id);
            count += 1;
        }
        assert!(count >= 5, "{count}");
    }

    #[test]
    fn a_policy_chooses_rules_namespaces_and_exemptions() {
        let catalogue = Catalogue::builtin().unwrap();
        let chosen = policy(
            "{namespaces: {names: [audit], matchLabels: {tier: gold}}, matchLabels: {team: x}, rules: {include: [TK-TRAIL-001, TK-TRAIL-002, TK-TRAIL-004]}, \
             exemptions: [{rule: TK-TRAIL-001, object: default/audit, reason: r, approver: a, expires: '2999-01-01T00:00:00Z'}, \
             {rule: TK-TRAIL-002, reason: r, approver: a, expires: '2999-01-01T00:00:00Z'}, \
             {rule: TK-TRAIL-004, reason: r, approver: a, expires: '2020-01-01T00:00:00Z'}]}",
        );
        let made = objects(&wanted(Some(&chosen)), &catalogue);
        let names: Vec<&str> = made.iter().map(|object| object["metadata"]["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["trailkeeper-strict-trails", "trailkeeper-strict-trails", "trailkeeper-strict-trails-labelled"]);
        // The second rule is exempt everywhere; the exemption from the third has run out.
        let validations = made[0]["spec"]["validations"].as_array().unwrap();
        assert_eq!(validations.len(), 2);
        let off = object("Trail", &json!({"spec": {"logging": false}}));
        assert!(holds(validations[0]["expression"].as_str().unwrap(), off.clone()));
        let mut other = off;
        other["metadata"]["name"] = json!("other");
        assert!(!holds(validations[0]["expression"].as_str().unwrap(), other));
        assert_eq!(made[1]["spec"]["matchResources"]["objectSelector"], json!({"matchLabels": {"team": "x"}}));
        assert_eq!(made[2]["spec"]["matchResources"]["namespaceSelector"], json!({"matchLabels": {"tier": "gold"}}));
    }

    #[test]
    fn severity_narrows_by_what_the_policy_makes_of_it() {
        let catalogue = Catalogue::builtin().unwrap();
        let raised = policy("{rules: {include: [TK-TRAIL-001, TK-TRAIL-006]}, severities: {TK-TRAIL-006: Critical, TK-TRAIL-001: Low}}");
        let made = objects(&Wanted { least: Severity::High, ..wanted(Some(&raised)) }, &catalogue);
        let messages: Vec<&str> =
            made[0]["spec"]["validations"].as_array().unwrap().iter().filter_map(|one| one["message"].as_str()).collect();
        assert!(messages.len() == 1 && messages[0].starts_with("TK-TRAIL-006 "), "{messages:?}");
        assert!(objects(&wanted(None), &catalogue)[1]["spec"].get("matchResources").is_none());
    }
}
