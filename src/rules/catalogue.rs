//! The catalogue: what every rule is called, why it is there and how to satisfy it, with the ids that other tools have for the
//! same topic and the framework requirements that it serves. Data files, compiled in.
//!
//! `topics.csv`, `tools.csv` and `framework-mappings.csv` state what others publish; they are not our claims.

use super::finding::Severity;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// One file per subject, in the order of the ids.
const FILES: [(&str, &str); 10] = [
    ("trail.yaml", include_str!("data/trail.yaml")),
    ("events.yaml", include_str!("data/events.yaml")),
    ("delivery.yaml", include_str!("data/delivery.yaml")),
    ("bucket.yaml", include_str!("data/bucket.yaml")),
    ("key.yaml", include_str!("data/key.yaml")),
    ("monitoring.yaml", include_str!("data/monitoring.yaml")),
    ("organization.yaml", include_str!("data/organization.yaml")),
    ("account.yaml", include_str!("data/account.yaml")),
    ("cost.yaml", include_str!("data/cost.yaml")),
    ("lake.yaml", include_str!("data/lake.yaml")),
];
const TOPICS: &str = include_str!("data/topics.csv");
const TOOLS: &str = include_str!("data/tools.csv");
const MAPPINGS: &str = include_str!("data/framework-mappings.csv");

/// What a rule says of itself.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    pub id: String,
    pub title: String,
    pub severity: Severity,
    /// Topics of `topics.csv`; empty for what no other tool checks.
    #[serde(default)]
    pub topics: Vec<String>,
    /// Only a live object shows it: lint leaves it out.
    #[serde(default)]
    pub live: bool,
    /// Evidence that not every case has: where none of it was looked at, the rule is left out.
    #[serde(default)]
    pub asks: Vec<String>,
    /// Facet paths.
    pub looks_at: Vec<String>,
    pub why: String,
    /// What to do, in words.
    pub fix: String,
    /// The same as a patch of the manifest, where the spec can say it: of the object itself, or of the `kind` that it names.
    #[serde(default)]
    pub patch: Option<serde_json::Value>,
    /// The same as a condition of the API server, where the object's own spec decides it.
    #[serde(default)]
    pub admission: Option<Admission>,
    /// Pages that the rule comes from.
    pub grounds: Vec<String>,
    /// Where sources contradict each other, or a known tool is wrong.
    #[serde(default)]
    pub note: Option<String>,
}

/// What the API server is to refuse.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Admission {
    /// CEL over `object`, with the CRD's defaults filled in: true where the rule is satisfied. A field alone is of no type to the
    /// API server: compare it.
    pub holds: String,
    /// A patch of a manifest without fault that the rule fails, and that must be refused.
    pub refuses: serde_json::Value,
}

/// A subject of audit logging that rules of several tools are about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Topic {
    pub topic: String,
    /// `direct` if CloudTrail itself is concerned, `companion` if any bucket, key, topic or log group.
    pub about: String,
    pub title: String,
    pub inspected: String,
}

/// The ids of one tool for one topic.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Tool {
    pub topic: String,
    pub tool: String,
    pub ids: String,
}

/// A requirement of a framework that somebody says to be served by a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Requirement {
    pub topic: String,
    pub framework: String,
    pub requirement: String,
    /// `publisher:its id`, separated by `; `.
    pub published_by: String,
}

/// Everything that is known of the rules beside how they judge.
#[derive(Clone, Debug)]
pub struct Catalogue {
    entries: BTreeMap<String, Entry>,
    topics: BTreeMap<String, Topic>,
    tools: Vec<Tool>,
    requirements: BTreeMap<String, Vec<Requirement>>,
}

impl Catalogue {
    /// The catalogue of this version.
    pub fn builtin() -> Result<Self> {
        let mut entries = BTreeMap::new();
        for (file, text) in FILES {
            let read: Vec<Entry> = serde_saphyr::from_str(text).with_context(|| format!("the rule catalogue, {file}"))?;
            entries.extend(read.into_iter().map(|entry| (entry.id.clone(), entry)));
        }
        let topics = rows::<Topic>("topics.csv", TOPICS)?.into_iter().map(|topic| (topic.topic.clone(), topic)).collect();
        let mut requirements: BTreeMap<String, Vec<Requirement>> = BTreeMap::new();
        for requirement in rows::<Requirement>("framework-mappings.csv", MAPPINGS)? {
            requirements.entry(requirement.topic.clone()).or_default().push(requirement);
        }
        Ok(Self { entries, topics, tools: rows("tools.csv", TOOLS)?, requirements })
    }

