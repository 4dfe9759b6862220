//! The outcome as one HTML page, for who reads reports: self-contained, printable; a verdict is always told in words.

use super::calendar::{Mark, Run, runs};
use super::words::{self, Meaning, count};
use crate::integrity::fault::{Fault, Gap, Object, Verdict};
use crate::integrity::outcome::{Conclusion, Outcome, StreamOutcome, Tally};
use crate::report::page::{Section, navigation, page, sections_of, table, time};
use jiff::Timestamp;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Objects with the same fault that are listed. All are in the JSON and the CSV.
const MOST_OBJECTS: usize = 200;

/// The page.
pub fn form(outcome: &Outcome) -> String {
    let sections: [Section; 5] = [
        ("files", "Files that are not intact", not_intact(outcome)),
        ("gaps", "Times of which nothing is proven", gaps(outcome)),
        ("unread", "What could not be read", unread(outcome)),
        ("regions", "Accounts and Regions", streams(outcome)),
        ("days", "Day by day", days(outcome)),
    ];
    let body = html! {
        a.skip href="#summary" { "Skip to the summary" }
        header {
            h1 { "Integrity of the audit log" }
            p { strong { "Archive " (outcome.bucket) } @match outcome.since { Some(since) => { ", " (time(since)) }, None => ", from its beginning" } " to " (time(outcome.until)) }
            p.quiet {
                "AWS CloudTrail signs, each hour, a list of the log files that it delivered. Trailkeeper " (env!("CARGO_PKG_VERSION"))
                " read every file, and compared it with those lists."
            }
            (navigation(&sections))
        }
        main { (summary(outcome)) (sections_of(&sections)) (what_is_proven()) }
    };
    page("Integrity of the audit log", &body)
}

fn summary(outcome: &Outcome) -> Markup {
    let counts = outcome.counts();
    let (wrong, unread) = (counts.all().not_intact + outcome.unreferenced, counts.all().unread);
    html! {
        section id="summary" aria-label="Summary" {
            (verdict(outcome.conclusion(), &words::sentence(outcome)))
            dl.tiles {
                div { dt { "Log files intact" } dd { (counts.logs.intact) } }
                div { dt { "Signed lists intact" } dd { (counts.digests.intact) } }
                div { dt { "Not intact" } dd class=[(wrong > 0).then_some("fail")] { (wrong) } }
                div { dt { "Not read" } dd class=[(unread > 0).then_some("unknown")] { (unread) } }
                div { dt { "Gaps" } dd { (outcome.gaps.len()) } }
            }
        }
    }
}

/// The verdict in a word, with its colour beside it, and in a sentence.
pub fn verdict(conclusion: Conclusion, sentence: &str) -> Markup {
    let class = match conclusion {
        Conclusion::Intact => "verdict pass",
        Conclusion::NotIntact => "verdict fail",
        Conclusion::Unknown => "verdict unknown",
    };
    html! { div class=(class) { p { strong { (words::verdict(conclusion)) ": " } (sentence) } } }
}

/// Files by what is wrong with them.
fn not_intact(outcome: &Outcome) -> Markup {
    let mut by_fault: BTreeMap<&str, Vec<(&Object, &Fault)>> = BTreeMap::new();
    for object in &outcome.objects {
        for fault in words::faults(&object.verdict) {
            by_fault.entry(fault.name()).or_default().push((object, fault));
        }
    }
    html! {
        @if by_fault.is_empty() && outcome.undigested.is_empty() { p { "None: every file that could be read is as it was delivered." } }
        @for (name, found) in &by_fault { (with_fault(name, found)) }
        @if !outcome.undigested.is_empty() {
            article.finding {
                h3 { "Undigested" }
                p { (explained(&words::UNDIGESTED)) }
                ul { @for found in &outcome.undigested { li { (found.area) ": " (count(found.logs, "log file")) } } }
            }
        }
        @if outcome.omitted > 0 { p { (count(outcome.omitted, "more file")) " are not listed here; the CSV has them all." } }
    }
}

