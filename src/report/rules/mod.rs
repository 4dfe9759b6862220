//! The rules for people: pages in the terminal, and the pages of `docs/rules/`. Pure: made from the catalogue.

pub mod docs;
pub mod page;

use crate::rules::catalogue::{Catalogue, Entry};
use crate::rules::rules;
use std::collections::{BTreeMap, BTreeSet};

/// The kind of object that a rule judges.
pub fn kind_of(id: &str) -> &'static str {
    rules().find(|rule| rule.id == id).map_or("", |rule| rule.judge.kind())
}

/// The requirements that a rule serves, by framework, each with those who say so.
fn requirements<'c>(entry: &'c Entry, catalogue: &'c Catalogue) -> BTreeMap<&'c str, BTreeMap<&'c str, BTreeSet<&'c str>>> {
    let mut frameworks: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for requirement in catalogue.requirements(entry) {
        let publishers = requirement.published_by.split("; ").map(|said| said.split_once(':').map_or(said, |(publisher, _)| publisher));
        let told = frameworks.entry(&requirement.framework).or_default().entry(&requirement.requirement).or_default();
        told.extend(publishers);
    }
    frameworks
}

/// What other tools call the topics of a rule.
fn tools<'c>(entry: &'c Entry, catalogue: &'c Catalogue) -> BTreeMap<&'c str, BTreeSet<&'c str>> {
    let mut tools: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for tool in catalogue.tools(entry) {
        tools.entry(&tool.tool).or_default().insert(&tool.ids);
    }
    tools
}

fn joined<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    texts.into_iter().collect::<Vec<_>>().join(", ")
}
