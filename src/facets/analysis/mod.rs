//! Athena over an archive: workgroup, database, table and named queries. What they are called and where they look.

pub mod columns;
pub mod database;
pub mod queries;
pub mod table;
pub mod workgroup;

#[cfg(test)]
mod tests;

use super::context::ArchiveContext;
use super::observed::Seen;
use crate::api::analysis::Analysis;
use crate::facets::bucket_encryption::kms_key;
use std::collections::BTreeSet;

/// The archive's analysis, with what follows from its writers.
#[derive(Clone)]
pub struct Place {
    pub context: ArchiveContext,
    pub spec: Analysis,
}

impl Place {
    pub fn of(context: &ArchiveContext) -> Option<Self> {
        context.spec.analysis.clone().map(|spec| Self { context: context.clone(), spec })
    }

    pub fn region(&self) -> &str {
        &self.context.spec.region
    }

    pub fn workgroup(&self) -> String {
        self.spec.workgroup.clone().unwrap_or_else(|| format!("trailkeeper-{}", self.context.spec.bucket_name))
    }

    pub fn database(&self) -> String {
        let default = || format!("trailkeeper_{}", self.context.spec.bucket_name.replace(['-', '.'], "_"));
        self.spec.database.clone().unwrap_or_else(default)
    }

    pub fn table(&self) -> &str {
        &self.spec.table
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        let account = &self.context.account;
        format!("arn:{}:{service}:{}:{}:{resource}", account.partition.as_str(), self.region(), account.id)
    }

    pub fn workgroup_arn(&self) -> String {
        self.arn("athena", &format!("workgroup/{}", self.workgroup()))
    }

    pub fn database_arn(&self) -> String {
        self.arn("glue", &format!("database/{}", self.database()))
    }

    pub fn table_arn(&self) -> String {
        self.arn("glue", &format!("table/{}/{}", self.database(), self.table()))
    }

    /// Everything of a kind in the database.
    pub fn in_database(&self, kind: &str) -> String {
        self.arn("glue", &format!("{kind}/{}/*", self.database()))
    }

    pub fn catalog_arn(&self) -> String {
        self.arn("glue", "catalog")
    }

    pub fn results(&self) -> String {
        let folder = if self.spec.results_prefix.is_empty() { String::new() } else { format!("{}/", self.spec.results_prefix) };
        format!("s3://{}/{folder}", self.spec.results_bucket)
    }

    /// ARN of the key for results; empty for SSE-S3.
    pub fn results_key(&self, seen: &Seen) -> String {
        self.spec.results_kms_key_arn.clone().unwrap_or_else(|| kms_key(&self.context, seen))
    }

    /// The organization whose folder the table reads.
    pub fn organization(&self) -> Option<String> {
        let of_writers = || self.context.writers.iter().find_map(|writer| writer.organization_id.clone());
        self.spec.organization_id.clone().or_else(of_writers)
    }

    /// The accounts that write here. The archive's own while nobody does.
    pub fn accounts(&self) -> BTreeSet<String> {
        let writers = self.context.writers.iter().filter_map(|writer| writer.trail_arn.split(':').nth(4)).map(str::to_owned);
        let accounts: BTreeSet<String> = writers.collect();
        if accounts.is_empty() { BTreeSet::from([self.context.account.id.clone()]) } else { accounts }
    }

    /// The folder that has the accounts' folders. Where writers have several key prefixes, the first.
    pub fn folder(&self) -> String {
        let prefix = self.context.writers.iter().map(|writer| writer.key_prefix.as_str()).min().unwrap_or_default();
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let organization = self.organization().map(|id| format!("{id}/")).unwrap_or_default();
        format!("s3://{}/{prefix}AWSLogs/{organization}", self.context.spec.bucket_name)
    }
}
