//! `trailkeeper verify`: proves that an archive is what CloudTrail delivered. It only reads.

mod checkpoint;
mod folder;
mod source;

use crate::integrity::chain::Head;
use crate::integrity::checkpoint::Checkpoint;
use crate::integrity::outcome::{Conclusion, Outcome};
use crate::integrity::place::Stream;
use crate::integrity::settings::{Selection, Settings, Unreferenced};
use crate::report::integrity::{json, text};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code where something is not intact.
const NOT_INTACT: u8 = 2;

/// The form of the answer.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
}

/// Prove that an archive holds what CloudTrail delivered, whole and unchanged: signatures, hashes, and the chain of digests.
///
/// Every account and Region below the archive is verified, and every file of it is read. Nothing is written to AWS.
/// Exit codes: 0 intact, 2 not intact, 1 could not tell.
#[derive(Args)]
pub struct Verify {
    #[command(flatten)]
    source: source::Source,
    /// Only this account's files. May be given several times.
    #[arg(long = "account-id", value_name = "ID")]
    accounts: Vec<String>,
    /// Only this Region's files. May be given several times.
    #[arg(long = "region", value_name = "REGION")]
    regions: Vec<String>,
    /// Only digests of the trail with this name. May be given several times.
    #[arg(long = "trail", value_name = "NAME")]
    trails: Vec<String>,
    /// Only digests that ended after this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// As of this time: digests up to it must be there. Default: now.
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Objects expire after so many days, so older digests need not be there. Default with -f: spec.retention of the archive.
    #[arg(long, value_name = "DAYS")]
    expired_after: Option<u32>,
    /// What a log file is that no digest names, though digests cover its time. Ignore it where a trail without validation
    /// delivers to the same bucket.
    #[arg(long, value_enum, default_value = "fault")]
    unreferenced: Strays,
    /// File that keeps where the verification ended: the next run with it reads only what is new. It is made if it is not there.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["since", "shard"])]
    checkpoint: Option<PathBuf>,
    /// Files that are read at a time.
    #[arg(long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u16).range(1..=1024))]
    at_once: u16,
    /// Only the shard I of N, counted from 0: accounts and Regions are divided among shards.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<(u32, u32)>,
    /// Form of the answer.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Form,
}

/// What to do about log files that no digest names.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Strays {
    Fault,
    Ignore,
}

fn shard(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
    parts.filter(|(index, of)| index < of).ok_or_else(|| "give I/N with I less than N, such as 0/4".to_owned())
}

impl Verify {
    pub async fn run(self) -> Result<ExitCode> {
        let until = self.until.unwrap_or_else(Timestamp::now);
        if self.since.is_some_and(|since| since >= until) {
            bail!("--since is not before {until}");
        }
        let mut checkpoint = self.checkpoint.as_deref().map(checkpoint::read).transpose()?;
        let heads = checkpoint.as_ref().map(Checkpoint::heads).unwrap_or_default();
        let outcome = self.verify(until, heads).await?;
        let written = match self.output {
            Form::Text => text::form(&outcome),
            Form::Json => json::form(&outcome)?,
        };
        anstream::print!("{written}");
        if let (Some(checkpoint), Some(file)) = (&mut checkpoint, &self.checkpoint) {
            checkpoint::write(file, checkpoint, &outcome)?;
        }
        Ok(exit_code(&outcome))
    }

    async fn verify(&self, until: Timestamp, heads: BTreeMap<Stream, Head>) -> Result<Outcome> {
        let days = |days: u32| until.checked_sub(jiff::SignedDuration::from_hours(i64::from(days) * 24));
        let settings = Settings {
            bucket: String::new(),
            selection: Selection {
                accounts: self.accounts.clone(),
                regions: self.regions.clone(),
                trails: self.trails.clone(),
                shard: self.shard,
            },
            since: self.since,
            until,
            expired: self.expired_after.map(days).transpose()?,
            unreferenced: match self.unreferenced {
                Strays::Fault => Unreferenced::Fault,
                Strays::Ignore => Unreferenced::Ignore,
            },
            heads,
            stopped: Default::default(),
            on_object: None,
        };
        self.source.verify(settings, self.at_once.into()).await
    }
}

fn exit_code(outcome: &Outcome) -> ExitCode {
    match outcome.conclusion() {
        Conclusion::Intact => ExitCode::SUCCESS,
        Conclusion::NotIntact => ExitCode::from(NOT_INTACT),
        Conclusion::Unknown => ExitCode::FAILURE,
    }
}
