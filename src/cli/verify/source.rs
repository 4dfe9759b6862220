//! Where the files to verify are: named by a trail, a manifest or a bucket, or copied to a folder.

use super::folder::Folder;
use super::progress;
use crate::api::LogArchive;
use crate::aws::{ArchiveObjects, Cloud, Shared};
use crate::cli::accounts::{self, AMBIENT, Account, NeedOfOrganization};
use crate::cli::documents::Strangers;
use crate::cli::files::{self, File};
use crate::cli::manifests::{Contents, Manifests, Problems};
use crate::cli::resolve::{AccountSource, resolve};
use crate::integrity::archive;
use crate::integrity::evidence::Evidence;
use crate::integrity::outcome::Outcome;
use crate::integrity::place::TrailId;
use crate::integrity::public_keys;
use crate::integrity::reader::Reader;
use crate::integrity::settings::Settings;
use anyhow::{Context, Result, bail};
use clap::Args;
use kube::ResourceExt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

/// The Region whose endpoint is asked first, where nothing names another one.
const ANY_REGION: &str = "us-east-1";

/// How the files are read.
#[derive(Clone, Copy)]
pub struct Pace {
    /// Files that are read at a time.
    pub at_once: usize,
    /// MiB that are read in a second at most.
    pub bandwidth: Option<NonZeroU32>,
    /// Whether progress is shown on a terminal.
    pub shown: bool,
}

/// Where the files are.
#[derive(Args)]
#[group(skip)]
pub struct Source {
    /// ARN of a trail: its bucket, prefix and accounts are looked up, and only its digests verified.
    #[arg(long, value_name = "ARN", conflicts_with_all = ["filenames", "bucket", "folder"])]
    trail_arn: Option<String>,
    /// File or folder with the manifest of a LogArchive, and of its AwsAccount. May be given several times.
    #[arg(short, long = "filename", value_name = "FILE|DIR|-", conflicts_with_all = ["bucket", "folder"])]
    filenames: Vec<PathBuf>,
    /// Also look into folders below.
    #[arg(short = 'R', long, requires = "filenames")]
    recursive: bool,
    /// Name of the LogArchive, if the files hold several.
    #[arg(long, value_name = "NAME", requires = "filenames")]
    archive: Option<String>,
    /// The bucket, or with --dir the one that the folder is a copy of.
    #[arg(long, value_name = "BUCKET")]
    bucket: Option<String>,
    /// What stands before AWSLogs/ in the keys. May be given several times. Default: all there are.
    #[arg(long = "prefix", value_name = "PREFIX")]
    prefixes: Vec<String>,
    /// A copy of the bucket on this machine, with the metadata of each digest beside it in KEY.metadata.json.
    #[arg(long = "dir", value_name = "DIR", requires_all = ["bucket", "keys"])]
    folder: Option<PathBuf>,
    /// Public keys by Region: {"REGION": what `aws cloudtrail list-public-keys --region REGION` prints, ...}
    #[arg(long, value_name = "FILE", requires = "folder")]
    keys: Option<PathBuf>,
}

impl Source {
    pub async fn verify(&self, mut settings: Settings, pace: Pace) -> Result<Outcome> {
        let prefixes: Vec<String> = self.prefixes.iter().map(|prefix| as_folder(prefix)).collect();
        if let (Some(folder), Some(bucket), Some(keys)) = (&self.folder, &self.bucket, &self.keys) {
            let text = std::fs::read_to_string(keys).with_context(|| format!("reading --keys {}", keys.display()))?;
            let keys = public_keys::from_file(&text).map_err(|why| anyhow::anyhow!("--keys {}: {why}", keys.display()))?;
            if !folder.is_dir() {
                bail!("--dir {}: there is no such folder", folder.display());
            }
            settings.bucket.clone_from(bucket);
            return Ok(run(Folder::new(folder.clone(), bucket.clone(), keys), settings, pace, &prefixes).await);
        }
        if let Some(bucket) = &self.bucket {
            let account = ambient(None).await?;
            settings.bucket.clone_from(bucket);
            let cloud = cloud(&account, &account.session.region());
            return Ok(run(Arc::new(ArchiveObjects::new(cloud, bucket, None)), settings, pace, &prefixes).await);
        }
        if let Some(arn) = &self.trail_arn {
            return self.of_trail(arn, settings, pace).await;
        }
        if self.filenames.is_empty() {
            bail!("say what to verify: --trail-arn, -f with the manifest of a LogArchive, --bucket, or --dir");
        }
        self.of_manifest(settings, pace, &prefixes).await
    }