fn with_fault(name: &str, found: &[(&Object, &Fault)]) -> Markup {
    let Some(meaning) = found.first().map(|(_, fault)| words::of_fault(fault)) else { return Markup::default() };
    let row = |(object, fault): &(&Object, &Fault)| {
        vec![
            whose(&object.account, &object.region),
            html! { (object.sort) },
            moment(object.time),
            html! { (object.place) div.quiet { (fault) } },
            html! { @match words::restore(object) { Some(command) => { "Version " (object.good_version.as_deref().unwrap_or_default()) " still holds what was delivered:" div { code { (command) } } }, None => "none found" } },
        ]
    };
    let header = ["Account and Region", "Kind", "Time", "File, and what is wrong", "Good version"];
    html! {
        article.finding {
            h3 { (name) " (" (found.len()) ")" }
            p { (explained(&meaning)) }
            (table(&format!("Files: {name}"), &header, found.iter().take(MOST_OBJECTS).map(row)))
            @if found.len() > MOST_OBJECTS { p.quiet { "The first " (MOST_OBJECTS) " are listed; the JSON and the CSV have more." } }
        }
    }
}

fn gaps(outcome: &Outcome) -> Markup {
    let row = |gap: &Gap| {
        vec![
            html! { (whose(&gap.stream.area.account, &gap.stream.area.region)) div.quiet { "trail " (gap.stream.trail) } },
            span(gap),
            length(gap),
            why(gap),
            explained(&words::of_reason(gap.reason)),
        ]
    };
    let header = ["Account and Region", "Time", "Length", "Reason", "What it means, and what to do"];
    html! {
        @if outcome.gaps.is_empty() { p { "None: the signed lists follow each other without a break." } }
        @else { (table("Gaps", &header, outcome.gaps.iter().map(row))) }
    }
}

pub fn span(gap: &Gap) -> Markup {
    html! { @match gap.from { Some(from) => (time(from)), None => "the beginning" } " to " (time(gap.until)) }
}

pub fn length(gap: &Gap) -> Markup {
    html! { @match gap.hours() { Some(hours) => (count(hours.unsigned_abs(), "hour")), None => "not known" } }
}

pub fn why(gap: &Gap) -> Markup {
    html! {
        @match Mark::of_gap(gap) {
            Mark::Explained => span.mark.none { "explained" },
            Mark::Unread => span.mark.unknown { "not read" },
            _ => span.mark.fail { "not explained" },
        }
        ": " (words::reason(gap))
    }
}

fn unread(outcome: &Outcome) -> Markup {
    let files: Vec<(&Object, &String)> = outcome
        .objects
        .iter()
        .filter_map(|object| match &object.verdict {
            Verdict::Unread { why } => Some((object, why)),
            Verdict::Intact | Verdict::NotIntact { .. } => None,
        })
        .collect();
    if files.is_empty() && outcome.unlisted.is_empty() {
        return html! { p { "Nothing: all that is there was read." } };
    }
    let row = |(object, why): &(&Object, &String)| vec![html! { (object.place) }, html! { (why) }];
    html! {
        p { (explained(&words::UNREAD)) }
        @if !outcome.unlisted.is_empty() { ul { @for why in &outcome.unlisted { li { (why) } } } }
        @if !files.is_empty() { (table("Files that could not be read", &["File", "Why"], files.iter().take(MOST_OBJECTS).map(row))) }
        @if files.len() > MOST_OBJECTS { p.quiet { "The first " (MOST_OBJECTS) " are listed; the JSON and the CSV have more." } }
    }
}

fn streams(outcome: &Outcome) -> Markup {
    let row = |of: &StreamOutcome| {
        let hours: i64 = outcome.gaps.iter().filter(|gap| gap.stream == of.stream).filter_map(Gap::hours).sum();
        vec![
            whose(&of.stream.area.account, &of.stream.area.region),
            html! { (of.stream.trail) div.quiet { "of " (of.stream.home_region) } },
            state(outcome, of),
            html! { (share(of.counts.digests)) },
            html! { (share(of.counts.logs)) },
            html! { @match of.from { Some(from) => { (time(from)) " to " }, None => "to " } (moment(of.head.as_ref().map(|head| head.end))) },
            html! { @if hours > 0 { (count(hours.unsigned_abs(), "hour")) } @else { "none" } },
        ]
    };
    let header = ["Account and Region", "Trail", "Verdict", "Signed lists intact", "Log files intact", "Verified", "In gaps"];
    html! {
        @if outcome.streams.is_empty() { p { "No signed list was found." } }
        @else { (table("Accounts and Regions", &header, outcome.streams.iter().map(row))) }
    }
}

