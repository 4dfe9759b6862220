//! Responses: events reach their targets, rules are kept as declared in every Region, and what is dropped goes with all that it
//! had, while what belongs to others stays.

use crate::support::World;
use crate::support::manifests::with;
use crate::support::world::REGION;
use anyhow::ensure;
use serde_json::{Value, json};
use std::time::Duration;
use trailkeeper_lab::wait_for;

const SOON: Duration = Duration::from_secs(240);
const GLOBAL: &str = "us-east-1";

/// A queue of the account, with a statement of somebody else's in its policy.
struct Queue {
    arn: String,
    url: String,
}

impl Queue {
    fn new(world: &World, name: &str) -> Self {
        let url = world.aws(&["sqs", "create-queue", "--queue-name", name])["QueueUrl"].as_str().unwrap().to_owned();
        let arn = format!("arn:aws:sqs:{REGION}:{}:{name}", world.account);
        let queue = Self { arn, url };
        queue.set_policy(world, &json!({ "Version": "2012-10-17", "Statement": [queue.foreign_statement()] }));
        queue
    }

    fn foreign_statement(&self) -> Value {
        json!({ "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "sqs:PurgeQueue", "Resource": self.arn })
    }

    fn set_policy(&self, world: &World, policy: &Value) {
        let attributes = json!({ "Policy": policy.to_string() }).to_string();
        world.aws(&["sqs", "set-queue-attributes", "--queue-url", &self.url, "--attributes", &attributes]);
    }

    fn statements(&self, world: &World) -> Vec<Value> {
        let found = world.aws(&["sqs", "get-queue-attributes", "--queue-url", &self.url, "--attribute-names", "Policy"]);
        let policy: Value = serde_json::from_str(found["Attributes"]["Policy"].as_str().unwrap_or("{}")).unwrap();
        policy["Statement"].as_array().cloned().unwrap_or_default()
    }

    /// Names of the events that wait in the queue, with their Regions; taken out.
    fn take(&self, world: &World) -> Vec<(String, String)> {
        let answer = world.aws(&["sqs", "receive-message", "--queue-url", &self.url, "--max-number-of-messages", "10"]);
        let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
        let event = |message: &Value| {
            let handle = message["ReceiptHandle"].as_str().unwrap();
            world.aws(&["sqs", "delete-message", "--queue-url", &self.url, "--receipt-handle", handle]);
            let body: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
            (body["detail"]["eventName"].as_str().unwrap().to_owned(), body["region"].as_str().unwrap().to_owned())
        };
        messages.iter().map(event).collect()
    }

    async fn wait_for(&self, world: &World, name: &str, region: &str) {
        let mut got = Vec::new();
        let attempt = async || {
            got.extend(self.take(world));
            ensure!(got.iter().any(|event| *event == (name.to_owned(), region.to_owned())), "only {got:?}");
            Ok(())
        };
        wait_for(&format!("{name} in the queue"), SOON, attempt).await.unwrap_or_else(|error| panic!("{error:#}"));
        let count = got.iter().filter(|(event, _)| event == name).count();
        assert_eq!(count, 1, "it came more than once: {got:?}");
    }
}

fn rules(world: &World, region: &str) -> Vec<Value> {
    let listed = world.aws_in(region, &["events", "list-rules", "--name-prefix", "trailkeeper-"]);
    listed["Rules"].as_array().cloned().unwrap_or_default()
}

fn buses(world: &World) -> Vec<Value> {
    let listed = world.aws(&["events", "list-event-buses", "--name-prefix", "trailkeeper-"]);
    listed["EventBuses"].as_array().cloned().unwrap_or_default()
}

/// In two of the account's Regions.
fn tampered(queue: &Queue) -> Value {
    let regions = [REGION, GLOBAL];
    json!({ "responses": [{ "name": "tampered", "when": "LoggingTampered", "targets": [{ "arn": queue.arn }], "regions": regions }] })
}

/// A world whose trail answers tampering with a message to a queue.
async fn responding(topic: &str) -> (World, Queue, Value) {
    let world = World::ready(topic).await;
    let queue = Queue::new(&world, "alerts");
    let trail = with(world.trail_manifest("audit", "logs"), tampered(&queue));
    world.apply(&trail).await;
    world.wait_ready("Trail", "audit").await;
    (world, queue, trail)
}

#[tokio::test]
async fn a_stopped_trail_is_told_to_the_queue() {
    let (world, queue, _) = responding("respond").await;
    world.cloudtrail.stop_logging().name(world.trail_arn("audit")).send().await.unwrap();
    queue.wait_for(&world, "StopLogging", REGION).await;
}

#[tokio::test]
async fn events_of_another_region_come_home_once() {
    let (world, queue, trail) = responding("respond-far").await;
    // Two responses that choose the same events: each sends once.
    let other = Queue::new(&world, "more-alerts");
    let iam = |name: &str, queue: &Queue| json!({ "name": name, "when": "IamPolicyChanged", "targets": [{ "arn": queue.arn }] });
    world.apply(&with(trail, json!({ "responses": [iam("iam", &queue), iam("also-iam", &other)] }))).await;
    let object = world.wait_ready("Trail", "audit").await;
    // Every Region that the account has on.
    assert_eq!(object.data["status"]["responses"]["regions"].as_array().unwrap().len(), 17);
    let allowed = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" });
    let document = json!({ "Version": "2012-10-17", "Statement": [allowed] }).to_string();
    world.aws(&["iam", "create-policy", "--policy-name", "x", "--policy-document", &document]);
    queue.wait_for(&world, "CreatePolicy", GLOBAL).await;
    other.wait_for(&world, "CreatePolicy", GLOBAL).await;
}

/// Told with both values, put back, and then left alone.
async fn is_corrected(world: &World, path: &str, declared: &str, found: &str) {
    let tells = |event: &crate::support::Seen| [path, declared, found].iter().all(|word| event.note.contains(word));
    world.pass_until_event("Trail", "audit", "DriftDetected", tells).await;
    world.pass_until_event("Trail", "audit", "DriftCorrected", tells).await;
    let since = world.now().await;
    world.request_pass("Trail", "audit").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new(), "a second pass writes");
}

#[tokio::test]
async fn rules_that_were_tampered_with_are_put_back() {
    let (world, queue, _) = responding("respond-drift").await;
    let far = rules(&world, GLOBAL).remove(0);
    let name = far["Name"].as_str().unwrap();
    world.aws_in(GLOBAL, &["events", "disable-rule", "--name", name]);
    is_corrected(&world, "responses.tampered.rules.us-east-1.state", "ENABLED", "DISABLED").await;
    assert_eq!(rules(&world, GLOBAL), std::slice::from_ref(&far));

    let listed = world.aws_in(GLOBAL, &["events", "list-targets-by-rule", "--rule", name]);
    let id = listed["Targets"][0]["Id"].as_str().unwrap();
    world.aws_in(GLOBAL, &["events", "remove-targets", "--rule", name, "--ids", id]);
    is_corrected(&world, &format!("responses.tampered.rules.us-east-1.targets.{id}"), "event-bus", "(none)").await;
    assert_eq!(world.aws_in(GLOBAL, &["events", "list-targets-by-rule", "--rule", name]), listed);

    let pattern = json!({ "source": ["nobody"] }).to_string();
    world.aws(&["events", "put-rule", "--name", name, "--event-bus-name", name, "--event-pattern", &pattern]);
    is_corrected(&world, "responses.tampered.forwarded.pattern.source", "aws.cloudtrail", "nobody").await;

    let before = queue.statements(&world);
    queue.set_policy(&world, &json!({ "Version": "2012-10-17", "Statement": [queue.foreign_statement()] }));
    is_corrected(&world, &format!("responseTargets.{}", queue.arn), "sqs:SendMessage", "(none)").await;
    assert_eq!(queue.statements(&world), before);
    assert_eq!(before[0], queue.foreign_statement());
}

#[tokio::test]
async fn dropped_responses_leave_nothing_behind_but_what_is_others() {
    let (world, queue, trail) = responding("respond-drop").await;
    assert_eq!((rules(&world, REGION).len(), rules(&world, GLOBAL).len(), buses(&world).len()), (1, 1, 1));
    assert_eq!(queue.statements(&world).len(), 2);
    // First to another queue, in one Region: the old one loses its permission, the other Region its rule.
    let other = Queue::new(&world, "other");
    let moved =
        json!({ "responses": [{ "name": "tampered", "when": "LoggingTampered", "targets": [{ "arn": other.arn }], "regions": [REGION] }] });
    world.apply(&with(trail, moved)).await;
    world.wait_ready("Trail", "audit").await;
    assert_eq!(queue.statements(&world), [queue.foreign_statement()]);
    assert_eq!(other.statements(&world).len(), 2);
    assert_eq!((rules(&world, REGION).len(), rules(&world, GLOBAL).len(), buses(&world).len()), (1, 0, 0));

    world.apply(&world.trail_manifest("audit", "logs")).await;
    let object = world.wait_ready("Trail", "audit").await;
    assert_eq!(object.data["status"].get("responses"), None);
    assert_eq!(other.statements(&world), [other.foreign_statement()]);
    assert_eq!((rules(&world, REGION).len(), rules(&world, GLOBAL).len(), buses(&world).len()), (0, 0, 0));
    let since = world.now().await;
    world.request_pass("Trail", "audit").await;
    let reads = world.reads(since).await;
    assert!(!reads.iter().any(|read| read.starts_with("events:")), "rules are still asked for: {reads:?}");
}

#[tokio::test]
async fn a_steady_pass_costs_the_documented_reads() {
    let (world, _, _) = responding("respond-steady").await;
    let since = world.now().await;
    world.request_pass("Trail", "audit").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    let reads = world.reads(since).await;
    let count = |read: &str| reads.iter().filter(|other| *other == read).count();
    // Two Regions and the response's own bus: one list of rules each, and one list of targets for each rule.
    assert_eq!((count("events:ListRules"), count("events:ListTargetsByRule"), count("events:ListEventBuses")), (3, 3, 1), "{reads:?}");
    assert_eq!((count("sqs:GetQueueUrl"), count("sqs:GetQueueAttributes")), (1, 1), "{reads:?}");
    assert_eq!((count("iam:GetRole"), count("iam:GetRolePolicy")), (1, 1), "{reads:?}");
}

#[tokio::test]
async fn who_only_looks_writes_nothing_and_what_may_not_be_read_is_unknown() {
    let (world, queue, trail) = responding("respond-look").await;
    let name = rules(&world, GLOBAL)[0]["Name"].as_str().unwrap().to_owned();
    let observing = with(trail.clone(), json!({ "mode": "Observe" }));
    world.apply(&observing).await;
    world.wait_ready("Trail", "audit").await;
    world.aws_in(GLOBAL, &["events", "disable-rule", "--name", &name]);
    let since = world.now().await;
    world.request_pass("Trail", "audit").await;
    world.wait_unready("Trail", "audit", "Differs", "responses.tampered.rules.us-east-1.state").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    world.aws_in(GLOBAL, &["events", "enable-rule", "--name", &name]);

    world.apply(&trail).await;
    world.wait_ready("Trail", "audit").await;
    let reads = [
        ("events", "ListRules", "events:ListRules"),
        ("events", "ListTargetsByRule", "events:ListTargetsByRule"),
        ("events", "ListEventBuses", "events:ListEventBuses"),
        ("sqs", "GetQueueAttributes", "sqs:GetQueueAttributes"),
    ];
    for (service, operation, permission) in reads {
        world.deny(service, operation).await;
        let since = world.now().await;
        world.pass_until_unready("Trail", "audit", "AccessDenied", permission).await;
        assert_eq!(world.writes(since).await, Vec::<String>::new(), "{permission} denied");
        world.clear_faults().await;
        world.pass_until_ready("Trail", "audit").await;
    }
    assert_eq!(queue.statements(&world).len(), 2);
}

#[tokio::test]
async fn topics_and_functions_are_targets_too_and_foreign_ones_are_only_told() {
    let (world, _, trail) = responding("respond-kinds").await;
    let topic = world.aws(&["sns", "create-topic", "--name", "alerts"])["TopicArn"].as_str().unwrap().to_owned();
    let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" } });
    let role = world.aws(&["iam", "create-role", "--role-name", "f", "--assume-role-policy-document", &trust.to_string()]);
    let role = role["Role"]["Arn"].as_str().unwrap();
    // The smallest zip archive there is: an empty one.
    let zip = std::env::temp_dir().join(format!("{}.zip", world.account));
    std::fs::write(&zip, [b'P', b'K', 5, 6].iter().copied().chain([0; 18]).collect::<Vec<u8>>()).unwrap();
    let code = format!("fileb://{}", zip.display());
    let function = world.aws(&[
        "lambda",
        "create-function",
        "--function-name",
        "f",
        "--runtime",
        "python3.12",
        "--role",
        role,
        "--handler",
        "a.b",
        "--zip-file",
        &code,
    ]);
    std::fs::remove_file(zip).unwrap();
    let function = function["FunctionArn"].as_str().unwrap().to_owned();
    let foreign = format!("arn:aws:sqs:{REGION}:999999999999:soc");
    let to = |targets: &[&str]| {
        let targets: Vec<_> = targets.iter().map(|arn| json!({ "arn": arn })).collect();
        with(
            trail.clone(),
            json!({ "responses": [{ "name": "tampered", "when": "LoggingTampered", "targets": targets, "regions": [REGION] }] }),
        )
    };
    world.apply(&to(&[&topic, &function, &foreign])).await;
    let object = world.wait_ready("Trail", "audit").await;
    let needed = &object.data["status"]["responses"]["statementsNeeded"];
    assert_eq!(needed[0]["target"], foreign.as_str());
    let statement: Value = serde_json::from_str(needed[0]["statement"].as_str().unwrap()).unwrap();
    assert_eq!(statement["Action"], "sqs:SendMessage");
    let policy = |world: &World| {
        let topic = world.aws(&["sns", "get-topic-attributes", "--topic-arn", &topic])["Attributes"]["Policy"].as_str().unwrap().to_owned();
        let function = world.aws(&["lambda", "get-policy", "--function-name", "f"])["Policy"].as_str().unwrap().to_owned();
        (topic, function)
    };
    let (of_topic, of_function) = policy(&world);
    assert!(of_topic.contains("__default_statement_ID") && of_topic.contains("sns:Publish\"]"), "{of_topic}");
    assert!(of_function.contains("events.amazonaws.com"), "{of_function}");
    let since = world.now().await;
    world.request_pass("Trail", "audit").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());

