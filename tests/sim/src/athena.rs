//! Athena's workgroups and named queries, of which moto can neither change nor delete any. Queries are not run.

use crate::aws_error::AwsError;
use crate::wire::{Answer, Call};
use crate::world::{World, guard};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

type All = BTreeMap<String, Workgroup>;

#[derive(Debug, Default)]
pub struct Workgroups(Mutex<All>);

impl Workgroups {
    pub fn clear(&self) {
        guard(&self.0).clear();
    }
}

#[derive(Debug, Default)]
struct Workgroup {
    /// As GetWorkGroup answers it.
    body: Value,
    tags: BTreeMap<String, String>,
    /// By id.
    queries: BTreeMap<String, Value>,
}

pub async fn handle(world: &World, call: &Call) -> Result<Answer, AwsError> {
    let body = call.json()?;
    let run: fn(&mut All, &Call, &Value) -> Result<Value, AwsError> = match call.operation.as_str() {
        "CreateWorkGroup" => create,
        "GetWorkGroup" => |all, call, body| Ok(json!({ "WorkGroup": named(all, call, body)?.body })),
        "ListWorkGroups" => list,
        "UpdateWorkGroup" => update,
        "DeleteWorkGroup" => delete,
        "ListTagsForResource" => list_tags,
        "TagResource" | "UntagResource" => change_tags,
        "CreateNamedQuery" => create_query,
        "ListNamedQueries" => |all, call, body| Ok(json!({ "NamedQueryIds": named(all, call, body)?.queries.keys().collect::<Vec<_>>() })),
        "BatchGetNamedQuery" => batch_get_queries,
        "UpdateNamedQuery" => update_query,
        "DeleteNamedQuery" => delete_query,
        _ => return world.backend.forward(call).await,
    };
    let answer = run(&mut guard(&world.workgroups.0), call, &body)?;
    Ok(Answer::json(&answer, &call.request_id))
}

fn invalid(message: String) -> AwsError {
    AwsError::bad("InvalidRequestException", message)
}

fn place(call: &Call, name: &str) -> String {
    format!("{}/{}/{name}", call.caller.account, call.region)
}

fn named<'a>(all: &'a mut All, call: &Call, body: &Value) -> Result<&'a mut Workgroup, AwsError> {
    let name = body["WorkGroup"].as_str().unwrap_or("primary");
    all.get_mut(&place(call, name)).ok_or_else(|| invalid(format!("WorkGroup {name} is not found.")))
}

fn by_arn<'a>(all: &'a mut All, call: &Call, body: &Value) -> Result<&'a mut Workgroup, AwsError> {
    let arn = body["ResourceARN"].as_str().unwrap_or_default();
    let name = arn.rsplit_once("workgroup/").map_or(arn, |(_, name)| name);
    all.get_mut(&place(call, name)).ok_or_else(|| AwsError::bad("ResourceNotFoundException", format!("{arn} does not exist")))
}

fn query_of<'a>(all: &'a mut All, call: &Call, body: &Value) -> Result<&'a mut Workgroup, AwsError> {
    let id = body["NamedQueryId"].as_str().unwrap_or_default();
    let own = place(call, "");
    let found = all.iter_mut().find(|(place, workgroup)| place.starts_with(&own) && workgroup.queries.contains_key(id));
    found.map(|(_, workgroup)| workgroup).ok_or_else(|| invalid(format!("NamedQuery {id} was not found")))
}

fn tags_in(body: &Value) -> impl Iterator<Item = (String, String)> {
    let text = |tag: &Value, field: &str| tag[field].as_str().unwrap_or_default().to_owned();
    body["Tags"].as_array().cloned().unwrap_or_default().into_iter().map(move |tag| (text(&tag, "Key"), text(&tag, "Value")))
}

fn create(all: &mut All, call: &Call, body: &Value) -> Result<Value, AwsError> {
    let name = body["Name"].as_str().unwrap_or_default();
    if all.contains_key(&place(call, name)) {
        return Err(invalid("WorkGroup is already created".to_owned()));
    }
    let mut configuration = body["Configuration"].clone();
    check(&configuration)?;
    // What AWS fills in.
    for (field, default) in
        [("EnforceWorkGroupConfiguration", true), ("PublishCloudWatchMetricsEnabled", true), ("RequesterPaysEnabled", false)]
    {
        if configuration[field].is_null() {
            configuration[field] = json!(default);
        }
    }
    configuration["EngineVersion"] = json!({ "SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3" });
    let body_of = json!({ "Name": name, "State": "ENABLED", "Description": body["Description"], "Configuration": configuration });
    all.insert(place(call, name), Workgroup { body: body_of, tags: tags_in(body).collect(), queries: BTreeMap::new() });
    Ok(json!({}))
}

