//! The named queries of the workgroup: the usual questions. Ours are those whose names begin so; others stay.

use super::Place;
use super::workgroup::Workgroup;
use crate::facets::observed::Seen;
use crate::facets::read::{AthenaRead, Read};
use crate::facets::rights::Rights;
use crate::facets::step::{AthenaStep, Step};
use crate::facets::{Change, Facet, Source};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub const OURS: &str = "Trailkeeper: ";

/// The queries by name, without what all of ours begin with.
pub type QueriesState = BTreeMap<String, QueryState>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QueryState {
    pub description: String,
    pub query: String,
}

/// Ids by name, as Athena gave them.
pub type QueryIds = BTreeMap<String, String>;

/// Name, description, and what is asked after `WHERE`.
const QUESTIONS: [(&str, &str, &str); 6] = [
    (
        "root user",
        "Everything that the root user did",
        "useridentity.type = 'Root' AND useridentity.invokedby IS NULL AND eventtype <> 'AwsServiceEvent'",
    ),
    (
        "assumed roles",
        "Who assumed which role",
        "eventsource = 'sts.amazonaws.com' AND eventname IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'AssumeRoot')",
    ),
    (
        "failed console logins",
        "Sign-ins to the console that failed",
        "eventname = 'ConsoleLogin' AND json_extract_scalar(responseelements, '$.ConsoleLogin') = 'Failure'",
    ),
    ("IAM changes", "Who changed users, roles and policies", "eventsource = 'iam.amazonaws.com' AND readonly = 'false'"),
    ("one principal", "What one principal did: put its ARN in the place of ARN", "useridentity.arn LIKE '%ARN%'"),
    (
        "logging changes",
        "Who stopped, deleted or changed a trail",
        "eventsource = 'cloudtrail.amazonaws.com' AND eventname IN ('StopLogging', 'StartLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors')",
    ),
];

pub struct Queries(pub Place);

impl Queries {
    fn text(&self, condition: &str) -> String {
        // An organization's accounts are not listed in the table.
        let account = match self.0.organization() {
            Some(_) => format!("account = '{}' AND ", self.0.context.account.id),
            None => String::new(),
        };
        format!(
            "SELECT eventtime, account, region, useridentity.arn AS who, eventsource, eventname, sourceipaddress, useragent, errorcode, requestparameters\n\
             FROM \"{}\".\"{}\"\n\
             WHERE {account}day >= date_format(current_date - interval '7' day, '%Y/%m/%d')\n  AND {condition}\n\
             ORDER BY eventtime DESC",
            self.0.database(),
            self.0.table()
        )
    }
}

impl Facet for Queries {
    const NAME: &'static str = "queries";
    type State = QueriesState;

    fn source(&self, seen: &Seen) -> Source {
        Source::ask_below(seen, Workgroup::NAME, || Read::Athena(AthenaRead::Queries { workgroup: self.0.workgroup() }))
    }

    fn desired(&self, _observed: Option<&QueriesState>, _seen: &Seen) -> QueriesState {
        let query = |description: &str, condition| QueryState { description: description.to_owned(), query: self.text(condition) };
        QUESTIONS.iter().map(|(name, description, condition)| ((*name).to_owned(), query(description, condition))).collect()
    }

    fn steps(&self, change: &Change<'_, QueriesState>) -> Vec<Step> {
        let ids: QueryIds = change.seen.facts(Self::NAME).unwrap_or_default();
        let (workgroup, database) = (self.0.workgroup(), self.0.database());
        let nothing = QueriesState::new();
        let observed = change.observed.unwrap_or(&nothing);
        let mut steps = Vec::new();
        for (name, query) in change.desired.iter().filter(|(name, query)| observed.get(*name) != Some(query)) {
            let (name, query) = (format!("{OURS}{name}"), query.clone());
            steps.push(match ids.get(name.trim_start_matches(OURS)) {
                Some(id) => AthenaStep::UpdateNamedQuery { id: id.clone(), name, query },
                None => AthenaStep::CreateNamedQuery { workgroup: workgroup.clone(), database: database.clone(), name, query },
            });
        }
        let gone = observed.keys().filter(|name| !change.desired.contains_key(*name));
        steps.extend(gone.filter_map(|name| ids.get(name)).map(|id| AthenaStep::DeleteNamedQuery { id: id.clone() }));
        steps.into_iter().map(Step::Athena).collect()
    }

    fn rights(&self) -> Rights {
        Rights::on(
            &self.0.workgroup_arn(),
            &["athena:ListNamedQueries", "athena:BatchGetNamedQuery"],
            &["athena:CreateNamedQuery", "athena:UpdateNamedQuery", "athena:DeleteNamedQuery"],
        )
    }
}
