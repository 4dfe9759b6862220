//! Names, folders, partitions and queries, as they follow from a spec and its writers.

use super::Place;
use super::columns::COLUMNS;
use super::queries::{OURS, Queries, QueriesState, QueryIds, QueryState};
use super::table::{Table, TableState};
use crate::api::aws_account::Partition;
use crate::facets::context::{AccountFacts, ArchiveContext};
use crate::facets::observed::{Observed, Reading, Seen};
use crate::facets::step::{AthenaStep, Step};
use crate::facets::{Change, Facet};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The analysis of archive `acme-audit.logs` of account 111111111111, with `more` in `spec.analysis`, and these writers.
fn place(more: Value, writers: &[Value]) -> Place {
    let mut analysis = json!({ "resultsBucket": "answers" });
    json_patch::merge(&mut analysis, &more);
    let spec = json!({ "accountRef": { "name": "x" }, "region": "eu-west-1", "bucketName": "acme-audit.logs", "analysis": analysis });
    let account =
        AccountFacts { id: "111111111111".into(), partition: Partition::Aws, organization: None, regions: vec!["xx-new-1".into()] };
    let mut context = ArchiveContext::new(serde_json::from_value(spec).unwrap(), account);
    context.writers = writers.iter().map(|writer| serde_json::from_value(writer.clone()).unwrap()).collect();
    Place::of(&context).unwrap()
}

/// A trail of `account` that writes under `prefix`.
fn writer(account: &str, prefix: &str, organization: Option<&str>) -> Value {
    json!({ "name": "audit", "namespace": "default", "trailArn": format!("arn:aws:cloudtrail:eu-west-1:{account}:trail/audit"),
            "accountId": account, "keyPrefix": prefix, "organizationId": organization })
}

fn table(place: &Place) -> TableState {
    Table(place.clone()).desired(None, &Seen::default())
}

fn texts(place: &Place) -> Vec<String> {
    Queries(place.clone()).desired(None, &Seen::default()).into_values().map(|query| query.query).collect()
}

#[test]
fn names_are_the_buckets_unless_given() {
    let place_of = |more| place(more, &[]);
    let default = place_of(json!({}));
    let names = |place: &Place| [place.workgroup(), place.database(), place.table().to_owned(), place.results()];
    let expected = ["trailkeeper-acme-audit.logs", "trailkeeper_acme_audit_logs", "cloudtrail", "s3://answers/trailkeeper/"];
    assert_eq!(names(&default), expected);
    let given = place_of(json!({ "workgroup": "w", "database": "d", "table": "t", "resultsPrefix": "" }));
    assert_eq!(names(&given), ["w", "d", "t", "s3://answers/"]);
    assert_eq!(given.workgroup_arn(), "arn:aws:athena:eu-west-1:111111111111:workgroup/w");
    assert_eq!(given.table_arn(), "arn:aws:glue:eu-west-1:111111111111:table/d/t");
    assert!(texts(&given).iter().all(|text| text.contains("FROM \"d\".\"t\"")));
}

#[test]
fn the_table_lists_the_accounts_that_write() {
    let parameters = |writers: &[Value]| table(&place(json!({}), writers)).parameters;
    assert_eq!(parameters(&[])["projection.account.values"], "111111111111", "the archive's own, while nobody writes");
    let two = parameters(&[writer("333333333333", "", None), writer("222222222222", "", None)]);
    assert_eq!((two["projection.account.type"].as_str(), two["projection.account.values"].as_str()), ("enum", "222222222222,333333333333"));
    let regions: BTreeSet<&str> = two["projection.region.values"].split(',').collect();
    assert!(["us-east-1", "eu-west-1", "xx-new-1"].iter().all(|region| regions.contains(region)), "{regions:?}");
}

#[test]
fn an_organizations_folder_is_read_by_account() {
    let organization = Some("o-abcdefghij");
    for place in [place(json!({ "organizationId": "o-abcdefghij" }), &[]), place(json!({}), &[writer("222222222222", "", organization)])] {
        let table = table(&place);
        assert_eq!(table.location, "s3://acme-audit.logs/AWSLogs/o-abcdefghij/");
        assert_eq!(table.parameters["projection.account.type"], "injected");
        assert!(!table.parameters.contains_key("projection.account.values"));
        // Athena refuses a query that does not say which.
        assert!(texts(&place).iter().all(|text| text.contains("WHERE account = '111111111111' AND day >=")));
    }
    assert!(!texts(&place(json!({}), &[])).iter().any(|text| text.contains("account =")));
}