    async fn of_trail(&self, arn: &str, mut settings: Settings, pace: Pace) -> Result<Outcome> {
        let Some(TrailId { name, home_region, .. }) = TrailId::parse(arn, false) else {
            bail!("--trail-arn {arn}: that is no ARN of a trail; it looks like arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME");
        };
        let account = ambient(Some(&home_region)).await?;
        let cloud = cloud(&account, &home_region);
        let trail = cloud.trail_to_verify(arn).await.map_err(|failure| anyhow::anyhow!("{failure}"))?;
        settings.bucket.clone_from(&trail.bucket);
        settings.selection.trails = vec![name];
        settings.trails.extend(TrailId::parse(arn, trail.of_organization).map(|of| (of, trail.switched)));
        let prefixes = [as_folder(&trail.prefix)];
        Ok(run(Arc::new(ArchiveObjects::new(cloud, &trail.bucket, None)), settings, pace, &prefixes).await)
    }

    async fn of_manifest(&self, mut settings: Settings, pace: Pace, prefixes: &[String]) -> Result<Outcome> {
        let files = files::read(&self.filenames, self.recursive)?;
        let contents = Contents::read(files.iter().map(File::named), Strangers::PassedOver);
        if !contents.problems.is_empty() {
            return Err(Problems(contents.problems).into());
        }
        let archive = self.chosen(&contents.manifests)?;
        let sources = resolve(&contents.manifests)?.accounts;
        let name = &archive.spec.account_ref.name;
        let ambient = AccountSource::Ambient { region: archive.spec.region.clone() };
        let account = accounts::open(name, sources.get(name).unwrap_or(&ambient), NeedOfOrganization::None).await?;
        settings.bucket.clone_from(&archive.spec.bucket_name);
        if settings.expired.is_none() {
            settings.expired = archive.spec.expired_at(settings.until);
        }
        let objects = ArchiveObjects::new(cloud(&account, &archive.spec.region), &archive.spec.bucket_name, Some(account.facts.id.clone()));
        Ok(run(Arc::new(objects), settings, pace, prefixes).await)
    }

    fn chosen<'a>(&self, manifests: &'a Manifests) -> Result<&'a LogArchive> {
        let all: Vec<&LogArchive> = manifests.archives.iter().map(|archive| &archive.value).collect();
        let names = || all.iter().map(|archive| archive.name_any()).collect::<Vec<_>>().join(", ");
        match (&self.archive, all.as_slice()) {
            (_, []) => bail!("the files hold no LogArchive"),
            (None, [one]) => Ok(one),
            (None, _) => bail!("the files hold several LogArchives: {}; choose one with --archive", names()),
            (Some(name), _) => all
                .iter()
                .find(|archive| archive.name_any() == *name)
                .copied()
                .with_context(|| format!("the files hold no LogArchive {name}; they have {}", names())),
        }
    }
}

fn as_folder(prefix: &str) -> String {
    if prefix.is_empty() || prefix.ends_with('/') { prefix.to_owned() } else { format!("{prefix}/") }
}

async fn ambient(region: Option<&str>) -> Result<Account> {
    let of_environment = || std::env::var("AWS_REGION").or_else(|_| std::env::var("AWS_DEFAULT_REGION")).ok();
    let region = region.map(str::to_owned).or_else(of_environment).unwrap_or_else(|| ANY_REGION.to_owned());
    accounts::open(AMBIENT, &AccountSource::Ambient { region }, NeedOfOrganization::None).await
}

fn cloud(account: &Account, region: &str) -> Cloud {
    Cloud::new(&account.session, region, Arc::<Shared>::default())
}

async fn run<E: Evidence>(evidence: E, settings: Settings, pace: Pace, prefixes: &[String]) -> Outcome {
    let reader = Reader::new(evidence, pace.at_once);
    let reader = Arc::new(match pace.bandwidth {
        Some(bandwidth) => reader.with_bandwidth(bandwidth),
        None => reader,
    });
    let verify = archive::verify(reader.clone(), settings, prefixes);
    if !pace.shown {
        return verify.await;
    }
    tokio::select! {
        outcome = verify => outcome,
        never = progress::show(&reader.progress) => match never {},
    }
}
