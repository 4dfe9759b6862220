//! `trailkeeper iam-policy`: the IAM policy that the manifests need, and no more. Asks AWS nothing.

use super::manifests::{Manifests, path};
use super::resolve::{AccountSource, References, resolve};
use crate::api::aws_account::{AwsAccountSpec, Organization};
use crate::api::common::{DeletionPolicy, Mode};
use crate::api::{LogArchive, LogArchiveStatus};
use crate::engine::{Subject, trail_name, writers};
use crate::facets::context::{AccountFacts, Destination};
use crate::facets::rights::{Right, of_account, of_auditor, of_verified_trail, of_verifier};
use crate::report::iam_policy::{self, MANAGED_POLICY_LIMIT, Trust, Wanted};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

/// Print the least IAM policy under which these manifests can be kept, verified or observed, and the role's trust policy.
///
/// Every action is scoped to the resources that the manifests name. Without AwsAccount in the files give --account-id.
#[derive(Args)]
pub struct IamPolicy {
    /// File or folder with manifests, or - for standard input. May be given several times.
    #[arg(short, long = "filename", required = true, value_name = "FILE|DIR|-")]
    filenames: Vec<PathBuf>,
    /// Also look into folders below.
    #[arg(short = 'R', long)]
    recursive: bool,
    /// What the identity is for.
    #[arg(long, value_enum, default_value = "reconcile")]
    identity: Purpose,
    /// Form of the answer.
    #[arg(long, value_enum, default_value = "json")]
    format: Form,
    /// Name of the AwsAccount whose identity this is. Needed if the manifests live in several accounts.
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Id of the account, if its AwsAccount is not in the files.
    #[arg(long, value_name = "ID", value_parser = account_id)]
    account_id: Option<String>,
    /// Id of the organization's management account, which owns organization trails, if it is another one.
    #[arg(long, value_name = "ID", value_parser = account_id)]
    management_account: Option<String>,
    /// A key that exists already narrows the policy from any key of the account and Region to this one.
    #[arg(long = "key", value_name = "NAMESPACE/ARCHIVE=ARN", value_parser = key)]
    keys: Vec<(String, String)>,
    /// Add the trust policy of a role: who may take it on.
    #[arg(long, value_enum)]
    trust: Option<TrustForm>,
    /// With --trust irsa: the cluster's OIDC provider, without https://.
    #[arg(long, value_name = "HOST/PATH", required_if_eq("trust", "irsa"))]
    oidc_provider: Option<String>,
    /// With --trust irsa: the operator's service account.
    #[arg(long, value_name = "NAMESPACE/NAME", default_value = "trailkeeper/trailkeeper", value_parser = service_account)]
    service_account: (String, String),
    /// With --trust cross-account: ARN of the identity that assumes the role. The external id is the one of the AwsAccount's last role.
    #[arg(long, value_name = "ARN", required_if_eq("trust", "cross-account"))]
    trusted_principal: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Purpose {
    /// Looks and reports; writes nothing.
    Observe,
    /// Runs `check` and `report`: reads all that the account has of audit logging, managed or not; writes nothing.
    Audit,
    /// Looks and writes.
    Reconcile,
    /// Reads log files and digests to verify them. Deliberately another identity than the one that writes.
    Verify,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Json,
    Terraform,
    Cloudformation,
}

#[derive(Clone, Copy, ValueEnum)]
enum TrustForm {
    /// IAM roles for service accounts.
    Irsa,
    /// EKS Pod Identity.
    PodIdentity,
    /// Another account's identity.
    CrossAccount,
}

fn account_id(value: &str) -> Result<String, String> {
    let fits = value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit());
    if fits { Ok(value.to_owned()) } else { Err("an account id has 12 digits".to_owned()) }
}

fn key(value: &str) -> Result<(String, String), String> {
    let (archive, arn) = value.split_once('=').ok_or("give NAMESPACE/ARCHIVE=ARN")?;
    if !arn.starts_with("arn:") || !archive.contains('/') {
        return Err("give NAMESPACE/ARCHIVE=ARN".to_owned());
    }
    Ok((archive.to_owned(), arn.to_owned()))
}

