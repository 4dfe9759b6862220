//! The evidence as one HTML page: self-contained, printable, and readable by who is no engineer.
//!
//! A verdict is always told in words, never by colour alone; tables scroll within themselves; nothing runs.

use super::{Change, Delivery, Evidence, name, patch, verified, word};
use crate::api::inventory::{Coverage, Covered, Known};
use crate::report::page::{Section, day, navigation, page, plural, sections_of, table, time};
use crate::rules::catalogue::Catalogue;
use crate::rules::finding::{Finding, Result, Severity, Verdict};
use jiff::Timestamp;
use maud::{Markup, html};

/// The page.
pub fn form(evidence: &Evidence, catalogue: &Catalogue) -> String {
    let sections: [Section; 7] = [
        ("findings", "What to put right", open(evidence, catalogue)),
        ("coverage", "What is recorded where", coverage(evidence)),
        ("frameworks", "Frameworks", frameworks(evidence, catalogue)),
        ("delivery", "Delivery and integrity", deliveries(evidence)),
        ("changes", "Who changed audit logging", changes(evidence)),
        ("exemptions", "Accepted failures", exemptions(evidence)),
        ("all", "Every verdict", all(evidence)),
    ];
    let title = format!("Audit logging, {} to {}", day(evidence.from), day(evidence.to));
    let body = html! {
        a.skip href="#summary" { "Skip to the summary" }
        header {
            h1 { "Audit logging: evidence" }
            p { strong { (day(evidence.from)) " to " (day(evidence.to)) } }
            p.quiet {
                "AWS CloudTrail and what it stands on, in " (plural(evidence.accounts.len(), "account")) ". Made by Trailkeeper "
                (env!("CARGO_PKG_VERSION")) " at " (time(evidence.made_at)) ". The verdicts are as of that time."
            }
            (navigation(&sections))
        }
        main { (summary(evidence)) (sections_of(&sections)) }
    };
    page(&title, &body)
}

fn summary(evidence: &Evidence) -> Markup {
    let counts = evidence.counts();
    html! {
        section id="summary" aria-label="Summary" {
            @if !evidence.unread.is_empty() {
                div.warning role="note" {
                    p { strong { "This report is not complete." } " Some things could not be read; what depends on them is told as unknown." }
                    ul { @for unread in &evidence.unread { li { (unread) } } }
                }
            }
            (verified::html::warning(evidence))
            dl.tiles {
                div { dt { "Score" } dd { @match counts.score() { Some(score) => { (score) " %" }, None => "none" } } }
                div { dt { "Failed" } dd.fail { (counts.failed) } }
                div { dt { "Unknown" } dd.unknown { (counts.unknown) } }
                div { dt { "Accepted" } dd.exempt { (counts.exempt) } }
                div { dt { "Passed" } dd.pass { (counts.passed) } }
            }
            p.quiet { "The score is the share of checks that passed, of all that were made. What could not be read, and what was accepted, did not pass." }
        }
    }
}

fn open(evidence: &Evidence, catalogue: &Catalogue) -> Markup {
    let open = evidence.open();
    if open.is_empty() {
        return html! { p { "Nothing: every check passed, does not apply, or is accepted." } };
    }
    let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    html! {
        @for severity in severities {
            @let found: Vec<&Finding> = open.iter().copied().filter(|finding| finding.severity == severity).collect();
            @if !found.is_empty() {
                h3 { (<&str>::from(severity)) " (" (found.len()) ")" }
                @for finding in found { (one_open(finding, catalogue)) }
            }
        }
    }
}

/// What is wrong is always in sight, also in print; why and what to do unfolds.
fn one_open(finding: &Finding, catalogue: &Catalogue) -> Markup {
    html! {
        article.finding {
            h4 { (mark(finding.verdict.result())) " " (finding.title) }
            p { (finding.judged.kind) " " (name(finding)) ": " (finding.verdict.message()) }
            @if let Some(entry) = catalogue.entry(&finding.rule) {
                details {
                    summary { "Why it matters, and what to do" }
                    p { (entry.why) }
                    p { (entry.fix) }
                    @if let Some(patch) = patch(entry) { pre { code { (patch) } } }
                    p.quiet { (finding.rule) " · account " (finding.judged.account) " · " (finding.judged.region) " · " (finding.judged.arn) }
                    ul { @for ground in &entry.grounds { li { @if ground.starts_with("https://") { a href=(ground) { (ground) } } @else { (ground) } } } }
                }
            }
        }
    }
}

