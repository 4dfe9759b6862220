//! Alarms on what a trail records: made, told apart from drift, repaired, told of, and taken away.

use crate::support::manifests::with;
use crate::support::world::REGION;
use crate::support::{World, condition};
use anyhow::ensure;
use serde_json::{Value, json};
use std::time::Duration;
use trailkeeper_lab::wait_for;

/// The hash in names is the operator's affair: the tests find it out.
const BEGINNING: &str = "trailkeeper-audit-";

async fn with_alarms(topic: &str, alarms: Value) -> (World, Value) {
    let world = World::with_account(topic).await;
    world.apply(&world.archive_manifest("logs")).await;
    let trail = world.trail_manifest("audit", "logs");
    let trail = with(trail, json!({ "cloudWatchLogs": { "logGroup": {}, "role": {} }, "alarms": alarms }));
    world.apply(&trail).await;
    world.wait_ready("Trail", "audit").await;
    world.wait_ready("LogArchive", "logs").await;
    (world, trail)
}

const GROUP: &str = "aws-cloudtrail-logs-audit";

fn filters(world: &World) -> Vec<Value> {
    filters_in(world, GROUP)
}

fn filters_in(world: &World, group: &str) -> Vec<Value> {
    let found = world.aws(&["logs", "describe-metric-filters", "--log-group-name", group, "--filter-name-prefix", BEGINNING]);
    found["metricFilters"].as_array().unwrap().clone()
}

fn alarms(world: &World) -> Vec<Value> {
    world.aws(&["cloudwatch", "describe-alarms", "--alarm-name-prefix", BEGINNING])["MetricAlarms"].as_array().unwrap().clone()
}

fn named<'a>(things: &'a [Value], field: &str, short: &str) -> &'a Value {
    let ends = |thing: &&Value| thing[field].as_str().unwrap().ends_with(&format!("-{short}"));
    things.iter().find(ends).unwrap_or_else(|| panic!("no {short} in {things:?}"))
}

/// Puts a filter again with another pattern.
fn put_pattern(world: &World, filter: &Value, pattern: &str) {
    let transformation = filter["metricTransformations"].to_string();
    let name = filter["filterName"].as_str().unwrap();
    world.aws(&[
        "logs",
        "put-metric-filter",
        "--log-group-name",
        GROUP,
        "--filter-name",
        name,
        "--filter-pattern",
        pattern,
        "--metric-transformations",
        &transformation,
    ]);
}

#[tokio::test]
async fn the_benchmark_is_fifteen_filters_with_an_alarm_each() {
    let (world, _) = with_alarms("cis", json!({})).await;
    let (filters, alarms) = (filters(&world), alarms(&world));
    assert_eq!((filters.len(), alarms.len()), (15, 15));
    let filter = named(&filters, "filterName", "cloudtrail-changes");
    assert!(filter["filterPattern"].as_str().unwrap().contains("StopLogging"), "{filter}");
    let alarm = named(&alarms, "AlarmName", "cloudtrail-changes");
    let counted = &filter["metricTransformations"][0];
    assert_eq!((&counted["metricName"], &counted["metricNamespace"]), (&alarm["MetricName"], &alarm["Namespace"]));
    let topic = world.get("Trail", "audit").await.data["status"]["alarms"]["topicArn"].clone();
    assert_eq!(alarm["AlarmActions"], json!([topic]));
    let wanted = json!({ "Statistic": "Sum", "Threshold": 1.0, "Period": 300, "TreatMissingData": "notBreaching", "ActionsEnabled": true });
    for (field, value) in wanted.as_object().unwrap() {
        assert_eq!(&alarm[field], value, "{field}");
    }
    assert_eq!(alarm["AlarmDescription"], "CIS-7.0 5.5: CloudTrail configuration changes");
}

