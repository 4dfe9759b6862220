//! Rules about the SNS topic that a trail tells of its log files.

use super::case::TrailCase;
use super::delivery::no_error;
use super::finding::Verdict;
use super::policy::{CLOUDTRAIL, Caller, allows, open_to_all};
use super::{Judge, Judgement, Rule, applies, must};
use crate::facets::topic::TopicState;
use serde::{Deserialize, Serialize};

pub const RULES: &[Rule] = &[
    Rule { id: "TK-DELIVERY-012", judge: Judge::Trail(tells_a_topic) },
    Rule { id: "TK-DELIVERY-013", judge: Judge::Trail(notices_without_error) },
    Rule { id: "TK-DELIVERY-014", judge: Judge::Trail(topic_exists) },
    Rule { id: "TK-DELIVERY-015", judge: Judge::Trail(topic_lets_the_trail_in) },
    Rule { id: "TK-DELIVERY-016", judge: Judge::Trail(topic_tells_trails_apart) },
    Rule { id: "TK-DELIVERY-017", judge: Judge::Trail(topic_not_public) },
    Rule { id: "TK-DELIVERY-018", judge: Judge::Trail(topic_encrypted) },
    Rule { id: "TK-DELIVERY-019", judge: Judge::Trail(topic_tells_by_tls) },
];

/// Who is told by the trail's topic, under `noticeSubscriptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NoticeSubscriptions {
    pub subscriptions: Vec<NoticeSubscription>,
}

/// One subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NoticeSubscription {
    /// As SNS writes it: `http`, `https`, `email`, `sqs`, `lambda`, ...
    pub protocol: String,
    pub endpoint: String,
}

const PUBLISH: &str = "sns:Publish";

/// The key that AWS keeps for SNS. Its policy can't be changed, and does not let CloudTrail in.
const AWS_MANAGED_KEY: &str = "alias/aws/sns";

impl TrailCase {
    /// ARN of the topic.
    fn topic(&self) -> Result<String, Verdict> {
        let topic = self.settings()?.sns_topic;
        applies(!topic.is_empty(), "it tells no SNS topic")?;
        Ok(topic)
    }

    fn topic_state(&self) -> Result<TopicState, Verdict> {
        let topic = self.topic()?;
        self.common.state("noticeTopic")?.ok_or_else(|| Verdict::NotApplicable(format!("there is no topic {topic}")))
    }
}

fn tells_a_topic(case: &TrailCase) -> Judgement {
    must(!case.settings()?.sns_topic.is_empty(), || "nobody is told of new log files: it has no SNS topic".to_owned())
}

fn notices_without_error(case: &TrailCase) -> Judgement {
    case.topic()?;
    no_error("notices of log files", case.deliveries()?.latest_notification_error.as_ref())
}

fn topic_exists(case: &TrailCase) -> Judgement {
    let topic = case.topic()?;
    must(case.common.state::<TopicState>("noticeTopic")?.is_some(), || format!("its topic {topic} does not exist"))
}

fn topic_lets_the_trail_in(case: &TrailCase) -> Judgement {
    let policy = case.topic_state()?.policy;
    let organization = case.organization.as_ref().map(|organization| organization.id.as_str());
    let trail = Caller { arn: &case.common.judged.arn, organization };
    let lets_in = allows(&policy).any(|statement| {
        (statement.names_service(CLOUDTRAIL) || statement.names_everybody()) && statement.is_about(PUBLISH) && statement.holds_for(&trail)
    });
    must(lets_in, || format!("the topic's policy does not let {CLOUDTRAIL} publish for this trail"))
}

fn topic_tells_trails_apart(case: &TrailCase) -> Judgement {
    let policy = case.topic_state()?.policy;
    let blind = allows(&policy)
        .find(|statement| statement.names_service(CLOUDTRAIL) && statement.is_about(PUBLISH) && !statement.says_whose_trail());
    match blind {
        Some(statement) => {
            let message =
                format!("statement {} of the topic's policy has no aws:SourceArn: a trail of any account may publish there", statement.sid);
            Err(Verdict::Fail(message))
        }
        None => Ok(()),
    }
}

fn topic_not_public(case: &TrailCase) -> Judgement {
    match open_to_all(&case.topic_state()?.policy).next() {
        Some(statement) => Err(Verdict::Fail(format!("statement {} of the topic's policy lets everybody in", statement.sid))),
        None => Ok(()),
    }
}

fn topic_encrypted(case: &TrailCase) -> Judgement {
    let key = case.topic_state()?.kms_key;
    must(!key.is_empty(), || "the topic is not encrypted at rest".to_owned())?;
    must(!key.ends_with(AWS_MANAGED_KEY), || {
        format!("the topic is encrypted with {AWS_MANAGED_KEY}, whose policy does not let CloudTrail use it: no notice arrives")
    })
}

fn topic_tells_by_tls(case: &TrailCase) -> Judgement {
    case.topic()?;
    let subscribed: NoticeSubscriptions = case.common.state("noticeSubscriptions")?.unwrap_or_default();
    match subscribed.subscriptions.iter().find(|subscription| subscription.protocol == "http") {
        Some(subscription) => Err(Verdict::Fail(format!("{} is told without TLS", subscription.endpoint))),
        None => Ok(()),
    }
}