fn coverage(evidence: &Evidence) -> Markup {
    html! {
        @for account in &evidence.accounts {
            h3 { "Account " (account.id) @if let Some(name) = &account.name { " (" (name) ")" } }
            p { (plural(account.trails.len(), "trail")) " found." }
            (table("Recorded events by Region", &["Regions", "Management, read", "Management, write", "Data", "Network activity", "Insights"], account.coverage.iter().map(covered_row)))
            @if !account.trails.is_empty() {
                (table("Trails", &["Trail", "Home Region", "Reaches", "Records", "Bucket", "Kept by"], account.trails.iter().map(|trail| vec![
                    html! { (trail.name) },
                    html! { (trail.home_region) },
                    html! { @if trail.multi_region { "every Region" } @else { "its own Region" } @if trail.organization { ", every account of the organization" } },
                    known(trail.logging),
                    html! { (trail.bucket) },
                    html! { @match &trail.managed_by { Some(by) => (by), None => { @if trail.shadow { "another account" } @else { "nobody known" } } } },
                ])))
            }
        }
    }
}

fn covered_row(group: &Coverage) -> Vec<Markup> {
    let of =
        |covered: &Covered| html! { (known(covered.recorded)) @if covered.trails.len() > 1 { " (" (covered.trails.len()) " trails)" } };
    vec![
        html! { (group.regions.join(", ")) },
        of(&group.management_read),
        of(&group.management_write),
        of(&group.data),
        of(&group.network_activity),
        of(&group.insights),
    ]
}

fn frameworks(evidence: &Evidence, catalogue: &Catalogue) -> Markup {
    html! {
        p.quiet {
            "A requirement is listed where a publisher of checks says that one of these rules serves it. It is evidence towards the requirement, "
            "not a statement that the requirement is met: most of them ask for more than audit logging."
        }
        @for framework in &evidence.frameworks {
            h3 { (framework) }
            (table(&format!("Requirements of {framework}"), &["Requirement", "Verdict", "Rules and evidence", "Says who"],
                evidence.requirements(catalogue, framework).iter().map(|requirement| vec![
                    html! { (requirement.requirement) },
                    mark(requirement.result),
                    html! { @for (rule, result) in &requirement.rules { div { (rule) " " (mark(*result)) (rule_evidence(evidence, rule)) } } },
                    html! { (requirement.published_by.iter().cloned().collect::<Vec<_>>().join("; ")) },
                ])))
        }
    }
}

/// On what a rule found it: every object that it judged, those with a fault in full.
fn rule_evidence(evidence: &Evidence, rule: &str) -> Markup {
    let judged: Vec<&Finding> = evidence.of_rule(rule).filter(|finding| finding.verdict.result() != Result::NotApplicable).collect();
    let passed = judged.iter().filter(|finding| finding.verdict.result() == Result::Pass).count();
    html! {
        @if passed > 0 { span.quiet { " passed for " (plural(passed, "object")) } }
        @for finding in judged.iter().filter(|finding| finding.verdict.result() != Result::Pass) {
            div.quiet { (name(finding)) ": " (finding.verdict.message()) }
        }
    }
}

fn deliveries(evidence: &Evidence) -> Markup {
    let row = |delivery: &Delivery| {
        let times = |time: Option<Timestamp>| html! { @match time { Some(time) => (self::time(time)), None => "never, or not read" } };
        vec![
            html! { (delivery.trail) },
            known(delivery.logging),
            known(delivery.validation),
            times(delivery.latest_delivery_time),
            times(delivery.latest_digest_delivery_time),
            html! { @if delivery.errors.is_empty() { "none" } @for error in &delivery.errors { div.fail { (error) } } },
            html! {
                @if delivery.gaps.is_empty() { "none" }
                @for gap in &delivery.gaps {
                    div { (gap.kind) ": " (time(gap.from)) " to " @match gap.until { Some(until) => (time(until)), None => "now" } }
                    @if let Some(by) = &gap.by { div.quiet { "by " (by.principal) } }
                }
            },
        ]
    };
    let header = ["Trail", "Records", "Signs digests", "Last log file", "Last digest", "Delivery errors", "Times without evidence"];
    html! {
        (table("Trails and what arrives", &header, evidence.deliveries.iter().map(row)))
        (verified::html::section(evidence))
    }
}