/// A steady pass reads each sort in one call, and writes and tells nothing.
#[tokio::test]
async fn a_steady_pass_reads_all_alarms_at_once() {
    let (world, _) = with_alarms("alarms-steady", json!({})).await;
    world.request_pass("Trail", "audit").await;
    let told = world.events("Trail", "audit").await;
    let since = world.now().await;
    world.request_pass("Trail", "audit").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    let reads = world.reads(since).await;
    for read in ["logs:DescribeMetricFilters", "monitoring:DescribeAlarms", "sns:GetTopicAttributes"] {
        assert_eq!(reads.iter().filter(|made| *made == read).count(), 1, "{read} in {reads:?}");
    }
    assert_eq!(world.events("Trail", "audit").await, told);
}

#[tokio::test]
async fn a_pattern_is_drift_when_it_means_something_else() {
    let (world, _) = with_alarms("pattern", json!({})).await;
    let before = named(&filters(&world), "filterName", "cloudtrail-changes").clone();
    // The same clauses, otherwise written.
    let same = "{(($.eventName=\"StopLogging\")||($.eventName=StartLogging))||$.eventName=DeleteTrail||($.eventName=UpdateTrail)||$.eventName=CreateTrail}";
    put_pattern(&world, &before, same);
    let since = world.now().await;
    let object = world.request_pass("Trail", "audit").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    assert_eq!(object.data["status"].get("drift"), None);
    assert_eq!(named(&filters(&world), "filterName", "cloudtrail-changes")["filterPattern"], same);
    // One clause less.
    put_pattern(&world, &before, "{ ($.eventName = CreateTrail) || ($.eventName = UpdateTrail) }");
    let path = "metricFilters.cloudtrail-changes.pattern";
    let tells = |event: &crate::support::Seen| event.note.contains(path) && event.note.contains("StopLogging");
    world.pass_until_event("Trail", "audit", "DriftDetected", tells).await;
    world.pass_until_event("Trail", "audit", "DriftCorrected", tells).await;
    assert_eq!(named(&filters(&world), "filterName", "cloudtrail-changes")["filterPattern"], before["filterPattern"]);
}

#[tokio::test]
async fn what_blinds_an_alarm_is_put_right() {
    let (world, _) = with_alarms("blinded", json!({})).await;
    let name_of = |short: &str| named(&alarms(&world), "AlarmName", short)["AlarmName"].as_str().unwrap().to_owned();
    let (muted, deleted) = (name_of("root-usage"), name_of("vpc-changes"));
    let before = alarms(&world);
    world.aws(&["cloudwatch", "disable-alarm-actions", "--alarm-names", &muted]);
    world.aws(&["cloudwatch", "delete-alarms", "--alarm-names", &deleted]);
    let acting = named(&before, "AlarmName", "config-changes");
    world.aws(&[
        "cloudwatch",
        "put-metric-alarm",
        "--alarm-name",
        acting["AlarmName"].as_str().unwrap(),
        "--metric-name",
        acting["MetricName"].as_str().unwrap(),
        "--namespace",
        "CloudTrailMetrics",
        "--statistic",
        "Sum",
        "--period",
        "300",
        "--evaluation-periods",
        "1",
        "--threshold",
        "1",
        "--comparison-operator",
        "GreaterThanOrEqualToThreshold",
        "--treat-missing-data",
        "notBreaching",
        "--alarm-description",
        acting["AlarmDescription"].as_str().unwrap(),
    ]);
    for path in ["alarms.root-usage.actionsEnabled", "alarms.vpc-changes", "alarms.config-changes.actions"] {
        world.pass_until_event("Trail", "audit", "DriftCorrected", |event| event.note.contains(path)).await;
    }
    let after = alarms(&world);
    for short in ["root-usage", "vpc-changes", "config-changes"] {
        for field in ["ActionsEnabled", "AlarmActions", "Period", "DatapointsToAlarm"] {
            assert_eq!(named(&after, "AlarmName", short)[field], named(&before, "AlarmName", short)[field], "{short} {field}");
        }
    }
    world.wait_ready("Trail", "audit").await;
}