fn service_account(value: &str) -> Result<(String, String), String> {
    let (namespace, name) = value.split_once('/').ok_or("give NAMESPACE/NAME")?;
    Ok((namespace.to_owned(), name.to_owned()))
}

impl IamPolicy {
    pub fn run(self) -> Result<()> {
        let manifests = Manifests::load(&self.filenames, self.recursive)?;
        let references = resolve(&manifests)?;
        let name = self.chosen(&references)?;
        let accounts = self.accounts(&references)?;
        let facts = accounts.get(&name).context("the account was chosen from these")?;
        let rights = self.rights(&manifests, &references, &accounts, &name);
        let trust = self.trust(&references, &name, facts);
        let text = match self.format {
            Form::Json => json_text(&rights, trust.as_ref()),
            Form::Terraform | Form::Cloudformation => {
                let policies = iam_policy::policies(rights);
                let wanted = Wanted { name: &format!("trailkeeper-{name}"), policies: &policies, trust: trust.as_ref() };
                match self.format {
                    Form::Terraform => iam_policy::terraform(&wanted),
                    _ => format!("{:#}\n", iam_policy::cloudformation(&wanted)),
                }
            }
        };
        Ok(anstream::stdout().lock().write_all(text.as_bytes())?)
    }

    /// The AwsAccount that the policy is for.
    fn chosen(&self, references: &References) -> Result<String> {
        let names: Vec<&String> = references.accounts.keys().collect();
        match (&self.account, names.as_slice()) {
            (Some(name), names) if names.contains(&name) => Ok(name.clone()),
            (Some(name), names) => bail!("--account {name}: the manifests live in {}", list(names)),
            (None, [only]) => Ok((*only).clone()),
            (None, []) => bail!("the files hold no AwsAccount, LogArchive, Trail or EventDataStore"),
            (None, names) => bail!(
                "the manifests live in several accounts, each with an identity of its own: choose one with --account: {}",
                list(names)
            ),
        }
    }

    fn accounts(&self, references: &References) -> Result<BTreeMap<String, AccountFacts>> {
        let facts = |(name, source): (&String, &AccountSource)| {
            let (id, partition, regions) = match (source, &self.account_id) {
                (AccountSource::Declared { spec, .. }, _) => (spec.account_id.clone(), spec.partition, spec.regions.clone()),
                (AccountSource::Ambient { .. }, Some(id)) => (id.clone(), Default::default(), Default::default()),
                (AccountSource::Ambient { .. }, None) => {
                    bail!("AwsAccount {name} is not in the given files: give its file, or the account's id with --account-id")
                }
            };
            let organization =
                self.management_account.clone().map(|management_account_id| Organization { id: "o-*".to_owned(), management_account_id });
            Ok((name.clone(), AccountFacts { id, partition, organization, regions }))
        };
        references.accounts.iter().map(facts).collect()
    }

