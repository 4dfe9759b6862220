//! `docs/rules/`: an index, one page per subject, and what is covered by whom. Made from the catalogue, so never edited by hand.

use super::{joined, kind_of, tools};
use crate::report::lint::patch_yaml;
use crate::rules::catalogue::{Catalogue, Entry};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const MADE: &str = "<!-- Made by `make generate` from src/rules/data. -->\n";

/// A page by its file name.
pub type Pages = BTreeMap<String, String>;

/// Every page.
pub fn pages(catalogue: &Catalogue) -> Pages {
    let mut subjects: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    for entry in catalogue.entries() {
        subjects.entry(subject(entry)).or_default().push(entry);
    }
    let mut pages: Pages =
        subjects.iter().map(|(subject, entries)| (format!("{subject}.md"), subject_page(subject, entries, catalogue))).collect();
    pages.insert("README.md".to_owned(), index(&subjects, catalogue));
    pages.insert("coverage.md".to_owned(), coverage(catalogue));
    pages
}

/// The middle of the id: `TK-TRAIL-001` is about the trail.
fn subject(entry: &Entry) -> String {
    entry.id.split('-').nth(1).unwrap_or_default().to_lowercase()
}

/// Where GitHub puts the anchor of a rule's heading.
fn link(entry: &Entry) -> String {
    format!("[{}]({}.md#{})", entry.id, subject(entry), entry.id.to_lowercase())
}

fn index(subjects: &BTreeMap<String, Vec<&Entry>>, catalogue: &Catalogue) -> String {
    let all: usize = subjects.values().map(Vec::len).sum();
    let mut out = format!(
        "{MADE}# Rules\n\n{all} rules over {} topics. `trailkeeper explain ID` shows one with every framework requirement; [coverage](coverage.md) says which other tools check the same.\n\n| rule | severity | judges | title |\n|---|---|---|---|\n",
        catalogue.entries().flat_map(|entry| &entry.topics).collect::<BTreeSet<_>>().len()
    );
    for entry in subjects.values().flatten() {
        let severity: &str = entry.severity.into();
        let live = if entry.live { ", live only" } else { "" };
        let _ = writeln!(out, "| {} | {severity} | {}{live} | {} |", link(entry), kind_of(&entry.id), cell(&entry.title));
    }
    out
}

fn subject_page(subject: &str, entries: &[&Entry], catalogue: &Catalogue) -> String {
    entries.iter().fold(format!("{MADE}# Rules: {subject}\n"), |mut out, entry| {
        section(&mut out, entry, catalogue);
        out
    })
}

fn section(out: &mut String, entry: &Entry, catalogue: &Catalogue) {
    let severity: &str = entry.severity.into();
    let live = if entry.live { " (live objects only)" } else { "" };
    let looks_at: Vec<String> = entry.looks_at.iter().map(|path| format!("`{path}`")).collect();
    let _ = write!(
        out,
        "\n## {}\n\n**{}**\n\n{severity}; judges {}{live}; looks at {}.\n\n{}\n\nFix: {}\n",
        entry.id,
        entry.title,
        kind_of(&entry.id),
        looks_at.join(", "),
        entry.why,
        entry.fix
    );
    if let Some(patch) = &entry.patch {
        let of = patch.get("kind").and_then(Value::as_str).map(|kind| format!("# {kind}\n")).unwrap_or_default();
        let _ = write!(out, "\n```yaml\n{of}{}```\n", patch_yaml(patch));
    }
    if let Some(note) = &entry.note {
        let _ = write!(out, "\nNote: {note}\n");
    }
    let tools: Vec<String> = tools(entry, catalogue).into_iter().map(|(tool, ids)| format!("{tool} `{}`", joined(ids))).collect();
    if !tools.is_empty() {
        let _ = write!(out, "\nOther tools: {}.\n", tools.join("; "));
    }
    let frameworks: BTreeSet<&str> = catalogue.requirements(entry).map(|served| served.framework.as_str()).collect();
    if !frameworks.is_empty() {
        let _ = write!(out, "\nFrameworks: {}.\n", joined(frameworks));
    }
    let grounds: Vec<String> = entry.grounds.iter().map(|ground| ground_link(ground)).collect();
    let _ = write!(out, "\nGrounds: {}\n", grounds.join(", "));
}

fn ground_link(ground: &str) -> String {
    if ground.starts_with("https://") { format!("<{ground}>") } else { ground.to_owned() }
}

/// Which topics are covered by whom.
fn coverage(catalogue: &Catalogue) -> String {
    let mut out = format!(
        "{MADE}# Coverage\n\nTopics that any tool checks, with our rules and theirs. Where a cell is empty, nobody does, or we do not.\n\n| topic | our rules | other tools |\n|---|---|---|\n"
    );
    for topic in catalogue.topics() {
        let ours: Vec<String> = catalogue.entries().filter(|entry| entry.topics.contains(&topic.topic)).map(link).collect();
        let theirs: BTreeSet<&str> = catalogue.tools_of(&topic.topic).map(|tool| tool.tool.as_str()).collect();
        let _ = writeln!(out, "| {} (`{}`) | {} | {} |", cell(&topic.title), topic.topic, ours.join(", "), joined(theirs));
    }
    let alone = |entry: &&Entry| catalogue.tools(entry).next().is_none();
    out.push_str("\n## Checked by no other tool\n\n");
    for entry in catalogue.entries().filter(alone) {
        let _ = writeln!(out, "- {} {}", link(entry), entry.title);
    }
    out
}

/// A text that does not end the cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_rule_has_its_section_and_every_link_its_end() {
        let catalogue = Catalogue::builtin().unwrap();
        let pages = pages(&catalogue);
        for entry in catalogue.entries() {
            let page = &pages[&format!("{}.md", subject(entry))];
            assert!(page.contains(&format!("\n## {}\n", entry.id)), "{}", entry.id);
            assert!(pages["README.md"].contains(&link(entry)) && !page.is_empty());
        }
    }

    #[test]
    fn every_topic_has_its_row() {
        let catalogue = Catalogue::builtin().unwrap();
        let page = &pages(&catalogue)["coverage.md"];
        assert!(catalogue.topics().all(|topic| page.contains(&format!("(`{}`)", topic.topic))));
        assert!(page.contains("| [TK-TRAIL-001](trail.md#tk-trail-001) |"), "{page}");
        assert!(page.contains("- [TK-TRAIL-007]"), "{page}");
    }

    #[test]
    fn a_title_does_not_end_its_cell() {
        assert_eq!(cell("a|b\nc"), "a\\|b c");
    }
}
