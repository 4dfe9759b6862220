//! The Glue database that holds the table.

use super::Place;
use crate::facets::observed::Seen;
use crate::facets::read::{GlueRead, Read};
use crate::facets::rights::Rights;
use crate::facets::step::{GlueStep, Step};
use crate::facets::tags::{Tags, changes, with_owner};
use crate::facets::{Change, Facet, Resource, Source};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DatabaseState {
    pub tags: Tags,
}

pub struct Database(pub Place);

impl Facet for Database {
    const NAME: &'static str = "database";
    type State = DatabaseState;

    fn source(&self, _seen: &Seen) -> Source {
        Source::Ask(Read::Glue(GlueRead::Database { database: self.0.database(), arn: self.0.database_arn() }))
    }

    fn desired(&self, _observed: Option<&DatabaseState>, _seen: &Seen) -> DatabaseState {
        DatabaseState { tags: self.0.context.spec.tags.clone() }
    }

    fn steps(&self, change: &Change<'_, DatabaseState>) -> Vec<Step> {
        let (database, arn) = (self.0.database(), self.0.database_arn());
        let tags = &change.desired.tags;
        let Some(observed) = change.observed else {
            return vec![Step::Glue(GlueStep::CreateDatabase { database, tags: with_owner(tags, &self.0.context.owner, false) })];
        };
        let (set, remove) = changes(tags, &observed.tags);
        let mut steps = Vec::new();
        if !remove.is_empty() {
            steps.push(Step::Glue(GlueStep::UntagResource { arn: arn.clone(), tag_keys: remove }));
        }
        if !set.is_empty() {
            steps.push(Step::Glue(GlueStep::TagResource { arn, tags: set }));
        }
        steps
    }

    /// Deleting a database asks for the right on all that is in it, too (AWS Glue Developer Guide, "Specifying AWS Glue
    /// resource ARNs").
    fn rights(&self) -> Rights {
        let mut rights = Rights::default();
        for resource in [self.0.database_arn(), self.0.catalog_arn()] {
            rights = rights
                .reading(&resource, &["glue:GetDatabase"])
                .writing(&resource, &["glue:CreateDatabase"])
                .deleting(&resource, &["glue:DeleteDatabase"]);
        }
        for content in [self.0.in_database("table"), self.0.in_database("userDefinedFunction")] {
            rights = rights.deleting(&content, &["glue:DeleteDatabase"]);
        }
        rights
            .reading(&self.0.database_arn(), &["glue:GetTags"])
            .writing(&self.0.database_arn(), &["glue:TagResource", "glue:UntagResource"])
    }
}

impl Resource for Database {
    fn noun(&self) -> &'static str {
        "database"
    }
    fn id(&self) -> String {
        self.0.database()
    }
    fn root(&self) -> &'static str {
        Self::NAME
    }
    fn tags(&self) -> &'static str {
        Self::NAME
    }
    fn claim(&self, _seen: &Seen, marks: Tags) -> Option<Step> {
        Some(Step::Glue(GlueStep::TagResource { arn: self.0.database_arn(), tags: marks }))
    }
    /// With its tables, which hold no data: the log files stay where they are.
    fn delete(&self, _seen: &Seen) -> Vec<Step> {
        vec![Step::Glue(GlueStep::DeleteDatabase { database: self.0.database() })]
    }
}