    fn rights(&self, manifests: &Manifests, references: &References, accounts: &BTreeMap<String, AccountFacts>, name: &str) -> Vec<Right> {
        let Some(facts) = accounts.get(name) else { return Vec::new() };
        if self.identity == Purpose::Audit {
            return of_auditor(facts);
        }
        let mut rights = Vec::new();
        for (at, archive) in manifests.archives.iter().enumerate() {
            let archive = &self.with_key(&archive.value);
            if archive.spec.account_ref.name != name {
                continue;
            }
            let known_key = archive.status.as_ref().and_then(|status| status.kms_key_arn.as_deref());
            if self.identity == Purpose::Verify {
                rights.extend(of_verifier(&archive.spec, facts, known_key));
                continue;
            }
            if archive.spec.integrity.is_some() {
                rights.extend(of_verifier(&archive.spec, facts, known_key));
            }
            let trails = manifests.trails.iter().zip(&references.archive_of).filter(|(_, of)| **of == Some(at));
            let trails = trails.map(|(trail, _)| (&trail.value, accounts.get(&trail.value.spec.account_ref.name)));
            let subject = Subject::log_archive(archive, facts, &writers(trails, &[]), "default");
            rights.extend(self.of_subject(&subject));
        }
        for trail in manifests.trails.iter().filter(|trail| trail.value.spec.account_ref.name == name) {
            if self.identity == Purpose::Verify {
                rights.extend(of_verified_trail(&facts.trail_arn(&trail.value.spec, &trail_name(&trail.value))));
                continue;
            }
            let nowhere = Destination { bucket: String::new(), kms_key: String::new() };
            rights.extend(self.of_subject(&Subject::trail(&trail.value, facts, nowhere, "default")));
        }
        for store in manifests.stores.iter().filter(|store| store.value.spec.account_ref.name == name && self.identity != Purpose::Verify) {
            rights.extend(self.of_subject(&Subject::event_data_store(&store.value, facts, "default")));
        }
        if self.identity != Purpose::Verify {
            rights.extend(of_account(facts));
        }
        rights
    }

    fn with_key(&self, archive: &LogArchive) -> LogArchive {
        let known = self.keys.iter().find(|(name, _)| *name == path(archive)).map(|(_, arn)| arn.clone());
        LogArchive { status: known.map(|arn| LogArchiveStatus { kms_key_arn: Some(arn), ..Default::default() }), ..archive.clone() }
    }

    /// Reads, and as the object and the identity go, writes and deletions.
    fn of_subject(&self, subject: &Subject) -> Vec<Right> {
        let writes = self.identity == Purpose::Reconcile && subject.treatment.mode == Mode::Enforce;
        let deletes = writes && subject.treatment.deletion_policy == DeletionPolicy::Delete;
        let all = subject.registered.facets.iter().map(|facet| facet.rights());
        all.flat_map(|rights| {
            let write = rights.write.into_iter().filter(move |_| writes);
            let delete = rights.delete.into_iter().filter(move |_| deletes);
            rights.read.into_iter().chain(write).chain(delete)
        })
        .collect()
    }

    fn trust(&self, references: &References, name: &str, facts: &AccountFacts) -> Option<Value> {
        let trust = match self.trust? {
            TrustForm::Irsa => Trust::Irsa {
                provider: self.oidc_provider.clone().unwrap_or_default().trim_start_matches("https://").to_owned(),
                namespace: self.service_account.0.clone(),
                service_account: self.service_account.1.clone(),
            },
            TrustForm::PodIdentity => Trust::PodIdentity,
            TrustForm::CrossAccount => Trust::CrossAccount {
                principal: self.trusted_principal.clone().unwrap_or_default(),
                external_id: references.accounts.get(name).and_then(|source| match source {
                    AccountSource::Declared { spec, .. } => external_id(spec),
                    AccountSource::Ambient { .. } => None,
                }),
            },
        };
        Some(iam_policy::trust_policy(&trust, facts.partition.as_str(), &facts.id))
    }
}

fn external_id(spec: &AwsAccountSpec) -> Option<String> {
    spec.credentials.assume_roles.last()?.external_id.clone()
}

fn list(names: &[&String]) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The bare policy, which the AWS command line takes as it is; with a trust policy, both.
fn json_text(rights: &[Right], trust: Option<&Value>) -> String {
    let policy = iam_policy::policy(rights.to_vec());
    let size = iam_policy::size(&policy);
    if size > MANAGED_POLICY_LIMIT {
        anstream::eprintln!(
            "Note: the policy has {size} characters, and a managed policy takes {MANAGED_POLICY_LIMIT}: use it inline (a role takes 10240), or --format terraform or cloudformation, which split it"
        );
    }
    match trust {
        None => format!("{policy:#}\n"),
        Some(trust) => format!("{:#}\n", json!({"policy": policy, "trustPolicy": trust})),
    }
}
