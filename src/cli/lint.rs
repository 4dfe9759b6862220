//! `trailkeeper lint`: judges manifests where they are written. No cluster, no account, no credentials.

use super::DIFFERENCES;
use super::documents::Strangers;
use super::files::{self, File};
use super::locate::Locator;
use super::manifests::{Contents, Place, Problems, path};
use super::offline::{Offline, Verdicts};
use super::policies::{self, Policies};
use crate::report::lint::baseline::{self, Baseline};
use crate::report::lint::{Edit, Fix, Lint as Found, Linted, Outcome, Placed, choices, github, json, junit, patched_field, sarif, text};
use crate::rules::catalogue::Catalogue;
use crate::rules::finding::{Finding, Result as Verdict, Severity};
use anyhow::{Context, Result, anyhow};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Judge manifests by the best-practice rules, with the place and the fix of each finding. Needs no cluster and no account.
///
/// Objects of other kinds are passed over, so the output of kustomize or helm can be piped in. Exit codes: 0 clean, 2 findings,
/// 1 manifests that are wrong in themselves, or another error.
#[derive(Args)]
pub struct Lint {
    /// File or folder with manifests, or - for standard input.
    #[arg(value_name = "FILE|DIR|-", required_unless_present = "filenames")]
    paths: Vec<PathBuf>,
    /// The same, as plan takes it. May be given several times.
    #[arg(short, long = "filename", value_name = "FILE|DIR|-")]
    filenames: Vec<PathBuf>,
    /// Also look into folders below.
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Form of the answer.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Form,
    /// Only rules that serve a requirement of this framework. May be given several times; `explain --frameworks` lists them.
    #[arg(long = "framework", value_name = "NAME")]
    frameworks: Vec<String>,
    /// Only findings at least as severe.
    #[arg(long, value_name = "LEVEL", default_value = "info", ignore_case = true, value_parser = severity())]
    severity: Severity,
    /// File or folder with CompliancePolicies, beside those among the manifests. May be given several times.
    #[arg(long = "policy", value_name = "FILE|DIR")]
    policies: Vec<PathBuf>,
    /// Accept the findings that this file lists.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the findings that there are into this file, to be accepted with --baseline.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    Junit,
    /// GitHub workflow commands: annotations on the changed lines.
    Github,
}

/// Severities by name.
pub fn severity() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(["info", "low", "medium", "high", "critical"]).map(|name| match name.to_lowercase().as_str() {
        "critical" => Severity::Critical,
        "high" => Severity::High,
        "medium" => Severity::Medium,
        "low" => Severity::Low,
        _ => Severity::Info,
    })
}

impl Lint {
    pub fn run(self) -> Result<ExitCode> {
        let catalogue = Catalogue::builtin()?;
        let given: Vec<PathBuf> = self.paths.iter().chain(&self.filenames).cloned().collect();
        let files = files::read(&given, self.recursive)?;
        let policy_files = files::read(&self.policies, false)?;
        let mut lint = find(&files, &policy_files, &self.frameworks, self.severity, &catalogue, Timestamp::now())?;
        if let Some(file) = &self.baseline {
            let name = file.display().to_string();
            let text = std::fs::read_to_string(file).with_context(|| format!("{name} could not be read"))?;
            Baseline::parse(&name, &text).map_err(Problems)?.accept(&name, &mut lint);
        }
        lint.sort();
        if let Some(file) = &self.write_baseline {
            return write_baseline(file, &lint);
        }
        anstream::stdout().lock().write_all(rendered(&lint, self.output, &catalogue)?.as_bytes())?;
        Ok(match lint.outcome() {
            Outcome::Clean => ExitCode::SUCCESS,
            Outcome::Findings => ExitCode::from(DIFFERENCES),
            Outcome::Broken => ExitCode::FAILURE,
        })
    }
}

fn rendered(lint: &Found, form: Form, catalogue: &Catalogue) -> Result<String> {
    Ok(match form {
        Form::Text => text::render(lint),
        Form::Json => format!("{:#}\n", json::render(lint)),
        Form::Sarif => format!("{:#}\n", sarif::render(lint, catalogue)),
        Form::Junit => junit::render(lint)?,
        Form::Github => github::render(lint),
    })
}

