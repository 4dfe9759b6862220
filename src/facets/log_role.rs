//! The role that CloudTrail assumes to write to the log group, where it is ours.
//!
//! Trust and policy as in the CloudTrail User Guide, "Role policy document for CloudTrail to use CloudWatch Logs for
//! monitoring", with `aws:SourceArn`.

use super::context::TrailContext;
use super::policy_document::Statements;
use super::role::{Role, RolePurpose};
use serde_json::json;
use std::marker::PhantomData;

pub struct WritesLogs;

impl RolePurpose for WritesLogs {
    const NAME: &'static str = "logRole";
    const NOUN: &'static str = "log role";
}

pub type LogRole = Role<WritesLogs>;

/// The trail's role, where the spec asks for one of ours.
pub fn log_role(context: &TrailContext) -> Option<LogRole> {
    let name = context.own_log_role_name()?;
    let allow =
        |sid: &str, action: &str, streams: Vec<String>| json!({"Sid": sid, "Effect": "Allow", "Action": action, "Resource": streams});
    let group = context.log_group_arn()?;
    let own = format!("{group}:log-stream:{}_CloudTrail_{}*", context.account.id, context.spec.region);
    // Members' events go to streams that begin with the organization's id.
    let members = context.account.organization.as_ref().filter(|_| context.spec.organization);
    let streams: Vec<String> =
        std::iter::once(own).chain(members.map(|organization| format!("{group}:log-stream:{}_*", organization.id))).collect();
    Some(Role {
        arn: context.log_role_arn()?,
        name,
        description: format!("Lets CloudTrail trail {} write to CloudWatch Logs. Kept by Trailkeeper.", context.name),
        trust: Statements::from_list([json!({
            "Sid": "TrailkeeperTrail", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceArn": context.arn()}}
        })]),
        policy: Statements::from_list([
            allow("TrailkeeperCreateLogStream", "logs:CreateLogStream", streams.clone()),
            allow("TrailkeeperPutLogEvents", "logs:PutLogEvents", streams),
        ]),
        tags: context.spec.tags.clone(),
        owner: context.owner.clone(),
        purpose: PhantomData,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::aws_account::Organization;
    use crate::facets::context::sample_trail;

    #[test]
    fn only_this_trail_may_have_it_assumed_and_it_may_only_write_to_the_trails_streams() {
        let context = sample_trail(json!({ "cloudWatchLogs": { "logGroup": { "name": "g" }, "role": {} } }));
        let role = log_role(&context).unwrap();
        insta::assert_snapshot!(role.trust.document(), @r#"{"Version":"2012-10-17","Statement":[{"Sid":"TrailkeeperTrail","Action":["sts:AssumeRole"],"Condition":{"StringEquals":{"aws:SourceArn":["arn:aws:cloudtrail:eu-west-1:111111111111:trail/main"]}},"Effect":"Allow","Principal":{"Service":["cloudtrail.amazonaws.com"]}}]}"#);
        insta::assert_snapshot!(role.policy.document(), @r#"{"Version":"2012-10-17","Statement":[{"Sid":"TrailkeeperCreateLogStream","Action":["logs:CreateLogStream"],"Effect":"Allow","Resource":["arn:aws:logs:eu-west-1:111111111111:log-group:g:log-stream:111111111111_CloudTrail_eu-west-1*"]},{"Sid":"TrailkeeperPutLogEvents","Action":["logs:PutLogEvents"],"Effect":"Allow","Resource":["arn:aws:logs:eu-west-1:111111111111:log-group:g:log-stream:111111111111_CloudTrail_eu-west-1*"]}]}"#);
    }

    #[test]
    fn for_an_organization_it_may_also_write_to_the_members_streams() {
        let mut context = sample_trail(json!({ "organization": true, "cloudWatchLogs": { "logGroup": { "name": "g" }, "role": {} } }));
        context.account.organization = Some(Organization { id: "o-1".into(), management_account_id: "222222222222".into() });
        let role = log_role(&context).unwrap();
        insta::assert_snapshot!(role.policy.0["TrailkeeperPutLogEvents"]["Resource"], @r#"["arn:aws:logs:eu-west-1:111111111111:log-group:g:log-stream:111111111111_CloudTrail_eu-west-1*","arn:aws:logs:eu-west-1:111111111111:log-group:g:log-stream:o-1_*"]"#);
        // The trail is the management account's, the group its maker's.
        insta::assert_snapshot!(role.trust.0["TrailkeeperTrail"]["Condition"], @r#"{"StringEquals":{"aws:SourceArn":["arn:aws:cloudtrail:eu-west-1:222222222222:trail/main"]}}"#);
    }
}
