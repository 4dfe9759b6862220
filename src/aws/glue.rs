//! Glue: reads and writes of a database and a table in the data catalog.

use super::{Cloud, unanswered};
use crate::facets::analysis::database::DatabaseState;
use crate::facets::analysis::table::{TableState, says_where};
use crate::facets::observed::{Answer, Failure, Observed, Reading};
use crate::facets::read::GlueRead;
use crate::facets::step::GlueStep;
use crate::facets::tags::{OwnerFacts, Tags, users};
use aws_sdk_glue::types as sdk;
use std::collections::BTreeMap;

impl Cloud {
    pub(super) async fn read_glue(&self, read: &GlueRead) -> Answer {
        let answer = match read {
            GlueRead::Database { database, arn } => self.database(database, arn).await,
            GlueRead::Table { database, table } => self.table(database, table).await,
        };
        answer.map_or_else(unanswered, Observed::Present)
    }

    async fn database(&self, database: &str, arn: &str) -> Result<Reading, Failure> {
        let client = self.session.glue(&self.region);
        self.call("glue:GetDatabase", database, client.get_database().name(database).send()).await?;
        let answer = self.call("glue:GetTags", arn, client.get_tags().resource_arn(arn).send()).await?;
        let tags: Tags = answer.tags.unwrap_or_default().into_iter().collect();
        Ok(Reading::new(&DatabaseState { tags: users(&tags) }, &OwnerFacts::of(&tags)))
    }

    async fn table(&self, database: &str, table: &str) -> Result<Reading, Failure> {
        let found = self.glue_table(database, table).await?;
        let storage = found.as_ref().and_then(|table| table.storage_descriptor.clone());
        let columns = |columns: Option<Vec<sdk::Column>>| -> BTreeMap<String, String> {
            columns.unwrap_or_default().into_iter().map(|column| (column.name, column.r#type.unwrap_or_default())).collect()
        };
        let parameters = found.as_ref().and_then(|table| table.parameters.clone()).unwrap_or_default();
        let state = TableState {
            location: storage.as_ref().and_then(|storage| storage.location.clone()).unwrap_or_default(),
            columns: columns(storage.as_ref().and_then(|storage| storage.columns.clone())),
            partitions: columns(found.and_then(|table| table.partition_keys)),
            input_format: storage.as_ref().and_then(|storage| storage.input_format.clone()).unwrap_or_default(),
            output_format: storage.as_ref().and_then(|storage| storage.output_format.clone()).unwrap_or_default(),
            serde: storage.and_then(|storage| storage.serde_info).and_then(|serde| serde.serialization_library).unwrap_or_default(),
            parameters: parameters.into_iter().filter(|(name, _)| says_where(name)).collect(),
        };
        Ok(Reading::state(&state))
    }

    async fn glue_table(&self, database: &str, table: &str) -> Result<Option<sdk::Table>, Failure> {
        let client = self.session.glue(&self.region);
        let request = client.get_table().database_name(database).name(table);
        Ok(self.call("glue:GetTable", table, request.send()).await?.table)
    }

    pub(super) async fn write_glue(&self, step: &GlueStep) -> Result<(), Failure> {
        let client = self.session.glue(&self.region);
        match step {
            GlueStep::CreateDatabase { database, tags } => {
                let input = sdk::DatabaseInput::builder().name(database).description("CloudTrail logs. Kept by Trailkeeper").build();
                let input = input.map_err(|error| self.unbuildable("glue:CreateDatabase", database, &error))?;
                let request = client.create_database().database_input(input).set_tags(Some(tags.clone().into_iter().collect()));
                self.call("glue:CreateDatabase", database, request.send()).await.map(drop)
            }
            GlueStep::TagResource { arn, tags } => {
                let request = client.tag_resource().resource_arn(arn).set_tags_to_add(Some(tags.clone().into_iter().collect()));
                self.call("glue:TagResource", arn, request.send()).await.map(drop)
            }
            GlueStep::UntagResource { arn, tag_keys } => {
                let request = client.untag_resource().resource_arn(arn).set_tags_to_remove(Some(tag_keys.clone()));
                self.call("glue:UntagResource", arn, request.send()).await.map(drop)
            }
            GlueStep::CreateTable { database, name, table } => {
                let input = self.table_input("glue:CreateTable", name, table, BTreeMap::new())?;
                let request = client.create_table().database_name(database).table_input(input);
                self.call("glue:CreateTable", name, request.send()).await.map(drop)
            }
            GlueStep::UpdateTable { database, name, table } => {
                // An update takes the whole table: parameters of others stay.
                let there = self.glue_table(database, name).await?.and_then(|table| table.parameters).unwrap_or_default();
                let others = there.into_iter().filter(|(name, _)| !says_where(name)).collect();
                let input = self.table_input("glue:UpdateTable", name, table, others)?;
                let request = client.update_table().database_name(database).table_input(input);
                self.call("glue:UpdateTable", name, request.send()).await.map(drop)
            }
            GlueStep::DeleteDatabase { database } => {
                self.call("glue:DeleteDatabase", database, client.delete_database().name(database).send()).await.map(drop)
            }
        }
    }

    fn table_input(
        &self,
        operation: &str,
        name: &str,
        table: &TableState,
        others: BTreeMap<String, String>,
    ) -> Result<sdk::TableInput, Failure> {
        let unbuildable = |error: &dyn std::fmt::Display| self.unbuildable(operation, name, error);
        let column = |(name, kind): (&String, &String)| sdk::Column::builder().name(name).r#type(kind).build();
        let columns = table.columns.iter().map(column).collect::<Result<Vec<_>, _>>().map_err(|error| unbuildable(&error))?;
        let partitions = table.partitions.iter().map(column).collect::<Result<Vec<_>, _>>().map_err(|error| unbuildable(&error))?;
        let storage = sdk::StorageDescriptor::builder()
            .set_columns(Some(columns))
            .location(&table.location)
            .input_format(&table.input_format)
            .output_format(&table.output_format)
            .serde_info(sdk::SerDeInfo::builder().serialization_library(&table.serde).build())
            .build();
        let mut parameters = others;
        parameters.extend(table.parameters.clone());
        parameters.insert("EXTERNAL".to_owned(), "TRUE".to_owned());
        sdk::TableInput::builder()
            .name(name)
            .description("CloudTrail log files. Kept by Trailkeeper")
            .table_type("EXTERNAL_TABLE")
            .storage_descriptor(storage)
            .set_partition_keys(Some(partitions))
            .set_parameters(Some(parameters.into_iter().collect()))
            .build()
            .map_err(|error| unbuildable(&error))
    }
}