fn write_baseline(file: &PathBuf, lint: &Found) -> Result<ExitCode> {
    if lint.outcome() == Outcome::Broken {
        return Err(anyhow!("{}\nno baseline was written: what can't be read can't be judged", Problems(lint.problems.clone())));
    }
    let baseline = baseline::render(lint);
    std::fs::write(file, &baseline).with_context(|| format!("{} could not be written", file.display()))?;
    anstream::eprintln!("{}: {}", file.display(), lint.summary().line());
    Ok(ExitCode::SUCCESS)
}

/// Everything that is to be said of these files; findings at least as severe as `severity`.
pub fn find(
    files: &[File],
    policy_files: &[File],
    frameworks: &[String],
    severity: Severity,
    catalogue: &Catalogue,
    now: Timestamp,
) -> Result<Found> {
    let mut locator = Locator::new(files.iter().chain(policy_files));
    let Contents { mut manifests, problems, .. } = Contents::read(files.iter().map(File::named), Strangers::PassedOver);
    let (mut chosen, policy_problems) = policies::of_files(policy_files);
    // A file may be given both ways.
    let twice = |policy: &super::manifests::Located<crate::api::CompliancePolicy>| chosen.iter().any(|known| known.place == policy.place);
    manifests.policies.retain(|policy| !twice(policy));
    chosen.append(&mut manifests.policies);
    let mut policies = Policies::new(chosen, frameworks, catalogue)?;
    let offline = Offline::new(&manifests, &mut locator);
    let mut lint = Found {
        expired: policies.expired(now, &mut locator),
        problems: [problems, policy_problems, policies.unknown(catalogue, &mut locator), offline.problems.clone()].concat(),
        notes: offline.notes.clone(),
        ..Found::default()
    };
    lint.problems.dedup();
    offline.judge(&mut policies, catalogue, now, |verdicts| {
        lint.objects.push(Linted { name: verdicts.name.clone(), place: verdicts.place.clone() });
        for finding in &verdicts.findings {
            match finding.verdict.result() {
                Verdict::Pass => lint.passed += 1,
                Verdict::Fail | Verdict::Exempt if finding.severity >= severity => {
                    lint.findings.extend(placed(finding, &verdicts, catalogue, &mut locator))
                }
                // What only AWS can tell is not asked here.
                Verdict::Fail | Verdict::Exempt | Verdict::Unknown | Verdict::NotApplicable => {}
            }
        }
    });
    Ok(lint)
}

/// The place of the field that the rule's patch sets, in the object that it belongs to.
fn placed(finding: &Finding, verdicts: &Verdicts<'_>, catalogue: &Catalogue, locator: &mut Locator) -> Option<Placed> {
    let entry = catalogue.entry(&finding.rule)?;
    let foreign = entry.patch.as_ref().and_then(|patch| patch.get("kind")).and_then(Value::as_str).filter(|kind| *kind != verdicts.kind);
    let archive = verdicts.archive.filter(|_| foreign == Some("LogArchive"));
    let field = entry.patch.as_ref().map(patched_field).unwrap_or_else(|| vec!["spec".to_owned()]);
    let place: Place = match (foreign, archive) {
        (None, _) => locator.place(verdicts.place, &field),
        (Some(_), Some(archive)) => locator.place(&archive.place, &field),
        (Some(_), None) => locator.place(verdicts.place, &["spec".to_owned(), "archiveRef".to_owned()]),
    };
    let other = archive.map(|archive| format!("LogArchive {}", path(&archive.value)));
    let mut fix = Fix::of(entry, &verdicts.name, other.as_deref());
    let patched = if foreign.is_none() { Some(verdicts.place) } else { archive.map(|archive| &archive.place) };
    if let (Some(patch), Some(object), Some(wanted)) = (&mut fix.patch, patched, &entry.patch) {
        patch.edits = edits(wanted, object, locator).unwrap_or_default();
    }
    Some(Placed { finding: finding.clone(), place, fix, in_baseline: false })
}

/// The changes of the file that make the patch: none unless all of its fields stand there.
fn edits(patch: &Value, object: &Place, locator: &mut Locator) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    for (field, text) in choices(patch)? {
        let (place, word) = locator.word(object, &field)?;
        if word != text {
            edits.push(Edit { place, length: word.len(), text });
        }
    }
    Some(edits)
}
