//! `trailkeeper verify`: proves that an archive is what CloudTrail delivered. It only reads.

mod checkpoint;
mod folder;
pub(super) mod merge;
mod progress;
mod source;

use crate::integrity::chain::Head;
use crate::integrity::checkpoint::Checkpoint;
use crate::integrity::outcome::{Conclusion, Outcome, Shard};
use crate::integrity::place::Stream;
use crate::integrity::settings::{OnObject, Selection, Settings, Unreferenced};
use crate::report::integrity::csv::Rows;
use crate::report::integrity::{csv, html, json, junit, text};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use source::Pace;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, IsTerminal, Stdout, Write};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Exit code where something is not intact.
const NOT_INTACT: u8 = 2;

/// The form of the answer.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For a person at a terminal.
    Text,
    /// All of it, for programs and for --merge.
    Json,
    /// For CI.
    Junit,
    /// A page for who reads reports.
    Html,
    /// A row for every file, also the intact ones.
    Csv,
}

/// Set by Kubernetes in the pods of an Indexed Job.
const INDEX: &str = "JOB_COMPLETION_INDEX";

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
    #[arg(long, value_name = "FILE", conflicts_with_all = ["since", "shard", "shards"])]
    checkpoint: Option<PathBuf>,
    /// Files that are read at a time.
    #[arg(long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u16).range(1..=1024))]
    at_once: u16,
    /// Read at most so many MiB in a second. Default: as fast as S3, the network and the cores allow.
    #[arg(long, value_name = "MIB")]
    max_mebibytes_per_second: Option<NonZeroU32>,
    /// Only the shard I of N, counted from 0: accounts and Regions are divided among shards.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<Shard>,
    /// As --shard, with I from the environment variable JOB_COMPLETION_INDEX: in a pod of an Indexed Job of Kubernetes.
    #[arg(long, value_name = "N", conflicts_with = "shard", value_parser = clap::value_parser!(u32).range(1..))]
    shards: Option<u32>,
    /// Also write the outcome as JSON into this folder, as outcome.json or shard-I-of-N.json: for --merge, and for report --verified.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Verify nothing, but put together what shards wrote with -o json or --save. Every shard must be there.
    #[arg(long, value_name = "FILE|DIR", num_args = 1.., conflicts_with_all = [
        "trail_arn", "filenames", "bucket", "folder", "accounts", "regions", "trails", "since", "until", "expired_after", "shard", "shards", "checkpoint"])]
    merge: Vec<PathBuf>,
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

fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(index, of)| Some(Shard { index: index.parse().ok()?, of: of.parse().ok()? }));
    parts.filter(|shard| shard.index < shard.of).ok_or_else(|| "give I/N with I less than N, such as 0/4".to_owned())
}

impl Verify {
    pub async fn run(self) -> Result<ExitCode> {
        let mut checkpoint = self.checkpoint.as_deref().map(checkpoint::read).transpose()?;
        let heads = checkpoint.as_ref().map(Checkpoint::heads).unwrap_or_default();
        let outcome = match self.output {
            Form::Csv if self.merge.is_empty() => self.stream_rows(heads).await?,
            form => {
                let outcome = self.outcome(heads, None).await?;
                print(&written(form, &outcome)?)?;
                outcome
            }
        };
        if let Some(folder) = &self.save {
            merge::save(&outcome, folder)?;
        }
        if let (Some(checkpoint), Some(file)) = (&mut checkpoint, &self.checkpoint) {
            checkpoint::write(file, checkpoint, &outcome)?;
        }
        Ok(exit_code(&outcome))
    }

    /// Writes a row of each object when its verdict is known: none is kept.
    async fn stream_rows(&self, heads: BTreeMap<Stream, Head>) -> Result<Outcome> {
        let rows = Arc::new(Mutex::new(Rows::new(io::stdout())?));
        let (failed, mut failure) = mpsc::unbounded_channel();
        let on_object: OnObject = {
            let rows = rows.clone();
            Arc::new(move |object| {
                if let Err(error) = write(&rows).object(object) {
                    // Who would hear of it is the one below, or gone.
                    let _ = failed.send(error);
                }
            })
        };
        let outcome = tokio::select! {
            outcome = self.outcome(heads, Some(on_object)) => outcome?,
            Some(error) = failure.recv() => bail!("the rows could not be written, and verifying was given up: {error}"),
        };
        write(&rows).finish(&outcome).context("the rows could not be written")?;
        Ok(outcome)
    }

    async fn outcome(&self, heads: BTreeMap<Stream, Head>, on_object: Option<OnObject>) -> Result<Outcome> {
        if !self.merge.is_empty() {
            return merge::outcome(&self.merge);
        }
        let until = self.until.unwrap_or_else(Timestamp::now);
        if self.since.is_some_and(|since| since >= until) {
            bail!("--since is not before {until}");
        }
        let days = |days: u32| until.checked_sub(jiff::SignedDuration::from_hours(i64::from(days) * 24));
        let settings = Settings {
            bucket: String::new(),
            selection: Selection {
                accounts: self.accounts.clone(),
                regions: self.regions.clone(),
                trails: self.trails.clone(),
                shard: self.shard()?,
            },
            since: self.since,
            until,
            expired: self.expired_after.map(days).transpose()?,
            unreferenced: match self.unreferenced {
                Strays::Fault => Unreferenced::Fault,
                Strays::Ignore => Unreferenced::Ignore,
            },
            heads,
            trails: Default::default(),
            on_object,
        };
        // Rows and the line of progress would get in each other's way.
        let shown = self.output != Form::Csv || !io::stdout().is_terminal();
        self.source.verify(settings, Pace { at_once: self.at_once.into(), bandwidth: self.max_mebibytes_per_second, shown }).await
    }

    fn shard(&self) -> Result<Option<Shard>> {
        let Some(of) = self.shards else { return Ok(self.shard) };
        let index = std::env::var(INDEX).with_context(|| {
            format!("--shards takes its number from {INDEX}, which is not set: this is no pod of an Indexed Job; use --shard I/N")
        })?;
        match shard(&format!("{index}/{of}")) {
            Ok(shard) => Ok(Some(shard)),
            Err(_) => bail!(
                "{INDEX} is {index:?}, which is no number less than --shards {of}: give the Job as many completions as there are shards"
            ),
        }
    }
}

fn write(rows: &Mutex<Rows<Stdout>>) -> std::sync::MutexGuard<'_, Rows<Stdout>> {
    rows.lock().unwrap_or_else(PoisonError::into_inner)
}

fn written(form: Form, outcome: &Outcome) -> Result<String> {
    Ok(match form {
        Form::Text => text::form(outcome),
        Form::Json => json::form(outcome)?,
        Form::Junit => junit::form(outcome)?,
        Form::Html => html::form(outcome),
        Form::Csv => csv::form(outcome)?,
    })
}

/// Whoever has read enough gets the exit code all the same: it is not the one of success, as elsewhere.
fn print(text: &str) -> io::Result<()> {
    match anstream::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn exit_code(outcome: &Outcome) -> ExitCode {
    match outcome.conclusion() {
        Conclusion::Intact => ExitCode::SUCCESS,
        Conclusion::NotIntact => ExitCode::from(NOT_INTACT),
        Conclusion::Unknown => ExitCode::FAILURE,
    }
}