/// The smallest cutoff is 10 MB, and a key goes with KMS only.
fn check(configuration: &Value) -> Result<(), AwsError> {
    if configuration["BytesScannedCutoffPerQuery"].as_i64().is_some_and(|cutoff| cutoff < 10_000_000) {
        return Err(invalid("BytesScannedCutoffPerQuery must be at least 10000000".to_owned()));
    }
    let encryption = &configuration["ResultConfiguration"]["EncryptionConfiguration"];
    if encryption["EncryptionOption"] == "SSE_S3" && !encryption["KmsKey"].is_null() {
        return Err(invalid("KmsKey is not allowed with SSE_S3".to_owned()));
    }
    Ok(())
}

fn list(all: &mut All, call: &Call, _body: &Value) -> Result<Value, AwsError> {
    let own = place(call, "");
    let names = all.iter().filter(|(place, _)| place.starts_with(&own)).map(|(_, workgroup)| json!({ "Name": workgroup.body["Name"] }));
    Ok(json!({ "WorkGroups": names.collect::<Vec<_>>() }))
}

fn update(all: &mut All, call: &Call, body: &Value) -> Result<Value, AwsError> {
    let workgroup = named(all, call, body)?;
    let updates = body["ConfigurationUpdates"].as_object().cloned().unwrap_or_default();
    let mut changed = workgroup.body["Configuration"].clone();
    for (field, value) in updates {
        match (field.as_str(), value) {
            ("ResultConfigurationUpdates", Value::Object(results)) => {
                results.into_iter().for_each(|(field, value)| changed["ResultConfiguration"][field] = value);
            }
            ("RemoveBytesScannedCutoffPerQuery", value) => {
                if value == true {
                    changed["BytesScannedCutoffPerQuery"] = Value::Null;
                }
            }
            (field, value) => changed[field] = value,
        }
    }
    check(&changed)?;
    workgroup.body["Configuration"] = changed;
    for field in ["State", "Description"].into_iter().filter(|field| !body[*field].is_null()) {
        workgroup.body[field] = body[field].clone();
    }
    Ok(json!({}))
}

fn delete(all: &mut All, call: &Call, body: &Value) -> Result<Value, AwsError> {
    let workgroup = named(all, call, body)?;
    if !workgroup.queries.is_empty() && body["RecursiveDeleteOption"] != true {
        return Err(invalid("WorkGroup is not empty".to_owned()));
    }
    all.remove(&place(call, body["WorkGroup"].as_str().unwrap_or_default()));
    Ok(json!({}))
}

fn list_tags(all: &mut All, call: &Call, body: &Value) -> Result<Value, AwsError> {
    let tags = by_arn(all, call, body)?.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
    Ok(json!({ "Tags": tags.collect::<Vec<_>>() }))
}

fn change_tags(all: &mut All, call: &Call, body: &Value) -> Result<Value, AwsError> {
    let workgroup = by_arn(all, call, body)?;
    workgroup.tags.extend(tags_in(body));
    let removed = body["TagKeys"].as_array().cloned().unwrap_or_default();
    workgroup.tags.retain(|key, _| !removed.iter().any(|other| other == key));
    Ok(json!({}))
}

fn create_query(all: &mut All, call: &Call, body: &Value) -> Result<Value, AwsError> {
    let workgroup = named(all, call, body)?;
    let token = &body["ClientRequestToken"];
    if let Some((id, _)) = workgroup.queries.iter().find(|(_, query)| !token.is_null() && query["ClientRequestToken"] == *token) {
        return Ok(json!({ "NamedQueryId": id }));
    }
    let id = uuid::Uuid::new_v4().to_string();
    let mut query = body.clone();
    query["NamedQueryId"] = json!(id);
    workgroup.queries.insert(id.clone(), query);
    Ok(json!({ "NamedQueryId": id }))
}

fn batch_get_queries(all: &mut All, call: &Call, body: &Value) -> Result<Value, AwsError> {
    let ids = body["NamedQueryIds"].as_array().cloned().unwrap_or_default();
    let own = place(call, "");
    let of_caller = all.iter().filter(|(place, _)| place.starts_with(&own));
    let found: Vec<&Value> =
        of_caller.flat_map(|(_, workgroup)| workgroup.queries.values()).filter(|query| ids.contains(&query["NamedQueryId"])).collect();
    Ok(json!({ "NamedQueries": found, "UnprocessedNamedQueryIds": [] }))
}

fn update_query(all: &mut All, call: &Call, body: &Value) -> Result<Value, AwsError> {
    let id = body["NamedQueryId"].as_str().unwrap_or_default();
    if let Some(query) = query_of(all, call, body)?.queries.get_mut(id) {
        for field in ["Name", "Description", "QueryString"].into_iter().filter(|field| !body[*field].is_null()) {
            query[field] = body[field].clone();
        }
    }
    Ok(json!({}))
}

fn delete_query(all: &mut All, call: &Call, body: &Value) -> Result<Value, AwsError> {
    let id = body["NamedQueryId"].as_str().unwrap_or_default();
    query_of(all, call, body)?.queries.remove(id);
    Ok(json!({}))
}