    /// Every rule, by id.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// Every topic, by name.
    pub fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.topics.values()
    }

    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.get(name)
    }

    /// The names of all frameworks.
    pub fn frameworks(&self) -> BTreeSet<&str> {
        self.requirements.values().flatten().map(|requirement| requirement.framework.as_str()).collect()
    }

    /// What other tools call the topics of a rule.
    pub fn tools<'c>(&'c self, entry: &'c Entry) -> impl Iterator<Item = &'c Tool> {
        self.tools.iter().filter(|tool| entry.topics.contains(&tool.topic))
    }

    /// What other tools have for a topic.
    pub fn tools_of<'c>(&'c self, topic: &'c str) -> impl Iterator<Item = &'c Tool> {
        self.tools.iter().filter(move |tool| tool.topic == topic)
    }

    /// The requirements that a rule serves, each once per topic.
    pub fn requirements<'c>(&'c self, entry: &'c Entry) -> impl Iterator<Item = &'c Requirement> {
        entry.topics.iter().filter_map(|topic| self.requirements.get(topic)).flatten()
    }

    /// Whether a rule serves any requirement of a framework.
    pub fn serves(&self, entry: &Entry, framework: &str) -> bool {
        self.requirements(entry).any(|requirement| requirement.framework == framework)
    }
}

fn rows<T: for<'a> Deserialize<'a>>(file: &str, text: &str) -> Result<Vec<T>> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().collect::<Result<_, _>>().with_context(|| format!("the rule catalogue, {file}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{AwsAccountSpec, EventDataStoreSpec, LogArchiveSpec, TrailSpec};
    use crate::rules::{Judge, rules};

    #[test]
    fn every_rule_has_its_entry_and_every_entry_its_rule() {
        let catalogue = Catalogue::builtin().unwrap();
        let judged: Vec<&str> = rules().map(|rule| rule.id).collect();
        let unique: BTreeSet<&str> = judged.iter().copied().collect();
        assert_eq!(judged.len(), unique.len(), "an id is given twice");
        let told: BTreeSet<&str> = catalogue.entries().map(|entry| entry.id.as_str()).collect();
        assert_eq!(unique, told);
    }

    #[test]
    fn nothing_dangles() {
        let catalogue = Catalogue::builtin().unwrap();
        for entry in catalogue.entries() {
            for topic in &entry.topics {
                assert!(catalogue.topic(topic).is_some(), "{}: there is no topic {topic}", entry.id);
            }
            assert!(!entry.grounds.is_empty() && entry.grounds.iter().all(|ground| !ground.is_empty()), "{} has no ground", entry.id);
            assert!(entry.patch.as_ref().is_none_or(|patch| patch.get("spec").is_some()), "{}: a patch begins at spec", entry.id);
        }
        let known = |topic: &str| catalogue.topic(topic).is_some();
        assert!(catalogue.tools.iter().all(|tool| known(&tool.topic)));
        assert!(catalogue.requirements.keys().all(|topic| known(topic)));
    }

    /// A spec that a patch can be merged into.
    fn least(kind: &str) -> serde_json::Value {
        let account = serde_json::json!({"name": "x"});
        match kind {
            "AwsAccount" => serde_json::json!({"accountId": "111111111111"}),
            "LogArchive" => serde_json::json!({"accountRef": account, "region": "eu-west-1", "bucketName": "logs"}),
            "EventDataStore" => serde_json::json!({"accountRef": account, "region": "eu-west-1"}),
            _ => serde_json::json!({"accountRef": account, "region": "eu-west-1", "bucket": {"name": "logs"}}),
        }
    }

    #[test]
    fn every_patch_is_taken_by_its_kind() {
        let catalogue = Catalogue::builtin().unwrap();
        for rule in rules() {
            let Some(patch) = &catalogue.entry(rule.id).unwrap().patch else { continue };
            let own = match rule.judge {
                Judge::Trail(_) => "Trail",
                Judge::Archive(_) => "LogArchive",
                Judge::Account(_) => "AwsAccount",
                Judge::Store(_) => "EventDataStore",
            };
            let kind = patch.get("kind").and_then(serde_json::Value::as_str).unwrap_or(own);
            let mut spec = least(kind);
            json_patch::merge(&mut spec, &patch["spec"]);
            let taken = match kind {
                "Trail" => serde_json::from_value::<TrailSpec>(spec).map(drop),
                "LogArchive" => serde_json::from_value::<LogArchiveSpec>(spec).map(drop),
                "AwsAccount" => serde_json::from_value::<AwsAccountSpec>(spec).map(drop),
                "EventDataStore" => serde_json::from_value::<EventDataStoreSpec>(spec).map(drop),
                other => panic!("{}: there is no kind {other}", rule.id),
            };
            assert!(taken.is_ok(), "{}: {taken:?}", rule.id);
        }
    }

    /// Topics that no rule is about, and why.
    const UNCOVERED: [(&str, &str); 4] = [
        ("detectors-consume", "whether GuardDuty or Security Hub are on is read nowhere, and changes nothing about the log"),
        ("td-enum", "threat detection looks at events, rules at settings"),
        ("td-llmjack", "threat detection looks at events, rules at settings"),
        ("td-privesc", "threat detection looks at events, rules at settings"),
    ];

    #[test]
    fn every_topic_has_a_rule_or_a_reason_to_have_none() {
        let catalogue = Catalogue::builtin().unwrap();
        let covered: BTreeSet<&str> = catalogue.entries().flat_map(|entry| &entry.topics).map(String::as_str).collect();
        let lacking: Vec<&str> = catalogue.topics().map(|topic| topic.topic.as_str()).filter(|topic| !covered.contains(topic)).collect();
        assert_eq!(lacking, UNCOVERED.map(|(topic, _)| topic));
        assert!(covered.len() >= 70, "{} topics", covered.len());
    }
}
