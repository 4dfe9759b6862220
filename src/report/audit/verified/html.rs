//! The verifications in the page: of each archive the verdict, what was verified, and what is wrong. Told in words, never by colour alone.

use super::period::{buckets, unverified_buckets};
use super::told::{GapTold, Listed, ObjectTold, Told};
use crate::integrity::fault::{Object, Verdict};
use crate::integrity::outcome::{Conclusion, Tally, Undigested};
use crate::report::audit::{Evidence, ListedFile};
use crate::report::integrity::html::{explained, length, moment, span, verdict, whose, why};
use crate::report::integrity::words::{self, count};
use crate::report::page::{table, time};
use maud::{Markup, html};

/// All verifications, and what was not verified.
pub fn section(evidence: &Evidence) -> Markup {
    let unverified = unverified_buckets(evidence);
    html! {
        h3 { "Whether the archive's files are as they were delivered" }
        @if evidence.verified.is_empty() {
            p {
                "The files in the archive were not verified for this report: "
                code { "trailkeeper verify --bucket " (buckets(evidence).first().unwrap_or(&"BUCKET")) " --save DIR" }
                " does that, and " code { "trailkeeper report --verified DIR" } " tells here what it found."
            }
        } @else if !unverified.is_empty() {
            div.warning role="note" {
                p { strong { "Not every archive was verified." } " Trails deliver to these buckets too, and it is not known whether their files are as they were delivered:" }
                ul { @for bucket in &unverified { li { (bucket) } } }
            }
        }
        @for verified in &evidence.verified { (bucket(&verified.told(evidence))) }
    }
}

/// For the top of the page: archives that are not known to be intact.
pub fn warning(evidence: &Evidence) -> Markup {
    let bad: Vec<(&str, Conclusion)> = evidence
        .verified
        .iter()
        .map(|verified| (verified.outcome.bucket.as_str(), verified.outcome.conclusion()))
        .filter(|(_, conclusion)| *conclusion != Conclusion::Intact)
        .collect();
    html! {
        @if !bad.is_empty() {
            div.warning role="note" {
                p { strong { "Not every archive is known to be intact." } " See " a href="#delivery" { "Delivery and integrity" } "." }
                ul { @for (bucket, conclusion) in bad { li { "Archive " (bucket) ": " (words::verdict(conclusion).to_lowercase()) } } }
            }
        }
    }
}

fn bucket(told: &Told<'_>) -> Markup {
    html! {
        article.archive {
            h4 { "Archive " (told.bucket) }
            (verdict(told.conclusion, &told.message))
            p { "Verified: " @match told.since { Some(since) => (time(since)), None => "from its beginning" } " to " (time(told.until)) "." }
            @if !told.of_a_trail { p { "No trail of this report delivers to this bucket." } }
            @if !told.covers_period {
                div.warning role="note" {
                    p { strong { "The verification does not cover all of the report's period." } }
                    ul { @for said in &told.left_out { li { (said) } } }
                }
            }
            (counted(told))
            (gaps(told))
            (objects(told))
            @if !told.undigested.is_empty() { (undigested(&told.undigested)) }
            @if !told.unlisted.is_empty() { (unlisted(&told.unlisted)) }
            (sources(told))
        }
    }
}

fn counted(told: &Told<'_>) -> Markup {
    let row = |what: &str, tally: Tally| {
        let number = |number: u64, class: &str| html! { @if number > 0 { span class={"mark " (class)} { (number) } } @else { "0" } };
        vec![html! { (what) }, html! { (tally.intact) }, number(tally.not_intact, "fail"), number(tally.unread, "unknown")]
    };
    let mut rows = vec![row("Log files", told.counts.logs), row("Digests, in which AWS signs them", told.counts.digests)];
    if told.unreferenced > 0 {
        rows.push(row("Log files that no digest names", Tally { not_intact: told.unreferenced, ..Tally::default() }));
    }
    table(&format!("Files of {}", told.bucket), &["Files", "Intact", "Not intact", "Not read"], rows.into_iter())
}

fn gaps(told: &Told<'_>) -> Markup {
    let row = |gap: &GapTold<'_>| {
        vec![
            html! { span.word { (gap.account) } @for region in &gap.regions { " " span.word { (region) } } div.quiet { "trail " (gap.trail) } },
            html! { (span(gap.first)) (outside(gap.in_period)) },
            length(gap.first),
            why(gap.first),
            explained(&words::of_reason(gap.reason)),
        ]
    };
    let header = ["Account and Regions", "Time", "Length", "Reason", "What it means, and what to do"];
    html! {
        @if told.gaps.is_empty() { p { "Times without evidence: none." } }
        @else {
            (table(&format!("Times without evidence in {}", told.bucket), &header, told.gaps.listed.iter().map(row)))
            (more(&told.gaps, "time"))
        }
    }
}

