//! The outcome as CSV: a row for every object as its verdict comes, also the intact ones, then gaps and what could not be read, then the conclusion.

use super::words::{self, Meaning};
use crate::integrity::fault::{Gap, Object, Verdict};
use crate::integrity::outcome::{Conclusion, Outcome};
use crate::report::audit::csv::harmless;
use jiff::Timestamp;
use std::io::Write;

/// What the columns are. Later versions add columns only at the end.
pub const HEADER: [&str; 13] =
    ["row", "verdict", "account", "region", "trail", "from", "until", "bucket", "key", "faults", "message", "advice", "goodVersion"];

#[derive(Default)]
struct Row<'a> {
    row: &'a str,
    verdict: &'a str,
    account: &'a str,
    region: &'a str,
    trail: &'a str,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    bucket: &'a str,
    key: &'a str,
    faults: String,
    message: String,
    advice: &'a str,
    good_version: &'a str,
}

/// Writes rows as they come.
pub struct Rows<W: Write>(csv::Writer<W>);

impl<W: Write> Rows<W> {
    /// Begins with the header.
    pub fn new(to: W) -> csv::Result<Self> {
        let mut writer = csv::Writer::from_writer(to);
        writer.write_record(HEADER)?;
        Ok(Self(writer))
    }

    pub fn object(&mut self, object: &Object) -> csv::Result<()> {
        let Object { sort, place, account, region, trail, time, verdict, good_version } = object;
        let message = words::told(verdict);
        let (verdict, advice) = match verdict {
            Verdict::Intact => ("intact", ""),
            Verdict::Unread { .. } => ("unread", words::UNREAD.todo),
            Verdict::NotIntact { faults } => ("not intact", faults.first().map_or("", |fault| words::of_fault(fault).todo)),
        };
        let faults: Vec<&str> = words::faults(&object.verdict).iter().map(|fault| fault.name()).collect();
        self.write(&Row {
            row: &sort.to_string(),
            verdict,
            account,
            region,
            trail: trail.as_deref().unwrap_or_default(),
            until: *time,
            bucket: &place.bucket,
            key: &place.key,
            faults: faults.join(" "),
            message,
            advice,
            good_version: good_version.as_deref().unwrap_or_default(),
            ..Row::default()
        })
    }

    /// All but the objects, and what is held back.
    pub fn finish(&mut self, outcome: &Outcome) -> csv::Result<()> {
        for gap in &outcome.gaps {
            self.gap(gap)?;
        }
        for found in &outcome.undigested {
            let Meaning { todo: advice, .. } = words::UNDIGESTED;
            let (message, area) = (words::undigested(found), &found.area);
            self.write(&Row {
                row: "undigested",
                verdict: "not intact",
                account: &area.account,
                region: &area.region,
                message,
                advice,
                ..Row::default()
            })?;
        }
        for why in &outcome.unlisted {
            self.write(&Row { row: "unlisted", verdict: "unread", message: why.clone(), advice: words::UNREAD.todo, ..Row::default() })?;
        }
        let verdict = match outcome.conclusion() {
            Conclusion::Intact => "intact",
            Conclusion::NotIntact => "not intact",
            Conclusion::Unknown => "unknown",
        };
        let (from, until, message) = (outcome.since, Some(outcome.until), words::sentence(outcome));
        self.write(&Row { row: "conclusion", verdict, from, until, bucket: &outcome.bucket, message, ..Row::default() })?;
        Ok(self.0.flush()?)
    }

    fn gap(&mut self, gap: &Gap) -> csv::Result<()> {
        let area = &gap.stream.area;
        self.write(&Row {
            row: "gap",
            verdict: if gap.reason.is_explained() { "explained" } else { "unexplained" },
            account: &area.account,
            region: &area.region,
            trail: &gap.stream.trail,
            from: gap.from,
            until: Some(gap.until),
            faults: format!("{:?}", gap.reason),
            message: words::reason(gap),
            advice: words::of_reason(gap.reason).todo,
            ..Row::default()
        })
    }

    fn write(&mut self, row: &Row<'_>) -> csv::Result<()> {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
        let (from, until) = (time(row.from), time(row.until));
        let cells = [
            row.row,
            row.verdict,
            row.account,
            row.region,
            row.trail,
            &from,
            &until,
            row.bucket,
            row.key,
            &row.faults,
            &row.message,
            row.advice,
            row.good_version,
        ];
        self.0.write_record(cells.map(harmless))
    }
}

/// Rows of the objects that the outcome lists, and all the others.
pub fn form(outcome: &Outcome) -> anyhow::Result<String> {
    let mut written = Vec::new();
    let mut rows = Rows::new(&mut written)?;
    outcome.objects.iter().try_for_each(|object| rows.object(object))?;
    rows.finish(outcome)?;
    drop(rows);
    Ok(String::from_utf8(written)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::samples;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_row_says_what_it_is() {
        insta::assert_snapshot!(form(&samples::tampered()).unwrap());
    }

    proptest! {
        #[test]
        fn no_text_of_an_object_breaks_a_row(anything in ".{0,20}|[=+\"',\r\n\t-]{0,8}") {
            let text = form(&samples::with_text(&anything)).unwrap();
            let rows: Vec<csv::StringRecord> = csv::Reader::from_reader(text.as_bytes()).into_records().collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(rows.len(), 4 + 3 + 1 + 1 + 1);
            prop_assert_eq!(&rows[0][8], &harmless(&anything));
        }
    }
}
