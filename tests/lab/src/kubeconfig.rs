//! Writes kubeconfig files for bearer tokens.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Writes a kubeconfig that presents `token` to the API server and works in `namespace`, readable only by this user.
pub fn write(path: &Path, apiserver_url: &str, ca_file: &Path, token: &str, namespace: &str) -> Result<PathBuf> {
    let text = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": {"server": apiserver_url, "certificate-authority": ca_file}}],
        "users": [{"name": "lab", "user": {"token": token}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab", "namespace": namespace}}],
        "current-context": "lab",
    });
    write_private(path, &text.to_string())?;
    Ok(path.to_owned())
}

/// kubectl and helm warn about a kubeconfig that others may read.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).with_context(|| format!("closing {} to others", path.display()))
}
