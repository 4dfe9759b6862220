//! The SNS topic that is told of every new log file, where it is ours: only this trail may publish to it.
//!
//! Policy as in the CloudTrail User Guide, "Amazon SNS topic policy for CloudTrail", with `aws:SourceArn`.

use super::context::TrailContext;
use super::policy_document::Statements;
use super::topic::{Topic, TopicPurpose};
use serde_json::json;
use std::marker::PhantomData;

pub struct TellsOfLogFiles;

impl TopicPurpose for TellsOfLogFiles {
    const NAME: &'static str = "noticeTopic";
    const NOUN: &'static str = "notice topic";
}

pub type NoticeTopic = Topic<TellsOfLogFiles>;

/// The trail's topic, where the spec asks for one of ours.
pub fn notice_topic(context: &TrailContext) -> Option<NoticeTopic> {
    let notices = context.spec.notices.as_ref()?;
    let arn = context.sns_topic_arn()?;
    Some(Topic {
        policy: Statements::from_list([json!({
            "Sid": "TrailkeeperTrail", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "SNS:Publish",
            "Resource": arn, "Condition": {"StringEquals": {"aws:SourceArn": context.arn()}}
        })]),
        arn,
        kms_key: notices.kms_key_arn.clone().unwrap_or_default(),
        tags: context.spec.tags.clone(),
        owner: context.owner.clone(),
        purpose: PhantomData,
    })
}
