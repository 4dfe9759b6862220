//! The policies of what receives events: SNS topics, SQS queues, Lambda functions. A target lives in the Region of its ARN.

use super::Cloud;
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::policy_document::Statements;
use crate::facets::read::TargetRead;
use crate::facets::response_targets::{TargetPolicies, TargetsState};
use crate::facets::step::TargetStep;
use crate::facets::step::target::TargetKind;
use aws_sdk_sqs::types::QueueAttributeName;
use futures::future::try_join_all;
use serde_json::Value;

impl Cloud {
    pub(super) async fn read_target(&self, read: &TargetRead) -> Answer {
        let TargetRead::Policies { targets, sid } = read;
        let read = targets.iter().map(|target| async move { Ok::<_, Failure>((target.clone(), self.target_policy(target).await?)) });
        match try_join_all(read).await {
            Ok(policies) => {
                let policies: TargetPolicies = policies.into_iter().filter_map(|(arn, policy)| Some((arn, policy?))).collect();
                let ours: TargetsState =
                    policies.iter().filter_map(|(arn, policy)| Some((arn.clone(), our_statement(policy, sid)?))).collect();
                Observed::Present(Reading::new(&ours, &policies))
            }
            Err(failure) => Observed::Unknown(failure),
        }
    }

    /// The policy of a target; none where it has none, or where there is no such target: then the write says so.
    async fn target_policy(&self, arn: &str) -> Result<Option<Value>, Failure> {
        let region = region_of(arn);
        let here = self.at(region);
        let found = match TargetKind::of(arn) {
            Some(TargetKind::Topic) => {
                let request = here.session.sns(region).get_topic_attributes().topic_arn(arn);
                let attributes = here.call("sns:GetTopicAttributes", arn, request.send()).await.map(|answer| answer.attributes);
                attributes.map(|attributes| attributes.and_then(|mut attributes| attributes.remove("Policy")))
            }
            Some(TargetKind::Queue) => here.queue_policy(arn).await,
            Some(TargetKind::Function) => {
                let request = here.session.lambda(region).get_policy().function_name(arn);
                // Lambda writes this one key in its own way.
                let policy = here.call("lambda:GetPolicy", arn, request.send()).await.map(|answer| answer.policy);
                policy.map(|policy| policy.map(|text| text.replace("\"AWS:SourceArn\"", "\"aws:SourceArn\"")))
            }
            None => Err(here.unbuildable("events:PutTargets", arn, &"not an SNS topic, SQS queue or Lambda function")),
        };
        match found {
            Ok(Some(text)) if !text.is_empty() => {
                serde_json::from_str(&text).map(Some).map_err(|error| here.unbuildable("its policy", arn, &error))
            }
            Ok(_) => Ok(None),
            Err(failure) if failure.class == ErrorClass::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn queue_policy(&self, arn: &str) -> Result<Option<String>, Failure> {
        let url = self.queue_url(arn).await?;
        let client = self.session.sqs(&self.region);
        let request = client.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::Policy);
        let attributes = self.call("sqs:GetQueueAttributes", arn, request.send()).await?.attributes;
        Ok(attributes.and_then(|mut attributes| attributes.remove(&QueueAttributeName::Policy)))
    }

    /// Queues are called by URL, which only SQS knows for sure.
    pub(super) async fn queue_url(&self, arn: &str) -> Result<String, Failure> {
        let mut fields = arn.rsplit(':');
        let (name, account) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let client = self.session.sqs(&self.region);
        let request = client.get_queue_url().queue_name(name).queue_owner_aws_account_id(account);
        Ok(self.call("sqs:GetQueueUrl", arn, request.send()).await?.queue_url.unwrap_or_default())
    }

    pub(super) async fn write_target(&self, step: &TargetStep) -> Result<(), Failure> {
        match step {
            TargetStep::Allow { target, sid, policy, source_arn, replace } => {
                let here = self.at(region_of(target));
                match TargetKind::of(target) {
                    Some(TargetKind::Topic) => {
                        let request = here.session.sns(&here.region).set_topic_attributes().topic_arn(target).attribute_name("Policy");
                        let request = request.attribute_value(policy.to_string());
                        here.call("sns:SetTopicAttributes", target, request.send()).await.map(drop)
                    }
                    Some(TargetKind::Queue) => {
                        let url = here.queue_url(target).await?;
                        let request = here.session.sqs(&here.region).set_queue_attributes().queue_url(url);
                        let request = request.attributes(QueueAttributeName::Policy, policy.to_string());
                        here.call("sqs:SetQueueAttributes", target, request.send()).await.map(drop)
                    }
                    Some(TargetKind::Function) => {
                        if *replace {
                            here.withdraw(target, sid).await?;
                        }
                        let request = here.session.lambda(&here.region).add_permission().function_name(target).statement_id(sid);
                        let request = request.action("lambda:InvokeFunction").principal("events.amazonaws.com").source_arn(source_arn);
                        match here.call("lambda:AddPermission", target, request.send()).await {
                            // Our own call, made again by the SDK after its answer was lost.
                            Err(failure) if failure.code == "ResourceConflictException" => Ok(()),
                            result => result.map(drop),
                        }
                    }
                    None => Err(here.unbuildable("events:PutTargets", target, &"not an SNS topic, SQS queue or Lambda function")),
                }
            }
            TargetStep::Withdraw { target, sid } => {
                let failure = match self.at(region_of(target)).withdraw(target, sid).await {
                    Err(failure) if failure.class == ErrorClass::Denied => failure,
                    result => return result,
                };
                // A target that a stranger put into a rule is closed to us, and must not hold up the rule's removal.
                if self.has_statement(target, sid).await {
                    return Err(failure);
                }
                tracing::warn!(%failure, "the permission of a former target is left as it is");
                Ok(())
            }
        }
    }

    /// Whether a target's policy can be read, and has this statement.
    async fn has_statement(&self, target: &str, sid: &str) -> bool {
        let policy = self.target_policy(target).await.ok().flatten();
        policy.is_some_and(|policy| our_statement(&policy, sid).is_some())
    }

    /// Takes a statement away. Where it is not there, or the target is gone, there is nothing to do.
    async fn withdraw(&self, target: &str, sid: &str) -> Result<(), Failure> {
        let result = match TargetKind::of(target) {
            Some(TargetKind::Topic) => {
                let request = self.session.sns(&self.region).remove_permission().topic_arn(target).label(sid);
                self.call("sns:RemovePermission", target, request.send()).await.map(drop)
            }
            Some(TargetKind::Queue) => match self.queue_url(target).await {
                Ok(url) => {
                    let request = self.session.sqs(&self.region).remove_permission().queue_url(url).label(sid);
                    self.call("sqs:RemovePermission", target, request.send()).await.map(drop)
                }
                Err(failure) => Err(failure),
            },
            Some(TargetKind::Function) => {
                let request = self.session.lambda(&self.region).remove_permission().function_name(target).statement_id(sid);
                self.call("lambda:RemovePermission", target, request.send()).await.map(drop)
            }
            None => Ok(()),
        };
        match result {
            Err(failure) if failure.class == ErrorClass::NotFound || failure.message.contains("can't find label") => Ok(()),
            result => result,
        }
    }
}

fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// Our statement in canonical form, if it is there.
fn our_statement(policy: &Value, sid: &str) -> Option<Value> {
    Statements::parse(&policy.to_string()).ok()?.0.remove(sid)
}