fn state(outcome: &Outcome, of: &StreamOutcome) -> Markup {
    match runs(outcome, of).iter().map(|run| run.mark).max() {
        Some(worst) => html! { span class={"mark " (worst.class())} { (worst.words()) } },
        None => html! { span.mark.unknown { "? nothing found" } },
    }
}

pub fn whose(account: &str, region: &str) -> Markup {
    html! { span.word { (account) } " " span.word { (region) } }
}

pub fn explained(meaning: &Meaning) -> Markup {
    html! { (meaning.means) " " strong { "What to do: " } (prose(meaning.todo)) }
}

/// Our own words, in which commands stand between backticks.
fn prose(text: &str) -> Markup {
    html! { @for (at, part) in text.split('`').enumerate() { @if at % 2 == 1 { code { (part) } } @else { (part) } } }
}

fn share(tally: Tally) -> String {
    format!("{} of {}", tally.intact, tally.total())
}

pub fn moment(time: Option<Timestamp>) -> Markup {
    html! { @match time { Some(time) => (self::time(time)), None => "not known" } }
}

fn days(outcome: &Outcome) -> Markup {
    html! {
        p.quiet { "UTC. Each day is told by the worst that is known of it." }
        @for of in &outcome.streams {
            h3 { (of.stream.area) ", trail " (of.stream.trail) }
            (months(&runs(outcome, of)))
            @if !of.hours.is_empty() {
                details {
                    summary { (count(of.hours.len() as u64 + of.hours_omitted, "hour")) " in which not every file is intact" }
                    ul { @for (end, counts) in &of.hours { li { "to " (time(*end)) ": " (words::hour(counts)) } } }
                    @if of.hours_omitted > 0 { p.quiet { (count(of.hours_omitted, "more hour")) " after these" } }
                }
            }
        }
    }
}

fn months(runs: &[Run]) -> Markup {
    let month = |run: &Run| run.first.strftime("%Y-%m").to_string();
    html! {
        ul.months {
            @for runs in runs.chunk_by(|one, other| month(one) == month(other)) {
                li {
                    span { @if let Some(run) = runs.first() { (month(run)) } }
                    ol.days { @for run in runs { li class=(run.mark.class()) { (day_of(run)) " " (run.mark.words()) } } }
                }
            }
        }
    }
}

fn day_of(run: &Run) -> String {
    let (first, last) = (run.first.day(), run.last.day());
    if first == last { first.to_string() } else { format!("{first} to {last}") }
}

fn what_is_proven() -> Markup {
    html! {
        section aria-label="What this proves" {
            h2 { "What this proves, and what not" }
            p {
                "An intact archive holds every log file that CloudTrail delivered in the time that is verified, each as it was delivered: the signed lists can "
                "only be made by AWS, and each names the one before it. It does not prove that CloudTrail recorded everything: what a trail does not select, "
                "and what happened while logging was stopped, is in no log file."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::samples;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_body_of_the_page_is_stable() {
        let page = form(&samples::tampered());
        let (_, body) = page.split_once("<body>").unwrap();
        insta::assert_snapshot!(body.replace("><", ">\n<").replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    }

    #[test]
    fn every_section_is_reached_and_the_page_stands_alone() {
        let page = form(&samples::intact());
        for anchor in ["files", "gaps", "unread", "regions", "days"] {
            assert!(page.contains(&format!("href=\"#{anchor}\"")) && page.contains(&format!("<section id=\"{anchor}\"")), "{anchor}");
        }
        assert!(page.contains("<strong>Intact: </strong>") && page.contains("1 to 7 ✓ intact"), "{page}");
        assert!(!page.contains("src=") && !page.contains("<link") && !page.contains("<script"));
    }

    proptest! {
        #[test]
        fn no_text_of_an_object_breaks_the_markup(text in ".{0,20}|<!--|-->|]]>|\"/><script>|'><x") {
            let tags = |text: &str| {
                let page = form(&samples::with_text(text));
                (page.matches('<').count(), page.matches('>').count(), page.matches('"').count())
            };
            prop_assert_eq!(tags(&text), tags("x"));
        }
    }
}
