//! A rule's page, and the lists of rules and frameworks, as text and for programs.

use super::{joined, kind_of, requirements, tools};
use crate::report::lint::patch_yaml;
use crate::report::lint::text::colour;
use crate::rules::catalogue::{Catalogue, Entry};
use owo_colors::OwoColorize;
use serde_json::{Value, json};
use std::fmt::Write;

/// Everything about one rule.
pub fn text(entry: &Entry, catalogue: &Catalogue) -> String {
    let mut out = String::new();
    let severity: &str = entry.severity.into();
    let _ = writeln!(out, "{} {}", entry.id.bold(), entry.title.bold());
    let live = if entry.live { ", on live objects only" } else { "" };
    let _ = writeln!(
        out,
        "{}; judges {}{live}; looks at {}",
        severity.color(colour(entry.severity)),
        kind_of(&entry.id),
        joined(entry.looks_at.iter().map(String::as_str))
    );
    let _ = writeln!(out, "\n{}\n\n{} {}", entry.why, "Fix:".green(), entry.fix);
    if let Some(patch) = &entry.patch {
        if let Some(kind) = patch.get("kind").and_then(Value::as_str) {
            let _ = writeln!(out, "    # {kind}");
        }
        for line in patch_yaml(patch).lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
    if let Some(note) = &entry.note {
        let _ = writeln!(out, "\n{} {note}", "Note:".yellow());
    }
    section(&mut out, "Other tools", tools(entry, catalogue).into_iter().map(|(tool, ids)| format!("{tool}: {}", joined(ids))));
    let served = requirements(entry, catalogue).into_iter().map(|(framework, served)| {
        let each: Vec<String> = served.into_iter().map(|(id, publishers)| format!("{id} ({})", joined(publishers))).collect();
        format!("{framework}: {}", each.join("; "))
    });
    section(&mut out, "Framework requirements (said by)", served);
    section(&mut out, "Grounds", entry.grounds.iter().cloned());
    out
}

fn section(out: &mut String, head: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", head.bold());
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
}

/// The same for programs.
pub fn json(entry: &Entry, catalogue: &Catalogue) -> Value {
    json!({
        "id": entry.id,
        "title": entry.title,
        "severity": entry.severity,
        "kind": kind_of(&entry.id),
        "live": entry.live,
        "topics": entry.topics,
        "looksAt": entry.looks_at,
        "why": entry.why,
        "fix": entry.fix,
        "patch": entry.patch,
        "note": entry.note,
        "grounds": entry.grounds,
        "tools": catalogue.tools(entry).map(|tool| json!({"tool": tool.tool, "ids": tool.ids})).collect::<Vec<_>>(),
        "requirements": catalogue
            .requirements(entry)
            .map(|served| json!({"framework": served.framework, "requirement": served.requirement, "publishedBy": served.published_by}))
            .collect::<Vec<_>>(),
    })
}

/// Every rule in a line.
pub fn list(catalogue: &Catalogue) -> String {
    catalogue.entries().fold(String::new(), |mut out, entry| {
        let severity: &str = entry.severity.into();
        let padded = format!("{severity:8}");
        let _ = writeln!(out, "{:12} {} {:14} {}", entry.id, padded.color(colour(entry.severity)), kind_of(&entry.id), entry.title);
        out
    })
}

/// Every framework with the number of rules that serve it.
pub fn frameworks(catalogue: &Catalogue) -> Vec<(&str, usize)> {
    let count = |framework| catalogue.entries().filter(|entry| catalogue.serves(entry, framework)).count();
    catalogue.frameworks().into_iter().map(|framework| (framework, count(framework))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_page_has_everything_that_the_catalogue_has() {
        let catalogue = Catalogue::builtin().unwrap();
        for entry in catalogue.entries() {
            let page = anstream::adapter::strip_str(&text(entry, &catalogue)).to_string();
            let wanted = [&entry.id, &entry.title, &entry.why, &entry.fix].into_iter().chain(&entry.grounds).chain(&entry.note);
            for text in wanted {
                assert!(page.contains(text.as_str()), "{}: {text}\n{page}", entry.id);
            }
            assert!(!kind_of(&entry.id).is_empty());
        }
    }

    #[test]
    fn frameworks_are_counted() {
        let catalogue = Catalogue::builtin().unwrap();
        let logging = catalogue.entry("TK-TRAIL-001").unwrap();
        let served = frameworks(&catalogue);
        assert!(served.iter().filter(|(name, _)| catalogue.serves(logging, name)).all(|(_, count)| *count > 0));
        assert!(served.len() > 20, "{served:?}");
    }
}