#[test]
fn the_first_key_prefix_is_read() {
    let place = place(json!({}), &[writer("222222222222", "b", None), writer("333333333333", "a", None)]);
    let table = table(&place);
    assert_eq!(table.location, "s3://acme-audit.logs/a/AWSLogs/");
    let template = "s3://acme-audit.logs/a/AWSLogs/${account}/CloudTrail/${region}/${day}";
    assert_eq!(table.parameters["storage.location.template"], template);
}

#[test]
fn every_partition_is_projected_and_is_no_column() {
    for organization in [None, Some("o-abcdefghij")] {
        let table = table(&place(json!({}), &[writer("222222222222", "", organization)]));
        let columns: BTreeSet<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        assert_eq!(columns.len(), COLUMNS.len(), "a column twice");
        for partition in table.partitions.keys() {
            assert!(!columns.contains(partition.as_str()), "{partition} is a column, too");
            assert!(table.parameters.contains_key(&format!("projection.{partition}.type")));
            assert!(table.parameters["storage.location.template"].contains(&format!("${{{partition}}}")));
        }
        assert!(table.parameters["storage.location.template"].starts_with(&table.location));
    }
}

/// Glue takes any text for a type; Athena then fails on every query.
#[test]
fn types_are_written_as_hive_reads_them() {
    for (name, kind) in COLUMNS {
        assert_eq!(name, name.to_lowercase());
        let depth = kind.chars().try_fold(0_i32, |depth, letter| match letter {
            '<' => Some(depth + 1),
            '>' => Some(depth - 1).filter(|depth| *depth >= 0),
            ' ' => None,
            _ => Some(depth),
        });
        assert_eq!(depth, Some(0), "{name}: {kind}");
        let words = kind.split(['<', '>', ',', ':']).filter(|word| !word.is_empty());
        assert!(
            words.into_iter().all(|word| word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())),
            "{name}: {kind}"
        );
    }
}

/// What queries name of a table must be there.
#[test]
fn queries_ask_for_columns_that_there_are() {
    let place = place(json!({}), &[]);
    let table = table(&place);
    for text in texts(&place) {
        let selected = text.strip_prefix("SELECT ").and_then(|text| text.split_once('\n')).map(|(columns, _)| columns).unwrap();
        for column in selected.split(", ") {
            let column = column.split(['.', ' ']).next().unwrap();
            assert!(table.columns.contains_key(column) || table.partitions.contains_key(column), "{column}: {text}");
        }
    }
}

#[test]
fn a_query_is_made_changed_or_deleted_by_its_id() {
    let queries = Queries(place(json!({}), &[]));
    let desired = queries.desired(None, &Seen::default());
    let mut observed: QueriesState = desired.clone();
    observed.remove("root user");
    observed.insert("IAM changes".into(), QueryState { description: "mine".into(), query: "SELECT 1".into() });
    observed.insert("a former one".into(), QueryState::default());
    let ids: QueryIds = [("IAM changes", "id-1"), ("a former one", "id-2")].map(|(name, id)| (name.into(), id.into())).into();
    let mut seen = Seen::default();
    seen.insert(Queries::NAME, Observed::Present(Reading::new(&observed, &ids)));
    let steps = queries.steps(&Change { desired: &desired, observed: Some(&observed), differences: &[], seen: &seen });
    let told: Vec<(&str, String)> = steps
        .iter()
        .map(|step| match step {
            Step::Athena(AthenaStep::CreateNamedQuery { name, .. }) => ("create", name.clone()),
            Step::Athena(AthenaStep::UpdateNamedQuery { id, name, .. }) => ("update", format!("{name} {id}")),
            Step::Athena(AthenaStep::DeleteNamedQuery { id }) => ("delete", id.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    let update = format!("{OURS}IAM changes id-1");
    assert_eq!(told, [("update", update), ("create", format!("{OURS}root user")), ("delete", "id-2".to_owned())]);
}
