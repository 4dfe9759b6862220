//! The one line of JSON that `lab up` prints when everything answers: the contract between the binary and its users.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where everything is. What was left out by `--no-kube` or `--no-aws` is absent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LabInfo {
    /// Kubeconfig of a cluster administrator.
    pub kubeconfig: Option<PathBuf>,
    pub apiserver_url: Option<String>,
    pub ca_file: Option<PathBuf>,
    /// Bearer token of the same administrator.
    pub admin_token: Option<String>,
    /// The simulated AWS: point every AWS client here.
    pub sim_endpoint: Option<String>,
    /// The moto server behind it, for tests that must go round the simulation.
    pub moto_url: Option<String>,
    /// Removed when the lab stops; `log/NAME.log` in it is what each process wrote.
    pub state_dir: PathBuf,
    /// Process ids by name.
    pub pids: BTreeMap<String, u32>,
}