fn objects(told: &Told<'_>) -> Markup {
    let row = |told: &ObjectTold<'_>| {
        let Object { account, region, sort, place, verdict, good_version, .. } = told.object;
        let word = match verdict {
            Verdict::Unread { .. } => html! { span.mark.unknown { "not read" } },
            Verdict::Intact | Verdict::NotIntact { .. } => html! { span.mark.fail { "not intact" } },
        };
        vec![
            html! { (place) div.quiet { (sort) " of " (whose(account, region)) } },
            html! { (moment(told.object.time)) (outside(told.in_period)) },
            html! {
                (word) ": " (told.message)
                @if let Some(command) = words::restore(told.object) {
                    div { "Version " (good_version.as_deref().unwrap_or_default()) " still holds what was delivered:" }
                    div { code { (command) } }
                }
            },
        ]
    };
    let header = ["File", "In the hour to", "What is wrong"];
    html! {
        @if told.objects.is_empty() { p { "Files that are not intact, or could not be read: none." } }
        @else {
            (table(&format!("Files of {} that are not intact, or could not be read", told.bucket), &header, told.objects.listed.iter().map(row)))
            (more(&told.objects, "file"))
        }
    }
}

fn undigested(undigested: &Listed<&Undigested>) -> Markup {
    html! {
        p { strong { "Without any digest." } " " (explained(&words::UNDIGESTED)) }
        ul { @for found in &undigested.listed { li { (found.area) ": " (count(found.logs, "log file")) } } }
        (more(undigested, "Region"))
    }
}

fn unlisted(unlisted: &Listed<&String>) -> Markup {
    html! {
        p { strong { "What could not be listed." } " " (explained(&words::UNREAD)) }
        ul { @for why in &unlisted.listed { li { (why) } } }
        (more(unlisted, "part"))
    }
}

/// What says so, and how to tell that it is the same.
fn sources(told: &Told<'_>) -> Markup {
    let row = |file: &ListedFile| vec![html! { (file.file) }, html! { code { (file.sha256) } }];
    table(
        &format!("What this was read from, as trailkeeper verify wrote it: {}", told.bucket),
        &["File", "SHA-256"],
        told.files.iter().map(row),
    )
}

fn outside(in_period: bool) -> Markup {
    html! { @if !in_period { div.quiet { "outside the report's period" } } }
}

fn more<T>(listed: &Listed<T>, noun: &str) -> Markup {
    html! { @if listed.more > 0 { p { "… and " (count(listed.more, &format!("more {noun}"))) "." } } }
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::{evidence, verified};
    use super::*;
    use crate::report::integrity::samples;
    use proptest::prelude::*;

    fn with(outcomes: Vec<super::super::Verified>) -> String {
        section(&Evidence { verified: outcomes, ..evidence() }).into_string()
    }

    #[test]
    fn the_section_is_stable() {
        insta::assert_snapshot!(with(vec![verified()]).replace("><", ">\n<"));
    }

    #[test]
    fn what_was_not_verified_is_said_with_the_commands() {
        let page = with(Vec::new());
        for words in
            ["not verified for this report", "trailkeeper verify --bucket audit-logs --save DIR", "trailkeeper report --verified DIR"]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
    }

    #[test]
    fn a_bucket_that_is_left_out_and_one_that_is_strange_are_told() {
        let mut strange = verified();
        strange.outcome = samples::intact();
        let page = with(vec![strange]);
        for words in
            ["Not every archive was verified", "<li>audit-logs</li>", "No trail of this report delivers to this bucket", "<strong>Intact: "]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
    }

    proptest! {
        #[test]
        fn no_text_of_an_object_breaks_the_markup(text in ".{0,20}|<!--|-->|\"/><script>|'><x") {
            let tags = |text: &str| {
                let page = with(vec![super::super::Verified { outcome: samples::with_text(text), ..verified() }]);
                (page.matches('<').count(), page.matches('>').count(), page.matches('"').count())
            };
            prop_assert_eq!(tags(&text), tags("x"));
        }
    }
}