/// That an alarm is raised is no drift; that nobody hears it is told, and does not make the trail unready.
#[tokio::test]
async fn who_is_told_is_told() {
    let (world, _) = with_alarms("alerting", json!({})).await;
    let object = world.wait_condition("Trail", "audit", "Alerting", "False").await;
    assert_eq!(condition(&object, "Alerting").unwrap().1, "NoConfirmedSubscriber");
    world.wait_event("Trail", "audit", "NoConfirmedSubscriber", &["unheard"]).await;
    let topic = object.data["status"]["alarms"]["topicArn"].as_str().unwrap().to_owned();
    // A queue of the same account is confirmed at once.
    let queue = format!("arn:aws:sqs:{REGION}:{}:pager", world.account);
    world.aws(&["sns", "subscribe", "--topic-arn", &topic, "--protocol", "sqs", "--notification-endpoint", &queue]);
    world.request_pass("Trail", "audit").await;
    let object = world.wait_condition("Trail", "audit", "Alerting", "True").await;
    assert_eq!(object.data["status"]["alarms"]["confirmedSubscriptions"], 1);
    world.wait_event("Trail", "audit", "Alerting", &[&topic]).await;
    let name = named(&alarms(&world), "AlarmName", "root-usage")["AlarmName"].as_str().unwrap().to_owned();
    world.aws(&["cloudwatch", "set-alarm-state", "--alarm-name", &name, "--state-value", "ALARM", "--state-reason", "test"]);
    let since = world.now().await;
    let object = world.request_pass("Trail", "audit").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    assert_eq!(object.data["status"].get("drift"), None);
    let raised = object.data["status"]["alarms"]["raised"].as_array().unwrap();
    assert!(raised.contains(&json!("root-usage")), "{raised:?}");
}

#[tokio::test]
async fn a_given_topic_is_only_looked_at() {
    let (world, trail) = with_alarms("given-topic", json!({ "baseline": "None" })).await;
    let missing = format!("arn:aws:sns:{REGION}:{}:pagers", world.account);
    let given = with(trail, json!({ "alarms": { "baseline": "CIS-5.0", "topicArn": missing } }));
    world.apply(&given).await;
    world.wait_unready("Trail", "audit", "CannotChange", "alarmTopic").await;
    assert_eq!(world.aws(&["sns", "create-topic", "--name", "pagers"])["TopicArn"], missing);
    let since = world.now().await;
    world.request_pass("Trail", "audit").await;
    world.wait_ready("Trail", "audit").await;
    assert!(world.writes(since).await.iter().all(|write| !write.starts_with("sns:")), "the given topic is written to");
    assert!(alarms(&world).iter().all(|alarm| alarm["AlarmActions"] == json!([missing])));
}

#[tokio::test]
async fn what_the_spec_drops_is_taken_away() {
    let (world, trail) = with_alarms("dropped", json!({ "custom": [{ "name": "mine", "pattern": "{ $.eventName = X }" }] })).await;
    assert_eq!(alarms(&world).len(), 16);
    let topic = world.get("Trail", "audit").await.data["status"]["alarms"]["topicArn"].as_str().unwrap().to_owned();
    let fewer =
        with(trail.clone(), json!({ "alarms": { "baseline": "CIS-1.4", "exclude": ["vpc-changes", "root-usage"], "custom": null } }));
    world.apply(&fewer).await;
    world.wait_ready("Trail", "audit").await;
    assert_eq!((filters(&world).len(), alarms(&world).len()), (13, 13));
    assert_eq!(named(&alarms(&world), "AlarmName", "config-changes")["AlarmDescription"], "CIS-1.4 4.9: AWS Config changes");
    // The trail moves to another group: the filters move along.
    world.apply(&with(fewer, json!({ "cloudWatchLogs": { "logGroup": { "name": "elsewhere" } } }))).await;
    world.wait_ready("Trail", "audit").await;
    assert_eq!((filters(&world).len(), filters_in(&world, "elsewhere").len()), (0, 13));
    // Alarms and group are dropped at once.
    world.apply(&with(trail, json!({ "cloudWatchLogs": null, "alarms": null }))).await;
    let object = world.wait_ready("Trail", "audit").await;
    assert_eq!((filters_in(&world, "elsewhere").len(), alarms(&world).len()), (0, 0));
    assert_eq!((condition(&object, "Alerting"), object.data["status"].get("alarms")), (None, None));
    world.aws(&["sns", "get-topic-attributes", "--topic-arn", &topic]);
    // From then on nobody asks for them any more.
    world.request_pass("Trail", "audit").await;
    let since = world.now().await;
    world.request_pass("Trail", "audit").await;
    let calls = [world.reads(since).await, world.writes(since).await].concat();
    assert!(calls.iter().all(|call| !call.starts_with("monitoring:") && !call.starts_with("logs:")), "{calls:?}");
}

