//! What stands around one trail: its status in every Region, and its topic's and log group's access.

use super::super::Cloud;
use super::super::cloudtrail::error_code;
use super::{AT_ONCE, account_of, region_of};
use crate::engine::World;
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::policy_document::Statements;
use crate::facets::read::{LogsRead, Read, SnsRead};
use crate::rules::delivery::{LogGroupAccess, RegionDelivery, RegionStatus};
use crate::rules::notices::{NoticeSubscription, NoticeSubscriptions};
use crate::status::classes::explain;
use futures::StreamExt;
use futures::stream;

impl Cloud {
    /// What GetTrailStatus says in each of the Regions: an answer is about one Region only.
    pub async fn region_status(&self, trail: &str, regions: &[String]) -> Answer {
        let asked: Vec<_> = regions.iter().map(|region| self.delivery_in(region.clone(), trail)).collect();
        let answers: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        let mut status = RegionStatus::default();
        for (region, answer) in answers {
            match answer {
                Ok(delivery) => drop(status.regions.insert(region, delivery)),
                Err(failure) => drop(status.unread.insert(region, explain(&failure))),
            }
        }
        Observed::Present(Reading::state(&status))
    }

    async fn delivery_in(&self, region: String, trail: &str) -> (String, Result<RegionDelivery, Failure>) {
        let there = self.at(&region);
        let answer = there.call("cloudtrail:GetTrailStatus", trail, there.cloudtrail.get_trail_status().name(trail).send()).await;
        let delivery = answer.map(|status| RegionDelivery {
            logging: status.is_logging.unwrap_or(false),
            latest_delivery_error: error_code(status.latest_delivery_error),
            latest_digest_delivery_error: error_code(status.latest_digest_delivery_error),
        });
        (region, delivery)
    }

    /// The topic that a trail tells, by ARN.
    pub async fn notice_topic(&self, topic: &str) -> Answer {
        self.at(region_of(topic)).read(&Read::Sns(SnsRead::Topic { topic: topic.to_owned() })).await
    }

    /// Who is told by that topic.
    pub async fn notice_subscriptions(&self, topic: &str) -> Answer {
        let there = self.at(region_of(topic));
        let pages = there.session.sns(&there.region).list_subscriptions_by_topic().topic_arn(topic).into_paginator().send();
        let pages: Result<Vec<_>, _> = pages.collect().await;
        // The pages are asked for by the SDK: one call is counted for all.
        match there.call("sns:ListSubscriptionsByTopic", topic, std::future::ready(pages)).await {
            Ok(pages) => {
                let listed = pages.into_iter().flat_map(|page| page.subscriptions.unwrap_or_default());
                let subscriptions = listed.map(|one| NoticeSubscription {
                    protocol: one.protocol.unwrap_or_default(),
                    endpoint: one.endpoint.unwrap_or_default(),
                });
                Observed::Present(Reading::state(&NoticeSubscriptions { subscriptions: subscriptions.collect() }))
            }
            Err(failure) if failure.class == ErrorClass::NotFound => Observed::Absent,
            Err(failure) => Observed::Unknown(failure),
        }
    }

    /// The log group that a trail delivers to, by ARN; none where it is another account's.
    pub async fn trail_log_group(&self, group: &str) -> Option<Answer> {
        let (there, name) = self.own_log_group(group)?;
        Some(there.read(&Read::Logs(LogsRead::LogGroup { log_group: name.to_owned() })).await)
    }

    /// The resource policies that may open that group: those of its Region.
    pub async fn log_group_access(&self, group: &str) -> Option<Answer> {
        let (there, name) = self.own_log_group(group)?;
        Some(match there.log_policies(name).await {
            Ok(policies) => Observed::Present(Reading::state(&LogGroupAccess { policies })),
            Err(failure) => Observed::Unknown(failure),
        })
    }

    async fn log_policies(&self, group: &str) -> Result<Statements, Failure> {
        let operation = "logs:DescribeResourcePolicies";
        let client = self.session.logs(&self.region);
        let (mut found, mut next) = (Statements::default(), None);
        loop {
            let page = self.call(operation, group, client.describe_resource_policies().set_next_token(next).send()).await?;
            for policy in page.resource_policies.unwrap_or_default() {
                let name = policy.policy_name.unwrap_or_default();
                let document = policy.policy_document.unwrap_or_else(|| "{}".to_owned());
                let statements = Statements::parse(&document).map_err(|error| self.unbuildable(operation, &name, &error))?;
                found.0.extend(statements.0.into_iter().map(|(sid, body)| (format!("{name}/{sid}"), body)));
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// Where to ask for a log group, and its name.
    pub(super) fn own_log_group<'a>(&self, group: &'a str) -> Option<(Self, &'a str)> {
        let name = group.split_once(":log-group:")?.1.trim_end_matches(":*");
        (account_of(group) == self.account).then(|| (self.at(region_of(group)), name))
    }
}
