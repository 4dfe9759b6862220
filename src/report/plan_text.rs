//! A plan, or what was applied, as text: by object and facet, with each step and its reason.
//!
//! Colours are ANSI sequences, always; the terminal side takes them out where they are not wanted.

use super::{Effect, FacetView, ObjectReport, Report, Summary, Verdict, target};
use crate::api::common::Mode;
use crate::facets::difference::{Difference, shown};
use owo_colors::OwoColorize;
use serde_json::Value;
use std::fmt::Write;

/// Longest value that still stands on one line.
const ONE_LINE: usize = 100;

/// What is to be done.
pub fn plan(report: &Report) -> String {
    let mut out = String::new();
    for object in &report.objects {
        object_plan(&mut out, object);
    }
    let summary = report.summary();
    if summary.create + summary.change + summary.remove + summary.adopt > 0 {
        let _ = writeln!(
            out,
            "{} {} to create, {} to change, {} to remove, {} to adopt; {}.",
            "Plan:".bold(),
            summary.create,
            summary.change,
            summary.remove,
            summary.adopt,
            writes(&summary)
        );
    } else if report.verdict() == Verdict::Clean {
        let _ = writeln!(out, "{} {}.", "No differences.".green().bold(), in_force(&summary));
    }
    errors_line(&mut out, summary.errors);
    out
}

fn writes(summary: &Summary) -> String {
    match summary.writes {
        1 => "1 AWS write".to_owned(),
        many => format!("{many} AWS writes"),
    }
}

/// What may be said when nothing differs: nothing was looked for where objects are held back.
fn in_force(summary: &Summary) -> String {
    match summary.held {
        0 => "AWS is as declared".to_owned(),
        held => format!("AWS is as declared, as far as was looked: {held} suspended or paused"),
    }
}

/// What was done.
pub fn applied(report: &Report) -> String {
    let mut out = String::new();
    for object in &report.objects {
        object_applied(&mut out, object);
    }
    let summary = report.summary();
    let _ = match report.verdict() {
        Verdict::Clean => {
            writeln!(out, "{} {}; made {}.", "Apply complete.".green().bold(), in_force(&summary), writes(&summary))
        }
        Verdict::Differs => {
            writeln!(out, "{} Made {}; what differs still is only observed.", "Apply complete.".yellow().bold(), writes(&summary))
        }
        Verdict::Failed => writeln!(out, "{} Made {}.", "Apply not complete.".red().bold(), writes(&summary)),
    };
    errors_line(&mut out, summary.errors);
    out
}

fn errors_line(out: &mut String, errors: usize) {
    if errors > 0 {
        let _ = writeln!(out, "{} {errors}, each told above with what to do.", "Errors:".red().bold());
    }
}

fn heading(out: &mut String, object: &ObjectReport) {
    let identity = &object.identity;
    let title = format!("{} {}/{}", identity.kind, identity.namespace, identity.name);
    let _ = write!(out, "{} (account {}, {})", title.bold(), identity.account, identity.region);
    if identity.mode == Mode::Observe {
        let _ = write!(out, " {}", "Observe: nothing is written".cyan());
    }
    if let Some(held) = &object.held {
        let _ = write!(out, " {}", held.cyan());
    }
    let _ = writeln!(out);
}

fn object_plan(out: &mut String, object: &ObjectReport) {
    let facets = object.facets();
    if facets.is_empty() && object.verdict() == Verdict::Clean && object.held.is_none() {
        return;
    }
    heading(out, object);
    for facet in &facets {
        facet_plan(out, facet);
        // A step that is withheld has its reason told below.
        if facet.steps.is_empty() && object.refusal.is_none() && object.unknown.is_empty() && object.blocked.is_none() {
            let creates = object.steps.iter().any(|step| step.step.creates());
            let why = if creates { "follows once it exists" } else { "no write can change that" };
            let known = object.unchangeable.iter().find(|known| known.facet == facet.name);
            let because = known.map(|known| format!(": {}", known.why)).unwrap_or_default();
            let _ = writeln!(out, "      {}{}", why.dimmed(), because.dimmed());
        }
    }
    complaints(out, object);
    let _ = writeln!(out);
}

fn object_applied(out: &mut String, object: &ObjectReport) {
    let Some(done) = &object.done else {
        return object_plan(out, object);
    };
    let silent = done.applied.is_empty() && object.verdict() == Verdict::Clean && object.held.is_none();
    if silent {
        return;
    }
    heading(out, object);
    for step in &done.applied {
        let _ = writeln!(out, "  {} {} {}: {}", "done".green(), step.step.action(), target(&step.step), brief(&step.reason));
    }
    for difference in &done.remaining {
        let _ = writeln!(out, "  {} {}", "differs".yellow(), brief(&difference.to_string()));
    }
    if let Some(failed) = &done.failed {
        let _ = writeln!(out, "  {} {} {}", "failed".red(), failed.step.step.action(), target(&failed.step.step));
        complaint(out, &failed.failure.to_string(), &failed.advice);
    }
    if object.is_stuck() {
        complaint(
            out,
            "something differs still after every step was made",
            "a Region or an owner can't be changed: create another object. Else run again: AWS may still be spreading the change.",
        );
    }
    complaints(out, object);
    let _ = writeln!(out);
}

