//! Tampering with the log group, the role and the topic of a trail.

use super::{OWNER, trail};
use crate::support::World;
use serde_json::{Value, json};

const GROUP: &str = "aws-cloudtrail-logs-audit";

async fn world(topic: &str) -> World {
    let world = World::ready(topic).await;
    world.patch_spec("Trail", "audit", json!({ "cloudWatchLogs": { "logGroup": {}, "role": {} }, "notices": {} })).await;
    world.wait_ready("Trail", "audit").await;
    world
}

fn group_arn(world: &World) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{GROUP}", crate::support::world::REGION, world.account)
}

async fn group(world: &World) -> String {
    let groups = world.aws(&["logs", "describe-log-groups", "--log-group-name-prefix", GROUP])["logGroups"].clone();
    let Some(found) = groups.get(0) else { return String::new() };
    let tags = world.aws(&["logs", "list-tags-for-resource", "--resource-arn", &group_arn(world)]);
    format!("{} {} {} {tags}", found["retentionInDays"], found["kmsKeyId"], found["logGroupClass"])
}

fn role_name(world: &World) -> String {
    let trail = world.aws(&["cloudtrail", "get-trail", "--name", &world.trail_arn("audit")]);
    trail["Trail"]["CloudWatchLogsRoleArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

async fn role(world: &World) -> String {
    let name = role_name(world);
    let policy = world.aws(&["iam", "get-role-policy", "--role-name", &name, "--policy-name", "trailkeeper"]);
    let trust = world.aws(&["iam", "get-role", "--role-name", &name])["Role"]["AssumeRolePolicyDocument"].clone();
    format!("{} {trust}", policy["PolicyDocument"])
}

fn topic_arn(world: &World) -> String {
    format!("arn:aws:sns:{}:{}:aws-cloudtrail-notices-audit", crate::support::world::REGION, world.account)
}

async fn topic_policy(world: &World) -> String {
    world.aws(&["sns", "get-topic-attributes", "--topic-arn", &topic_arn(world)])["Attributes"]["Policy"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_log_group() {
    let world = world("log-group").await;
    let shorten = async |world: &World| {
        world.aws(&["logs", "put-retention-policy", "--log-group-name", GROUP, "--retention-in-days", "1"]);
    };
    trail("logGroup.retentionDays", "365", "1").is_corrected(&world, shorten, group).await;
    let disown = async |world: &World| {
        world.aws(&["logs", "untag-resource", "--resource-arn", &group_arn(world), "--tag-keys", OWNER]);
    };
    trail("logGroup.trailkeeper.dev/owner", "/audit", "(none)").is_corrected(&world, disown, group).await;
    let delete = async |world: &World| {
        world.aws(&["logs", "delete-log-group", "--log-group-name", GROUP]);
    };
    trail("logGroup", "retentionDays", "(none)").is_corrected(&world, delete, group).await;
}

fn and(document: &str, statement: Value) -> String {
    let mut document: Value = serde_json::from_str(document).unwrap();
    document["Statement"].as_array_mut().unwrap().push(statement);
    document.to_string()
}

#[tokio::test]
async fn the_log_role() {
    let world = world("log-role").await;
    let widen = async |world: &World| {
        let name = role_name(world);
        let backdoor = json!({ "Sid": "Backdoor", "Effect": "Allow", "Action": "iam:*", "Resource": "*" });
        let policy =
            world.aws(&["iam", "get-role-policy", "--role-name", &name, "--policy-name", "trailkeeper"])["PolicyDocument"].to_string();
        let wider = and(&policy, backdoor);
        world.aws(&["iam", "put-role-policy", "--role-name", &name, "--policy-name", "trailkeeper", "--policy-document", &wider]);
    };
    trail("logRole.policy.Backdoor", "(none)", "iam:*").is_corrected(&world, widen, role).await;
    let trust = async |world: &World| {
        let name = role_name(world);
        let trust = world.aws(&["iam", "get-role", "--role-name", &name])["Role"]["AssumeRolePolicyDocument"].to_string();
        let anybody = json!({ "Sid": "Anybody", "Effect": "Allow", "Principal": { "AWS": world.account }, "Action": "sts:AssumeRole" });
        world.aws(&["iam", "update-assume-role-policy", "--role-name", &name, "--policy-document", &and(&trust, anybody)]);
    };
    trail("logRole.trust.Anybody", "(none)", "sts:AssumeRole").is_corrected(&world, trust, role).await;
}

#[tokio::test]
async fn the_notice_topic() {
    let world = world("notice-topic").await;
    let open = async |world: &World| {
        let anybody =
            json!({ "Sid": "Anybody", "Effect": "Allow", "Principal": "*", "Action": "SNS:Publish", "Resource": topic_arn(world) });
        let policy = and(&topic_policy(world).await, anybody);
        let topic = topic_arn(world);
        world.aws(&["sns", "set-topic-attributes", "--topic-arn", &topic, "--attribute-name", "Policy", "--attribute-value", &policy]);
    };
    trail("noticeTopic.policy.Anybody", "(none)", "SNS:Publish").is_corrected(&world, open, topic_policy).await;
}
