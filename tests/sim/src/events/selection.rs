//! Whether a trail logs an event: its accounts and Regions, then its selectors. Decides only.

use super::Event;
use crate::cloudtrail::model::{AdvancedEventSelector, EventSelector, FieldSelector, Selectors, Trail};
use crate::world::World;

/// As if the trail were logging; its switch is not looked at.
pub fn logs(trail: &Trail, event: &Event, world: &World) -> bool {
    covers(trail, event, world) && trail.selectors.as_ref().map_or(event.management, |selectors| select(selectors, event))
}

/// Global events reach only the trails that ask for them.
fn covers(trail: &Trail, event: &Event, world: &World) -> bool {
    let member =
        || trail.organization && world.organizations.of(&trail.account).is_some_and(|organization| organization.has(&event.account));
    trail.is_in(&event.region) && (!event.global || trail.global_events) && (trail.account == event.account || member())
}

fn select(selectors: &Selectors, event: &Event) -> bool {
    match selectors {
        Selectors::Basic(list) => list.iter().any(|selector| basic(selector, event)),
        Selectors::Advanced(list) => list.iter().any(|selector| advanced(selector, event)),
    }
}

fn basic(selector: &EventSelector, event: &Event) -> bool {
    let direction = match selector.read_write_type.as_str() {
        "ReadOnly" => event.read_only,
        "WriteOnly" => !event.read_only,
        _ => true,
    };
    if !direction {
        return false;
    }
    if event.management {
        let source = event.text("eventSource");
        return selector.include_management_events && !selector.exclude_management_event_sources.iter().any(|excluded| excluded == source);
    }
    selector.data_resources.iter().any(|wanted| resource_arns(event, &wanted.kind).iter().any(|arn| begins_with_any(arn, &wanted.values)))
}

fn begins_with_any(arn: &str, values: &[String]) -> bool {
    values.iter().any(|value| arn.starts_with(value.as_str()))
}

fn advanced(selector: &AdvancedEventSelector, event: &Event) -> bool {
    let kind = selector.field_selectors.iter().find(|field| field.field == "resources.type").and_then(|field| field.equals.as_ref());
    let kind = kind.and_then(|values| values.first()).map_or("", String::as_str);
    selector.field_selectors.iter().all(|field| {
        let values = values_of(event, &field.field, kind);
        !values.is_empty() && values.iter().any(|value| field_accepts(field, value))
    })
}

/// The values of a selector's field in an event; `kind` is the resource type that the selector asks for.
fn values_of(event: &Event, field: &str, kind: &str) -> Vec<String> {
    match field {
        "resources.ARN" => resource_arns(event, kind),
        "resources.type" => {
            let resources = event.record["resources"].as_array().into_iter().flatten();
            resources.filter_map(|resource| resource["type"].as_str()).map(str::to_owned).collect()
        }
        "readOnly" => vec![event.read_only.to_string()],
        "userIdentity.arn" => event.record["userIdentity"]["arn"].as_str().map(str::to_owned).into_iter().collect(),
        // No call of the simulation comes from the console.
        "sessionCredentialFromConsole" => vec!["false".to_owned()],
        other => event.record[other].as_str().map(str::to_owned).into_iter().collect(),
    }
}

fn resource_arns(event: &Event, kind: &str) -> Vec<String> {
    let resources = event.record["resources"].as_array().into_iter().flatten();
    let arn = |resource: &serde_json::Value| resource["ARN"].as_str().or_else(|| resource["ARNPrefix"].as_str()).map(str::to_owned);
    resources.filter(|resource| resource["type"] == kind).filter_map(arn).collect()
}