fn facet_plan(out: &mut String, facet: &FacetView<'_>) {
    let _ = match facet.effect() {
        Effect::Create => writeln!(out, "  {} {}", "+".green(), facet.name.green()),
        Effect::Change => writeln!(out, "  {} {}", "~".yellow(), facet.name.yellow()),
        Effect::Remove => writeln!(out, "  {} {}", "-".red(), facet.name.red()),
    };
    for difference in &facet.differences {
        difference_lines(out, facet.name, difference);
    }
    for step in &facet.steps {
        let _ =
            writeln!(out, "      {} {} {}: {}", "=>".bold(), step.step.action().bold(), target(&step.step), brief(&step.reason).dimmed());
    }
}

fn difference_lines(out: &mut String, facet: &str, difference: &Difference) {
    let Difference { path, desired, observed } = difference;
    match (path.strip_prefix(facet).unwrap_or(path).trim_start_matches('.'), desired, observed) {
        ("", Value::Object(fields), Value::Null) => {
            for (name, value) in fields.iter().filter(|(_, value)| !is_empty(value)) {
                one_side(out, &"+".green().to_string(), name, value);
            }
        }
        (field, value, Value::Null) => one_side(out, &"+".green().to_string(), field, value),
        (field, Value::Null, value) => one_side(out, &"-".red().to_string(), field, value),
        (field, to, from) => {
            let line = format!("{field}: {} -> {}", shown(from), shown(to));
            if line.len() <= ONE_LINE {
                let _ = writeln!(out, "      {} {line}", "~".yellow());
            } else {
                let _ = writeln!(out, "      {} {field}:", "~".yellow());
                block(out, &"-".red().to_string(), from);
                block(out, &"+".green().to_string(), to);
            }
        }
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

fn one_side(out: &mut String, sign: &str, field: &str, value: &Value) {
    let line = format!("{field}: {}", shown(value));
    if line.len() <= ONE_LINE || value.is_string() {
        let _ = writeln!(out, "      {sign} {line}");
    } else {
        let _ = writeln!(out, "      {sign} {field}:");
        block(out, sign, value);
    }
}

/// A value on several lines: field by field, lists of plain values on one line.
fn block(out: &mut String, sign: &str, value: &Value) {
    lines(out, sign, 0, value);
}

fn lines(out: &mut String, sign: &str, depth: usize, value: &Value) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let line = format!("{name}: {}", shown(value));
                if line.len() <= ONE_LINE && !value.is_object() {
                    let _ = writeln!(out, "        {sign} {indent}{line}");
                } else {
                    let _ = writeln!(out, "        {sign} {indent}{name}:");
                    lines(out, sign, depth + 1, value);
                }
            }
        }
        Value::Array(values) => {
            for value in values {
                let _ = writeln!(out, "        {sign} {indent}- {}", shown(value));
            }
        }
        other => {
            let _ = writeln!(out, "        {sign} {indent}{}", shown(other));
        }
    }
}

/// A reason on one line of bearable length; the differences above it have it in full.
fn brief(reason: &str) -> String {
    match reason.char_indices().nth(ONE_LINE) {
        Some((end, _)) => format!("{}...", &reason[..end]),
        None => reason.to_owned(),
    }
}

fn complaints(out: &mut String, object: &ObjectReport) {
    if let Some(refusal) = &object.refusal {
        complaint(out, &format!("refused to touch the {}", refusal.resource), &refusal.advice);
    }
    for read in &object.unknown {
        complaint(out, &format!("{} could not be read: {}", read.facet, read.failure), &read.advice);
    }
    if let Some(why) = &object.blocked {
        let _ = writeln!(out, "  {} {why}", "!".red().bold());
    }
}

fn complaint(out: &mut String, what: &str, advice: &str) {
    let _ = writeln!(out, "  {} {what}", "!".red().bold());
    let _ = writeln!(out, "    What to do: {advice}");
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_plan_groups_by_object_and_facet() {
        insta::assert_snapshot!(plain(&plan(&samples::report([samples::archive(), samples::observed()]))));
    }

    #[test]
    fn what_goes_wrong_comes_with_what_to_do() {
        insta::assert_snapshot!(plain(&plan(&samples::report(samples::troubled()))));
    }

    #[test]
    fn what_was_done_is_told_and_what_was_not() {
        insta::assert_snapshot!(plain(&applied(&samples::report([samples::half_done()]))));
        insta::assert_snapshot!(plain(&applied(&samples::report([samples::done()]))));
        insta::assert_snapshot!(plain(&applied(&samples::report([samples::stuck()]))));
    }

    #[test]
    fn nothing_is_claimed_of_what_was_not_looked_at() {
        assert_eq!(plain(&plan(&Report::default())), "No differences. AWS is as declared.\n");
        let held = samples::troubled().into_iter().filter(|object| object.held.is_some());
        assert!(
            plain(&plan(&samples::report(held)))
                .ends_with("No differences. AWS is as declared, as far as was looked: 1 suspended or paused.\n")
        );
    }
}
