//! The table over all log files: its partitions are projected over account, Region and day, so nothing has to be loaded.

use super::Place;
use super::columns::{COLUMNS, DAY_FORMAT, FIRST_DAY, regions};
use super::database::Database;
use crate::facets::observed::Seen;
use crate::facets::read::{GlueRead, Read};
use crate::facets::rights::Rights;
use crate::facets::step::{GlueStep, Step};
use crate::facets::{Change, Facet, Source};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TableState {
    pub location: String,
    /// Types by name.
    pub columns: BTreeMap<String, String>,
    pub partitions: BTreeMap<String, String>,
    pub input_format: String,
    pub output_format: String,
    pub serde: String,
    /// Those that say where log files are; Glue and its users add others.
    pub parameters: BTreeMap<String, String>,
}

/// Whether a parameter of a table says where log files are.
pub fn says_where(parameter: &str) -> bool {
    parameter.starts_with("projection.") || parameter.starts_with("storage.location")
}

pub struct Table(pub Place);

impl Table {
    fn parameters(&self) -> BTreeMap<String, String> {
        let mut all = vec![
            ("projection.enabled", "true".to_owned()),
            ("projection.region.type", "enum".to_owned()),
            ("projection.region.values", self.regions()),
            ("projection.day.type", "date".to_owned()),
            ("projection.day.format", DAY_FORMAT.to_owned()),
            ("projection.day.interval", "1".to_owned()),
            ("projection.day.interval.unit", "DAYS".to_owned()),
            ("projection.day.range", format!("{FIRST_DAY},NOW")),
            ("storage.location.template", format!("{}${{account}}/CloudTrail/${{region}}/${{day}}", self.0.folder())),
        ];
        if self.0.organization().is_some() {
            // Members come and go: a query names the account.
            all.push(("projection.account.type", "injected".to_owned()));
        } else {
            let accounts: Vec<String> = self.0.accounts().into_iter().collect();
            all.extend([("projection.account.type", "enum".to_owned()), ("projection.account.values", accounts.join(","))]);
        }
        all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn regions(&self) -> String {
        let account = &self.0.context.account;
        let known = account.regions.iter().map(String::as_str);
        let all: BTreeSet<&str> = regions(account.partition).iter().copied().chain(known).chain([self.0.region()]).collect();
        all.into_iter().collect::<Vec<_>>().join(",")
    }
}

impl Facet for Table {
    const NAME: &'static str = "table";
    type State = TableState;

    fn source(&self, seen: &Seen) -> Source {
        Source::ask_below(seen, Database::NAME, || {
            Read::Glue(GlueRead::Table { database: self.0.database(), table: self.0.table().to_owned() })
        })
    }

    fn desired(&self, _observed: Option<&TableState>, _seen: &Seen) -> TableState {
        let strings = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), "string".to_owned())).collect();
        TableState {
            location: self.0.folder(),
            columns: COLUMNS.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect(),
            partitions: strings(&["account", "region", "day"]),
            input_format: "com.amazon.emr.cloudtrail.CloudTrailInputFormat".to_owned(),
            output_format: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat".to_owned(),
            serde: "org.apache.hive.hcatalog.data.JsonSerDe".to_owned(),
            parameters: self.parameters(),
        }
    }

    fn steps(&self, change: &Change<'_, TableState>) -> Vec<Step> {
        let (database, name, table) = (self.0.database(), self.0.table().to_owned(), change.desired.clone());
        vec![Step::Glue(match change.observed {
            None => GlueStep::CreateTable { database, name, table },
            Some(_) => GlueStep::UpdateTable { database, name, table },
        })]
    }

    /// It is deleted with its database.
    fn rights(&self) -> Rights {
        let resources = [self.0.table_arn(), self.0.database_arn(), self.0.catalog_arn()];
        resources.iter().fold(Rights::default(), |rights, resource| {
            rights.reading(resource, &["glue:GetTable"]).writing(resource, &["glue:CreateTable", "glue:UpdateTable"])
        })
    }
}