/// One of the positive operators holds, if any is there, and each of the negative ones.
fn field_accepts(field: &FieldSelector, value: &str) -> bool {
    let any = |values: &Option<Vec<String>>, holds: fn(&str, &str) -> bool| {
        values.as_ref().map(|values| values.iter().any(|wanted| holds(value, wanted)))
    };
    let equal: fn(&str, &str) -> bool = |value, wanted| value == wanted;
    let starts: fn(&str, &str) -> bool = |value, wanted| value.starts_with(wanted);
    let ends: fn(&str, &str) -> bool = |value, wanted| value.ends_with(wanted);
    let positive = [any(&field.equals, equal), any(&field.starts_with, starts), any(&field.ends_with, ends)];
    let negative = [any(&field.not_equals, equal), any(&field.not_starts_with, starts), any(&field.not_ends_with, ends)];
    let wanted = positive.iter().all(Option::is_none) || positive.contains(&Some(true));
    wanted && !negative.contains(&Some(true))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    fn event(source: &str, read_only: bool, object: Option<&str>) -> Event {
        let mut record = json!({ "eventSource": source, "eventName": "Some", "userIdentity": { "arn": "arn:aws:iam::1:user/a" } });
        record["eventCategory"] = json!(if object.is_some() { "Data" } else { "Management" });
        if let Some(arn) = object {
            record["resources"] =
                json!([{ "type": "AWS::S3::Object", "ARN": arn }, { "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::b" }]);
        }
        Event {
            account: "1".into(),
            region: "eu-west-1".into(),
            time: jiff::Timestamp::UNIX_EPOCH,
            management: object.is_none(),
            global: false,
            read_only,
            username: String::new(),
            record,
        }
    }

    fn basics(selectors: Value) -> Selectors {
        Selectors::Basic(serde_json::from_value(selectors).unwrap())
    }

    fn advanceds(fields: Value) -> Selectors {
        Selectors::Advanced(serde_json::from_value(json!([{ "FieldSelectors": fields }])).unwrap())
    }

    #[test]
    fn basic_selectors_choose_direction_source_and_objects() {
        let kms = "kms.amazonaws.com";
        let writes = basics(json!([{ "ReadWriteType": "WriteOnly", "ExcludeManagementEventSources": [kms] }]));
        assert!(select(&writes, &event("s3.amazonaws.com", false, None)));
        assert!(!select(&writes, &event("s3.amazonaws.com", true, None)));
        assert!(!select(&writes, &event(kms, false, None)));
        assert!(!select(&writes, &event("s3.amazonaws.com", false, Some("arn:aws:s3:::b/k"))));
        for (value, hit) in [("arn:aws:s3", true), ("arn:aws:s3:::b/", true), ("arn:aws:s3:::b/k/", false), ("arn:aws:s3:::c/", false)] {
            let resources = json!([{ "Type": "AWS::S3::Object", "Values": [value] }]);
            let objects = basics(json!([{ "IncludeManagementEvents": false, "DataResources": resources }]));
            assert_eq!(select(&objects, &event("s3.amazonaws.com", true, Some("arn:aws:s3:::b/k"))), hit, "{value}");
            assert!(!select(&objects, &event("s3.amazonaws.com", true, None)));
        }
    }

    #[test]
    fn advanced_selectors_need_every_field_and_one_positive_operator() {
        let writes =
            advanceds(json!([{ "Field": "eventCategory", "Equals": ["Management"] }, { "Field": "readOnly", "Equals": ["false"] },
            { "Field": "eventSource", "NotEquals": ["kms.amazonaws.com"] }]));
        assert!(select(&writes, &event("s3.amazonaws.com", false, None)));
        assert!(!select(&writes, &event("s3.amazonaws.com", true, None)));
        assert!(!select(&writes, &event("kms.amazonaws.com", false, None)));
        let objects = |arn: Value| {
            let mut field = json!({ "Field": "resources.ARN" });
            field.as_object_mut().unwrap().extend(arn.as_object().unwrap().clone());
            advanceds(
                json!([{ "Field": "eventCategory", "Equals": ["Data"] }, { "Field": "resources.type", "Equals": ["AWS::S3::Object"] }, field]),
            )
        };
        let read = event("s3.amazonaws.com", true, Some("arn:aws:s3:::b/k"));
        assert!(select(&objects(json!({ "StartsWith": ["arn:aws:s3:::b/"] })), &read));
        assert!(select(&objects(json!({ "Equals": ["x"], "EndsWith": ["/k"] })), &read), "positive operators are alternatives");
        assert!(!select(&objects(json!({ "StartsWith": ["arn:aws:s3:::b/"], "NotEndsWith": ["k"] })), &read));
        assert!(!select(&objects(json!({ "NotStartsWith": ["arn:aws:s3:::b/"] })), &read));
    }
}