/// A pass ends between the move of the trail and the deletion of what it left behind.
#[tokio::test]
async fn a_move_that_was_cut_off_leaves_no_filter_behind() {
    let (world, _) = with_alarms("alarms-cut", json!({})).await;
    assert_eq!(filters(&world).len(), 15);
    world.deny("logs", "DeleteMetricFilter").await;
    world.patch_spec("Trail", "audit", json!({ "cloudWatchLogs": { "logGroup": { "name": "elsewhere" } } })).await;
    world.wait_unready("Trail", "audit", "AccessDenied", "logs:DeleteMetricFilter").await;
    let there = world.aws(&["cloudtrail", "get-trail", "--name", &world.trail_arn("audit")]);
    assert!(there["Trail"]["CloudWatchLogsLogGroupArn"].as_str().unwrap().contains(":elsewhere:"), "the trail has moved: {there}");
    assert_eq!((filters(&world).len(), filters_in(&world, "elsewhere").len()), (15, 15));
    world.clear_faults().await;
    world.pass_until_ready("Trail", "audit").await;
    let object = world.request_pass("Trail", "audit").await;
    assert_eq!((filters(&world).len(), filters_in(&world, "elsewhere").len()), (0, 15));
    assert_eq!(object.data["status"]["filterGroups"], json!(["elsewhere"]));
}

#[tokio::test]
async fn observe_and_a_refused_read_write_nothing() {
    let world = World::ready("alarms-observe").await;
    let logs = json!({ "cloudWatchLogs": { "logGroup": {}, "role": {} } });
    world.patch_spec("Trail", "audit", logs).await;
    world.wait_ready("Trail", "audit").await;
    let since = world.now().await;
    world.patch_spec("Trail", "audit", json!({ "mode": "Observe", "alarms": {} })).await;
    world.wait_unready("Trail", "audit", "Differs", "alarms").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    world.patch_spec("Trail", "audit", json!({ "mode": "Enforce" })).await;
    world.wait_ready("Trail", "audit").await;
    for (service, operation, right) in
        [("logs", "DescribeMetricFilters", "logs:DescribeMetricFilters"), ("monitoring", "DescribeAlarms", "cloudwatch:DescribeAlarms")]
    {
        world.deny(service, operation).await;
        let since = world.now().await;
        world.pass_until_unready("Trail", "audit", "AccessDenied", right).await;
        assert_eq!(world.writes(since).await, Vec::<String>::new());
        world.clear_faults().await;
        world.request_pass("Trail", "audit").await;
        world.wait_ready("Trail", "audit").await;
    }
    assert_eq!(filters(&world).len(), 15);
}

