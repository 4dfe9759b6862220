//! `trailkeeper report`: the evidence for an audit period, as files. AWS is only read, unless findings are to go to Security Hub.

use super::history::history;
use super::progress::Told;
use super::scope::{Looked, Scope};
use super::verify::merge;
use crate::aws::security_hub;
use crate::report::audit::asff::{self, Hub};
use crate::report::audit::changes::gaps;
use crate::report::audit::verified::{self, Verified};
use crate::report::audit::{Evidence, ListedFile, csv, html, json, ocsf, oscal};
use crate::report::integrity::words;
use crate::rules::catalogue::Catalogue;
use anyhow::{Context, Result, bail};
use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The file that lists the others.
const MANIFEST: &str = "manifest.json";

/// Write the evidence for an audit period: a page for people, tables, and forms for other programs, each listed with its SHA-256.
///
/// Verdicts are of now; changes, and times without evidence, are of the period. Exit codes: 0 written, 1 an error.
#[derive(Args)]
pub struct Report {
    #[command(flatten)]
    scope: Scope,
    /// First day of the period (2026-10-01), or an RFC 3339 time. UTC.
    #[arg(long, value_name = "DATE", value_parser = begin)]
    from: Timestamp,
    /// Last day of the period, that day included, or an RFC 3339 time. Default: now.
    #[arg(long, value_name = "DATE", value_parser = end)]
    to: Option<Timestamp>,
    /// Folder for the files. It is made if it is not there.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// What `trailkeeper verify -o json` or --save wrote of the archives: the report then tells whether their files are as they were
    /// delivered. Of a folder, its .json files. May be given several times.
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    verified: Vec<PathBuf>,
    /// Import the findings into AWS Security Hub of each account; what is resolved is archived there.
    #[arg(long)]
    security_hub: bool,
    /// The Region whose Security Hub takes the findings. Default: that of the account.
    #[arg(long, value_name = "REGION", requires = "security_hub")]
    security_hub_region: Option<String>,
}

fn begin(text: &str) -> Result<Timestamp, String> {
    time(text, SignedDuration::ZERO)
}

fn end(text: &str) -> Result<Timestamp, String> {
    time(text, SignedDuration::from_hours(24))
}

/// A time, or a day and what is to be added to its beginning.
fn time(text: &str, added: SignedDuration) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let day: Date = text.parse().map_err(|_| "give a day such as 2026-10-01, or a time such as 2026-10-01T08:00:00Z".to_owned())?;
    let midnight = day.to_zoned(TimeZone::UTC).map_err(|error| error.to_string())?.timestamp();
    midnight.checked_add(added).map_err(|error| error.to_string())
}

impl Report {
    pub async fn run(self) -> Result<ExitCode> {
        let now = Timestamp::now();
        let to = self.to.unwrap_or(now);
        if self.from >= to {
            bail!("--from {} is not before --to {to}", self.from);
        }
        // First of all: what was given may be wrong, and AWS is slow.
        let verified = self.verified()?;
        let catalogue = Catalogue::builtin()?;
        let told = Told::new();
        let mut looked = self.scope.look(&catalogue, now, &told).await?;
        let evidence = Evidence { verified, ..self.evidence(&mut looked, to, now, &told).await };
        let files = write(&self.dir, &forms(&evidence, &catalogue)?)?;
        for file in &files {
            anstream::println!("{}  {}", file.sha256, self.dir.join(&file.file).display());
        }
        for unread in &evidence.unread {
            anstream::eprintln!("could not be read: {unread}");
        }
        for verified in &evidence.verified {
            let outcome = &verified.outcome;
            anstream::eprintln!(
                "archive {}: {}: {}",
                outcome.bucket,
                words::verdict(outcome.conclusion()).to_lowercase(),
                words::sentence(outcome)
            );
            for left_out in verified.told(&evidence).left_out {
                anstream::eprintln!("  {left_out}");
            }
        }
        let counts = evidence.counts();
        anstream::eprintln!(
            "{} failed, {} not known, {} exempt, {} passed; {} changes in the period. {} AWS calls.",
            counts.failed,
            counts.unknown,
            counts.exempt,
            counts.passed,
            evidence.changes.len(),
            looked.shared.calls.total()
        );
        if self.security_hub { self.import(&looked, &evidence, &catalogue).await } else { Ok(ExitCode::SUCCESS) }
    }