    world.aws(&["lambda", "remove-permission", "--function-name", "f", "--statement-id", statement_id(&of_function).as_str()]);
    is_corrected(&world, &format!("responseTargets.{function}"), "lambda:InvokeFunction", "(none)").await;

    world.apply(&to(&[&foreign])).await;
    world.wait_ready("Trail", "audit").await;
    let left = world.aws(&["sns", "get-topic-attributes", "--topic-arn", &topic])["Attributes"]["Policy"].as_str().unwrap().to_owned();
    assert!(left.contains("__default_statement_ID") && !left.contains("events.amazonaws.com"), "{left}");
    let owned: Vec<_> = world.calls(since).await.into_iter().filter(|call| call.operation == "RemovePermission").collect();
    assert_eq!(owned.len(), 2, "{owned:?}");
}

fn statement_id(policy: &str) -> String {
    let policy: Value = serde_json::from_str(policy).unwrap();
    policy["Statement"][0]["Sid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_deleted_trail_takes_its_rules_along() {
    let (world, queue, trail) = responding("respond-delete").await;
    world.apply(&with(trail, json!({ "deletionPolicy": "Delete" }))).await;
    world.wait_ready("Trail", "audit").await;
    world.delete("Trail", "audit").await;
    world.wait_gone("Trail", "audit").await;
    assert_eq!((rules(&world, REGION).len(), rules(&world, GLOBAL).len(), buses(&world).len()), (0, 0, 0));
    assert_eq!(queue.statements(&world), [queue.foreign_statement()]);
}
