//! `lab up`: starts everything, prints one line of JSON, and stops everything when its lifeline is cut.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::info::LabInfo;
use crate::lifeline::Lifeline;
use crate::stage::Stage;
use crate::{aws, control_plane, tools};

const HEALTH_CHECK: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Keep certificates, data and logs here instead of in a new temporary directory; must not exist yet, and is
    /// removed at the end
    #[arg(long)]
    state_dir: Option<PathBuf>,
    /// Start no Kubernetes control plane
    #[arg(long)]
    no_kube: bool,
    /// Start no simulated AWS
    #[arg(long)]
    no_aws: bool,
}

pub async fn run(options: Options) -> Result<()> {
    // Only fails when one is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut lifeline = Lifeline::hold()?;
    let tools = tools()?;
    let state = StateDir::create(options.state_dir.as_deref())?;
    let mut kube = Stage::new(&tools, state.path());
    let mut aws = Stage::new(&tools, state.path());

    let outcome = tokio::select! {
        outcome = serve(&options, &mut kube, &mut aws) => outcome,
        () = lifeline.cut() => Ok(()),
    };
    lifeline.end_adopted();
    outcome.and(aws.stop()).and(kube.stop())
}

async fn serve(options: &Options, kube: &mut Stage, aws: &mut Stage) -> Result<()> {
    let info = start(options, kube, aws).await?;
    let mut stdout = std::io::stdout();
    serde_json::to_writer(&mut stdout, &info).context("printing where everything is")?;
    writeln!(stdout).and_then(|()| stdout.flush()).context("printing where everything is")?;
    loop {
        tokio::time::sleep(HEALTH_CHECK).await;
        kube.require_alive()?;
        aws.require_alive()?;
    }
}

async fn start(options: &Options, kube: &mut Stage, aws: &mut Stage) -> Result<LabInfo> {
    let mut info = LabInfo { state_dir: kube.state_dir.clone(), ..LabInfo::default() };
    let start_kube = async { Ok::<_, anyhow::Error>(if options.no_kube { None } else { Some(control_plane::start(kube).await?) }) };
    let start_aws = async { Ok(if options.no_aws { None } else { Some(aws::start(aws).await?) }) };
    let (control_plane, simulated_aws) = tokio::try_join!(start_kube, start_aws)?;
    if let Some(control_plane) = control_plane {
        info.kubeconfig = Some(control_plane.kubeconfig);
        info.apiserver_url = Some(control_plane.apiserver_url);
        info.ca_file = Some(control_plane.ca_file);
        info.admin_token = Some(control_plane.admin_token);
    }
    if let Some(simulated_aws) = simulated_aws {
        info.sim_endpoint = Some(simulated_aws.endpoint);
        info.moto_url = Some(simulated_aws.moto_url);
    }
    info.pids.extend(kube.pids());
    info.pids.extend(aws.pids());
    Ok(info)
}

/// Removed with everything in it when dropped.
struct StateDir(TempDir);

impl StateDir {
    fn create(wanted: Option<&Path>) -> Result<Self> {
        let dir = match wanted {
            Some(path) => Self::at(path)?,
            None => tempfile::Builder::new().prefix("trailkeeper-lab-").tempdir().context("making a state directory")?,
        };
        for name in ["log", "home"] {
            let path = dir.path().join(name);
            std::fs::create_dir(&path).with_context(|| format!("creating {}", path.display()))?;
        }
        Ok(Self(dir))
    }

    fn at(path: &Path) -> Result<TempDir> {
        if path.exists() {
            bail!("the state directory {} exists already; name one that does not, since it is removed at the end", path.display());
        }
        let path = std::path::absolute(path).with_context(|| format!("resolving {}", path.display()))?;
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            bail!("{} can't be a state directory", path.display());
        };
        std::fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
        tempfile::Builder::new()
            .prefix(name)
            .rand_bytes(0)
            .tempdir_in(parent)
            .with_context(|| format!("creating the state directory {}", path.display()))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}
