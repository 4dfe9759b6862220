//! The fields of `spec.alarms`, and what AWS must have for each.

use super::cases::{Case, Fixture};
use super::{converge, foreign_key};
use crate::support::World;
use crate::support::manifests::with;
use serde_json::{Map, Value, json};

/// One alarm of its own, and none of a benchmark: there is little to compare.
pub fn base() -> Value {
    json!({ "cloudWatchLogs": { "logGroup": {}, "role": {} },
        "alarms": { "baseline": "None", "custom": [{ "name": "mine", "pattern": "{ $.eventName = X }" }] } })
}

pub fn cases(fixture: &Fixture) -> Vec<Case> {
    let case = |alarms: Value, aws: Value| Case::new(json!({ "alarms": alarms }), json!({ "alarms": aws }));
    let own = |field: &str, value: Value| {
        let mut alarm = json!({ "name": "mine", "pattern": "{ $.eventName = X }" });
        alarm[field] = value;
        json!({ "custom": [alarm] })
    };
    let mine = |field: &str, value: Value| json!({ "mine": { field: value } });
    let but_two = json!([
        "unauthorized-api-calls",
        "console-sign-in-without-mfa",
        "iam-policy-changes",
        "cloudtrail-changes",
        "console-authentication-failures",
        "bucket-policy-changes",
        "config-changes",
        "security-group-changes",
        "network-acl-changes",
        "network-gateway-changes",
        "route-table-changes",
        "vpc-changes",
        "organizations-changes",
    ]);
    let of_benchmark = |pattern: &str, description: &str| {
        json!({ "pattern": pattern, "namespace": "CloudTrailMetrics", "threshold": 1.0, "period": 300, "description": description,
            "actionsEnabled": true, "topic": format!("trailkeeper-audit-{}-alarms", fixture.hash) })
    };
    let (topic, key) = (&fixture.topic, &fixture.other_key);
    vec![
        case(
            json!({ "baseline": "CIS-3.0", "exclude": but_two, "custom": null }),
            json!({ "mine": null,
                "root-usage": of_benchmark("{ $.userIdentity.type = \"Root\" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != \"AwsServiceEvent\" }", "CIS-3.0 4.3: Use of the root user"),
                "kms-key-disabled-or-deleted": of_benchmark("{($.eventSource = kms.amazonaws.com) && (($.eventName=DisableKey)||($.eventName=ScheduleKeyDeletion)) }", "CIS-3.0 4.7: Disabling or scheduled deletion of KMS keys") }),
        ),
        case(
            own("name", json!("other")),
            json!({ "mine": null, "other": { "pattern": "{ $.eventName = X }", "namespace": "CloudTrailMetrics", "threshold": 1.0, "period": 300,
                "actionsEnabled": true, "topic": format!("trailkeeper-audit-{}-alarms", fixture.hash) } }),
        ),
        case(own("pattern", json!("{ $.eventName = Y }")), mine("pattern", json!("{ $.eventName = Y }"))),
        case(own("threshold", json!(7)), mine("threshold", json!(7.0))),
        case(own("periodSeconds", json!(3600)), mine("period", json!(3600))),
        case(own("description", json!("somebody did X")), mine("description", json!("somebody did X"))),
        case(json!({ "metricNamespace": "Audit/Trail" }), mine("namespace", json!("Audit/Trail"))),
        case(json!({ "actionsEnabled": false }), mine("actionsEnabled", json!(false))),
        case(json!({ "topicArn": topic }), mine("topic", json!(topic.rsplit(':').next()))),
        case(json!({ "topic": { "name": "pagers" } }), mine("topic", json!("pagers"))),
        case(json!({ "topic": { "kmsKeyArn": key } }), mine("topicKey", json!(key))),
    ]
}

/// Filters and alarms by short name, as one; none where there are none.
pub fn state(world: &World, log_group_arn: &str, trail: &str) -> Value {
    let group = log_group_arn.split(":log-group:").nth(1).unwrap().trim_end_matches(":*");
    let prefix = format!("trailkeeper-{trail}-");
    let short = |name: &Value| name.as_str().unwrap()[prefix.len()..].split_once('-').unwrap().1.to_owned();
    let filters = world.aws(&["logs", "describe-metric-filters", "--log-group-name", group, "--filter-name-prefix", &prefix]);
    let alarms = world.aws(&["cloudwatch", "describe-alarms", "--alarm-name-prefix", &prefix]);
    let (filters, alarms) = (filters["metricFilters"].as_array().unwrap(), alarms["MetricAlarms"].as_array().unwrap());
    assert_eq!(filters.len(), alarms.len(), "{filters:?}, {alarms:?}");
    let both = filters.iter().map(|filter| {
        let alarm = alarms.iter().find(|alarm| alarm["AlarmName"] == filter["filterName"]).unwrap();
        let counted = &filter["metricTransformations"][0];
        assert_eq!((&counted["metricName"], &counted["metricNamespace"]), (&alarm["MetricName"], &alarm["Namespace"]));
        let topic = alarm["AlarmActions"][0].as_str().unwrap();
        let attributes = world.aws(&["sns", "get-topic-attributes", "--topic-arn", topic]);
        let key = attributes["Attributes"]["KmsMasterKeyId"].as_str().filter(|key| !key.is_empty());
        let state = json!({ "pattern": filter["filterPattern"], "namespace": alarm["Namespace"], "threshold": alarm["Threshold"],
            "period": alarm["Period"], "description": alarm["AlarmDescription"], "actionsEnabled": alarm["ActionsEnabled"],
            "topic": topic.rsplit(':').next(), "topicKey": key });
        (short(&filter["filterName"]), state)
    });
    let both: Map<String, Value> = both.collect();
    if both.is_empty() { Value::Null } else { both.into() }
}

#[tokio::test]
async fn alarms_converge() {
    let world = World::ready("alarm-fields").await;
    let manifest = with(world.trail_manifest("audit", "logs"), base());
    world.apply(&manifest).await;
    world.wait_ready("Trail", "audit").await;
    let topic = world.get("Trail", "audit").await.data["status"]["alarms"]["topicArn"].as_str().unwrap().to_owned();
    let fixture = Fixture {
        topic: world.aws(&["sns", "create-topic", "--name", "others"])["TopicArn"].as_str().unwrap().to_owned(),
        other_key: foreign_key(&world).await,
        hash: topic.split("trailkeeper-audit-").nth(1).unwrap().trim_end_matches("-alarms").to_owned(),
        ..Fixture::default()
    };
    converge(&world, &manifest, cases(&fixture), "True").await;
}
