//! Log group, role and topic of a trail: made with it, looked at without writing, waited for, and left or deleted with it.

use crate::support::manifests::with;
use crate::support::{World, is_true};
use serde_json::{Value, json};
use trailkeeper_sim::faults::FaultKind;

/// A bucket of others that lets every trail in: then all that is written is the trail's.
async fn external(world: &World) -> Value {
    let bucket = format!("others-{}", world.account);
    world.create_bucket(&bucket).await;
    world.open_bucket(&bucket).await;
    let everything = json!({ "cloudWatchLogs": { "logGroup": {}, "role": {} }, "notices": {} });
    with(world.external_trail("audit", json!({ "name": bucket })), everything)
}

#[tokio::test]
async fn group_role_and_topic_come_before_the_trail() {
    let world = World::with_account("logs").await;
    world.apply(&external(&world).await).await;
    world.wait_ready("Trail", "audit").await;
    assert_eq!(
        world.writes(0).await,
        [
            "logs:CreateLogGroup",
            "logs:PutRetentionPolicy",
            "iam:CreateRole",
            "iam:PutRolePolicy",
            "sns:CreateTopic",
            "cloudtrail:CreateTrail",
            "cloudtrail:StartLogging"
        ]
    );
    let start = world.now().await;
    world.request_pass("Trail", "audit").await;
    assert_eq!(world.writes(start).await, Vec::<String>::new());
}

#[tokio::test]
async fn observe_makes_none_of_them() {
    let world = World::with_account("logs-observe").await;
    world.apply(&with(external(&world).await, json!({ "mode": "Observe" }))).await;
    let trail = world.wait_unready("Trail", "audit", "Differs", "logGroup").await;
    let told = trail.data["status"]["drift"].to_string();
    assert!(["logGroup", "logRole", "noticeTopic"].iter().all(|path| told.contains(path)), "{told}");
    world.request_pass("Trail", "audit").await;
    assert_eq!(world.writes(0).await, Vec::<String>::new());
}

/// IAM is not everywhere at once what it was just told.
#[tokio::test]
async fn a_role_that_cloudtrail_does_not_see_yet_is_waited_for() {
    let world = World::with_account("logs-role").await;
    let code = "InvalidCloudWatchLogsRoleArnException".to_owned();
    let not_yet = FaultKind::Error { status: 400, code, message: "Access denied. Check the permissions for your role.".to_owned() };
    world.fault("cloudtrail", "CreateTrail", not_yet, Some(2)).await;
    world.apply(&external(&world).await).await;
    let trail = world.wait_unready("Trail", "audit", "WaitingForDependency", "Check the permissions for your role").await;
    assert!(is_true(&trail, "Reconciling") && !is_true(&trail, "Stalled"), "{}", trail.data["status"]);
    world.wait_ready("Trail", "audit").await;
    let writes = world.writes(0).await;
    assert_eq!(writes.iter().filter(|write| *write == "iam:CreateRole").count(), 1, "{writes:?}");
}

#[tokio::test]
async fn the_class_of_a_group_that_exists_cannot_be_changed() {
    let world = World::with_account("logs-class").await;
    let base = external(&world).await;
    world.apply(&base).await;
    world.wait_ready("Trail", "audit").await;
    world.apply(&with(base.clone(), json!({ "cloudWatchLogs": { "logGroup": { "class": "InfrequentAccess" } } }))).await;
    world.wait_unready("Trail", "audit", "CannotChange", "logGroup.class").await;
    world.wait_stalled("Trail", "audit", "CannotChange").await;
    world.apply(&base).await;
    world.wait_ready("Trail", "audit").await;
}

#[tokio::test]
async fn a_deleted_trail_takes_role_and_topic_along_and_leaves_the_log_group() {
    let world = World::with_account("logs-delete").await;
    world.apply(&with(external(&world).await, json!({ "deletionPolicy": "Delete" }))).await;
    world.wait_ready("Trail", "audit").await;
    let start = world.now().await;
    world.delete("Trail", "audit").await;
    world.wait_gone("Trail", "audit").await;
    assert_eq!(world.writes(start).await, ["cloudtrail:DeleteTrail", "sns:DeleteTopic", "iam:DeleteRolePolicy", "iam:DeleteRole"]);
    let groups = world.aws(&["logs", "describe-log-groups"]);
    assert_eq!(groups["logGroups"][0]["logGroupName"], "aws-cloudtrail-logs-audit");
}

#[tokio::test]
async fn a_group_of_others_is_not_taken() {
    let world = World::with_account("logs-theirs").await;
    world.aws(&["logs", "create-log-group", "--log-group-name", "aws-cloudtrail-logs-audit"]);
    world.apply(&external(&world).await).await;
    world.wait_unready("Trail", "audit", "NotOurs", "log group aws-cloudtrail-logs-audit exists").await;
    assert_eq!(world.writes(0).await, Vec::<String>::new());
}