    async fn evidence(&self, looked: &mut Looked, to: Timestamp, now: Timestamp, told: &Told) -> Evidence {
        let found = history(looked, self.from, to, now, told).await;
        let mut deliveries = looked.deliveries();
        for delivery in &mut deliveries {
            delivery.gaps = gaps(&found.changes, &delivery.trail, delivery.logging, self.from);
        }
        let unread = [std::mem::take(&mut looked.survey.unread), std::mem::take(&mut looked.notes), found.unread].concat();
        Evidence {
            from: self.from,
            to,
            made_at: now,
            frameworks: self.scope.frameworks.clone(),
            accounts: looked.accounts(),
            deliveries,
            changes: found.changes,
            findings: std::mem::take(&mut looked.findings),
            unread,
            verified: Vec::new(),
        }
    }

    /// What was verified, by bucket.
    fn verified(&self) -> Result<Vec<Verified>> {
        verified::put_together(merge::texts("--verified", &self.verified)?).map_err(|why| anyhow::anyhow!("--verified {why}"))
    }

    /// Each account's findings into its own Security Hub: a default product speaks of its own account only.
    async fn import(&self, looked: &Looked, evidence: &Evidence, catalogue: &Catalogue) -> Result<ExitCode> {
        let mut refused = 0;
        for (place, account) in looked.places.iter().zip(&looked.survey.accounts) {
            let region = self.security_hub_region.clone().unwrap_or_else(|| account.region.clone());
            let hub = Hub { partition: account.facts.partition, account: account.facts.id.clone(), region: region.clone() };
            let findings = asff::form(evidence, catalogue, &hub);
            let mut imported = security_hub::import(&place.account.session, &region, &findings, looked.shared.clone()).await?;
            anstream::eprintln!(
                "Security Hub of account {} in {region} took {} of {} findings.",
                hub.account,
                imported.taken,
                findings.len()
            );
            if self.scope.is_whole() && evidence.unread.is_empty() {
                let (session, shared) = (&place.account.session, looked.shared.clone());
                let gone = security_hub::archive_gone(session, &region, &findings, evidence.made_at, shared).await?;
                anstream::eprintln!("  {} archived, since what they were about is gone", gone.taken);
                imported.refused.extend(gone.refused);
            }
            for (id, why) in &imported.refused {
                anstream::eprintln!("  not taken: {id}: {why}");
            }
            refused += imported.refused.len();
        }
        Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The evidence in every form, by file name.
fn forms(evidence: &Evidence, catalogue: &Catalogue) -> Result<Vec<(&'static str, String)>> {
    Ok(vec![
        ("report.html", html::form(evidence, catalogue)),
        ("findings.csv", csv::form(evidence, catalogue)?),
        ("report.json", format!("{:#}\n", json::form(evidence, catalogue))),
        ("oscal.json", format!("{:#}\n", oscal::form(evidence, catalogue))),
        ("findings.ocsf.jsonl", ocsf::form(evidence, catalogue)),
    ])
}

/// Writes the files and, last, the list of them.
fn write(dir: &Path, forms: &[(&'static str, String)]) -> Result<Vec<ListedFile>> {
    std::fs::create_dir_all(dir).with_context(|| format!("{} could not be made", dir.display()))?;
    let save = |name: &str, content: &str| {
        let path = dir.join(name);
        std::fs::write(&path, content).with_context(|| format!("{} could not be written", path.display()))
    };
    let mut listed = Vec::new();
    for (name, content) in forms {
        save(name, content)?;
        listed.push(ListedFile::of(name, content));
    }
    save(MANIFEST, &format!("{}\n", serde_json::to_string_pretty(&listed)?))?;
    Ok(listed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_period_ends_with_its_last_day() {
        assert_eq!(begin("2026-10-01").unwrap().to_string(), "2026-10-01T00:00:00Z");
        assert_eq!(end("2026-10-31").unwrap().to_string(), "2026-11-01T00:00:00Z");
        assert_eq!(end("2026-10-31T08:00:00Z").unwrap().to_string(), "2026-10-31T08:00:00Z");
        assert!(begin("October").unwrap_err().contains("2026-10-01"));
    }
}
