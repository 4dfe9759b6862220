//! What moto's SNS does not count: who has confirmed a subscription to a topic, and who has not.

use crate::aws_error::AwsError;
use crate::backend::At;
use crate::wire::{Answer, Call};
use crate::world::World;

pub async fn handle(world: &World, call: &Call) -> Result<Answer, AwsError> {
    let answer = world.backend.forward(call).await?;
    if call.operation != "GetTopicAttributes" || !answer.is_ok() {
        return Ok(answer);
    }
    let topic = call.form("TopicArn").unwrap_or_default();
    let at = At { account: topic.split(':').nth(4).unwrap_or_default(), region: topic.split(':').nth(3).unwrap_or_default() };
    let parameters = [("Action", "ListSubscriptionsByTopic"), ("Version", "2010-03-31"), ("TopicArn", topic.as_str())];
    let protocols = world.backend.query(at, "sns", &parameters).await?.xml_texts("Protocol");
    // People and web servers answer a message first; queues and functions of the account need not.
    let pending = protocols.iter().filter(|protocol| protocol.starts_with("email") || protocol.starts_with("http")).count();
    let text = with_value(&answer.text(), "SubscriptionsPending", pending);
    Ok(Answer::xml(with_value(&text, "SubscriptionsConfirmed", protocols.len() - pending), &call.request_id))
}

/// The attribute `name` of the answer with another value.
fn with_value(xml: &str, name: &str, value: usize) -> String {
    let replaced = || {
        let (head, rest) = xml.split_once(&format!("<key>{name}</key>"))?;
        let (between, rest) = rest.split_once("<value>")?;
        let (_, tail) = rest.split_once("</value>")?;
        Some(format!("{head}<key>{name}</key>{between}<value>{value}</value>{tail}"))
    };
    replaced().unwrap_or_else(|| xml.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_attribute_is_replaced() {
        let xml = "<entry><key>A</key> <value>0</value></entry><entry><key>B</key><value>0</value></entry>";
        assert_eq!(with_value(xml, "B", 2), "<entry><key>A</key> <value>0</value></entry><entry><key>B</key><value>2</value></entry>");
        assert_eq!(with_value(xml, "C", 2), xml);
    }
}