fn changes(evidence: &Evidence) -> Markup {
    let row = |change: &Change| {
        vec![
            html! { (time(change.time)) },
            html! { span.word { (change.operation) } @if let Some(error) = &change.error { div.quiet { "refused: " (error) } } },
            html! { (change.resource) },
            html! { (change.principal) },
            html! { (change.source_ip) div.quiet { (change.user_agent) } },
            html! { (change.account) " " (change.region) div.quiet { (change.event_id) } },
        ]
    };
    html! {
        @if evidence.changes.is_empty() { p { "CloudTrail's event history shows no change of trails, their bucket policies or keys in this period." } }
        @else { (table("Changes, oldest first", &["Time", "Operation", "Of", "By", "From", "Event"], evidence.changes.iter().map(row))) }
        p.quiet { "From CloudTrail's event history, which holds 90 days." }
    }
}

fn exemptions(evidence: &Evidence) -> Markup {
    let exempt = evidence.findings.iter().filter_map(|finding| match &finding.verdict {
        Verdict::Exempt(exempted) => Some(vec![
            html! { (finding.rule) div.quiet { (finding.title) } },
            html! { (name(finding)) },
            html! { (exempted.message) },
            html! { (exempted.reason) },
            html! { (exempted.approver) },
            html! { (day(exempted.expires)) },
        ]),
        _ => None,
    });
    let rows: Vec<_> = exempt.collect();
    html! {
        @if rows.is_empty() { p { "None." } }
        @else { (table("Failures that somebody accepted", &["Rule", "Of", "What fails", "Reason", "Accepted by", "Until"], rows.into_iter())) }
    }
}

fn all(evidence: &Evidence) -> Markup {
    let rows = evidence.findings.iter().map(|finding| {
        vec![
            html! { (finding.rule) },
            html! { (finding.title) },
            html! { (name(finding)) },
            html! { (<&str>::from(finding.severity)) },
            mark(finding.verdict.result()),
            html! { (finding.verdict.message()) },
        ]
    });
    html! {
        details {
            summary { "All " (plural(evidence.findings.len(), "verdict")) }
            (table("Every check that was made", &["Rule", "What should be", "Of", "Severity", "Verdict", "What was found"], rows))
        }
    }
}

fn mark(result: Result) -> Markup {
    let class = match result {
        Result::Pass => "mark pass",
        Result::Fail => "mark fail",
        Result::Unknown => "mark unknown",
        Result::Exempt => "mark exempt",
        Result::NotApplicable => "mark none",
    };
    html! { span class=(class) { (word(result)) } }
}

fn known(known: Known) -> Markup {
    match known {
        Known::Yes => html! { span.mark.pass { "yes" } },
        Known::No => html! { span.mark.fail { "no" } },
        Known::Unknown => html! { span.mark.unknown { "unknown" } },
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::evidence;
    use super::*;

    fn page() -> String {
        form(&evidence(), &Catalogue::builtin().unwrap())
    }

    #[test]
    fn what_others_wrote_is_text_and_nothing_runs() {
        let page = page();
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<script"), "a user agent is anybody's to choose");
        assert!(!page.contains("src=") && !page.contains("<link"), "the page stands alone");
    }

    #[test]
    fn every_section_is_reached_and_every_verdict_told_in_words() {
        let page = page();
        for anchor in ["findings", "coverage", "frameworks", "delivery", "changes", "exemptions", "all"] {
            assert!(page.contains(&format!("href=\"#{anchor}\"")) && page.contains(&format!("<section id=\"{anchor}\"")), "{anchor}");
        }
        for words in [">fail<", ">pass<", ">unknown<", ">exempt<", "This report is not complete", "50 %", "mallory", "LoggingStopped"] {
            assert!(page.contains(words), "{words}");
        }
    }

    #[test]
    fn an_archive_that_is_not_intact_is_told_at_the_top() {
        let evidence = Evidence { verified: vec![super::super::samples::verified()], ..evidence() };
        let page = form(&evidence, &Catalogue::builtin().unwrap());
        let (summary, rest) = page.split_once("<section id=\"findings\"").unwrap();
        assert!(summary.contains("Archive audit-logs: not intact") && summary.contains("href=\"#delivery\""), "{summary}");
        assert!(rest.contains("<strong>Not intact: </strong>the archive is not what CloudTrail delivered"));
        assert!(!self::page().contains("Not every archive"), "nothing is said where nothing was verified");
    }
}