#[tokio::test]
async fn they_go_with_the_trail_when_that_is_asked_for() {
    let (world, _) = with_alarms("alarms-deletion", json!({})).await;
    let topic = world.get("Trail", "audit").await.data["status"]["alarms"]["topicArn"].as_str().unwrap().to_owned();
    world.patch_spec("Trail", "audit", json!({ "deletionPolicy": "Delete" })).await;
    world.wait_ready("Trail", "audit").await;
    world.delete("Trail", "audit").await;
    world.wait_gone("Trail", "audit").await;
    assert_eq!((filters(&world).len(), alarms(&world).len()), (0, 0));
    wait_for("the topic to be gone", Duration::from_secs(10), async || {
        let topics = world.aws(&["sns", "list-topics"])["Topics"].to_string();
        ensure!(!topics.contains(&topic), "{topics}");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = World::new("alarm-rules").await;
    let trail = |spec: Value| with(world.trail_manifest("audit", "logs"), spec);
    let alarms = |alarms: Value| trail(json!({ "cloudWatchLogs": { "logGroup": {}, "role": {} }, "alarms": alarms }));
    let custom = |more: Value| {
        let mut alarm = json!({ "name": "mine", "pattern": "{ $.eventName = X }" });
        json_patch::merge(&mut alarm, &more);
        alarm
    };
    let topic = |region: &str| format!("arn:aws:sns:{region}:111111111111:pagers");
    let refused = [
        (trail(json!({ "alarms": {} })), "spec.alarms needs spec.cloudWatchLogs"),
        (
            with(alarms(json!({})), json!({ "cloudWatchLogs": { "logGroup": { "class": "InfrequentAccess" } } })),
            "spec.alarms needs spec.cloudWatchLogs.logGroup.class Standard",
        ),
        (alarms(json!({ "topicArn": topic("us-east-1") })), "spec.alarms.topicArn must be a topic of spec.region"),
        (alarms(json!({ "topicArn": "pagers" })), "spec.alarms.topicArn must be the ARN of a standard SNS topic"),
        (alarms(json!({ "topicArn": topic(REGION), "topic": {} })), "spec.alarms takes topicArn"),
        (alarms(json!({ "topic": { "name": "a.b" } })), "spec.alarms.topic.name must be"),
        (alarms(json!({ "topic": { "kmsKeyArn": "alias/x" } })), "spec.alarms.topic.kmsKeyArn must be"),
        (alarms(json!({ "metricNamespace": "AWS/Mine" })), "spec.alarms.metricNamespace must be"),
        (alarms(json!({ "custom": [custom(json!({})), custom(json!({}))] })), "spec.alarms.custom must not name two alarms alike"),
        (alarms(json!({ "custom": [custom(json!({ "name": "a.b" }))] })), "spec.alarms.custom[].name must be"),
        (alarms(json!({ "custom": [custom(json!({ "periodSeconds": 90 }))] })), "spec.alarms.custom[].periodSeconds must be"),
        (alarms(json!({ "baseline": "CIS-9.0" })), "spec.alarms.baseline"),
        (alarms(json!({ "exclude": ["nothing"] })), "spec.alarms.exclude"),
    ];
    for (manifest, words) in refused {
        let told = world.try_apply(&manifest).await.expect_err(words).to_string();
        assert!(told.contains(words), "{words}: {told}");
    }
}

/// From somebody's call to the alarm: the trail delivers it to the log group, the filter counts it, the alarm is raised and
/// tells the topic, whose policy must let it.
#[tokio::test]
async fn a_stopped_trail_raises_the_alarm() {
    let (world, _) = with_alarms("raised", json!({})).await;
    let topic = world.get("Trail", "audit").await.data["status"]["alarms"]["topicArn"].as_str().unwrap().to_owned();
    let endpoint = world.endpoint();
    let queue = world.aws(&["sqs", "create-queue", "--queue-name", "pager", "--endpoint-url", &endpoint])["QueueUrl"].clone();
    let arn = format!("arn:aws:sqs:{REGION}:{}:pager", world.account);
    world.aws(&["sns", "subscribe", "--topic-arn", &topic, "--protocol", "sqs", "--notification-endpoint", &arn]);
    world.cloudtrail.stop_logging().name(world.trail_arn("audit")).send().await.unwrap();
    // The regular rounds deliver: one that is asked for would wait for those of every other test.
    wait_for("the alarm to be raised", Duration::from_secs(240), async || {
        let state = named(&alarms(&world), "AlarmName", "cloudtrail-changes")["StateValue"].clone();
        ensure!(state == "ALARM", "{state}");
        Ok(())
    })
    .await
    .unwrap();
    let untouched = named(&alarms(&world), "AlarmName", "network-gateway-changes")["StateValue"].clone();
    assert_eq!(untouched, "INSUFFICIENT_DATA");
    let receive = ["sqs", "receive-message", "--queue-url", queue.as_str().unwrap(), "--endpoint-url", &endpoint];
    let told = world.aws(&receive).to_string();
    assert!(told.contains("cloudtrail-changes") && told.contains("ALARM"), "{told}");
}
