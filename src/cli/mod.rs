//! The command line: one file per subcommand. It reads files and the terminal, and leaves judgement to the engine.

mod accounts;
mod admission_policy;
mod apply;
mod check;
mod completions;
mod crds;
mod desk;
mod documents;
mod explain;
mod files;
mod history;
mod iam_policy;
mod limits;
mod lint;
mod locate;
mod manifests;
mod members;
mod offline;
mod plan;
mod policies;
mod progress;
mod report;
mod resolve;
mod run;
mod scope;
mod survey;
mod verify;
mod version;

use crate::report::Verdict;
use anstream::ColorChoice;
use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// Keeps AWS audit logging as declared: a Kubernetes operator, and a command line on the same engine.
#[derive(Parser)]
#[command(name = "trailkeeper", version, propagate_version = true)]
struct Cli {
    /// When to colour text. NO_COLOR is honoured.
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Run),
    Plan(plan::Plan),
    Apply(apply::Apply),
    Lint(lint::Lint),
    Explain(explain::Explain),
    AdmissionPolicy(admission_policy::AdmissionPolicy),
    #[command(hide = true)]
    RuleDocs(explain::RuleDocs),
    Check(check::Check),
    Report(report::Report),
    Verify(verify::Verify),
    IamPolicy(iam_policy::IamPolicy),
    Crds(crds::Crds),
    Completions(completions::Completions),
    Version(version::Version),
}

#[derive(Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// The form of an answer.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// What `plan` and `apply` take alike.
#[derive(Args)]
struct Input {
    /// File or folder with manifests, or - for standard input. May be given several times.
    #[arg(short, long = "filename", required = true, value_name = "FILE|DIR|-")]
    filenames: Vec<PathBuf>,
    /// Also look into folders below.
    #[arg(short = 'R', long)]
    recursive: bool,
    /// First part of the ownership tag: the instance name of the operator that keeps these objects.
    #[arg(long, env = "TRAILKEEPER_INSTANCE", default_value = "default", value_parser = instance)]
    instance: String,
    /// Form of the answer.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

fn instance(value: &str) -> Result<String, String> {
    let fits =
        !value.is_empty() && value.len() <= 63 && value.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter));
    if fits { Ok(value.to_owned()) } else { Err("an instance name has 1 to 63 letters, digits, dots, hyphens and underscores".to_owned()) }
}

/// Exit code of a command that found differences and was not there to remove them.
const DIFFERENCES: u8 = 2;

/// Runs the command line of this process.
pub async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            let _ = answer.print();
            // clap's own code for wrong usage is 2, which here means differences.
            return if answer.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match cli.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
    match run(cli.command).await {
        Ok(code) => code,
        // Whoever read our output has enough of it: `trailkeeper crds | head`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("{}: {error:#}", owo_colors::OwoColorize::red(&"error"));
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Run(run) => run.run().await.map(|()| ExitCode::SUCCESS),
        Command::Plan(plan) => plan.run().await,
        Command::Apply(apply) => apply.run().await,
        Command::Lint(lint) => lint.run(),
        Command::Explain(explain) => explain.run().map(|()| ExitCode::SUCCESS),
        Command::AdmissionPolicy(command) => command.run().map(|()| ExitCode::SUCCESS),
        Command::RuleDocs(docs) => docs.run().map(|()| ExitCode::SUCCESS),
        Command::Check(check) => check.run().await,
        Command::Report(report) => report.run().await,
        Command::Verify(verify) => verify.run().await,
        Command::IamPolicy(command) => command.run().map(|()| ExitCode::SUCCESS),
        Command::Crds(crds) => crds.run().map(|()| ExitCode::SUCCESS),
        Command::Completions(completions) => completions.run().map(|()| ExitCode::SUCCESS),
        Command::Version(version) => version.run().map(|()| ExitCode::SUCCESS),
    }
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Clean => Self::SUCCESS,
            Verdict::Differs => Self::from(DIFFERENCES),
            Verdict::Failed => Self::FAILURE,
        }
    }
}
