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
