//! `trailkeeper crds`: the CustomResourceDefinitions, made from the types.

use crate::api::crds;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use std::io::Write;
use std::path::PathBuf;

/// Print the CustomResourceDefinitions, or write one file for each into a folder.
#[derive(Args)]
pub struct Crds {
    /// Form of the answer. Files are always YAML.
    #[arg(short, long, value_enum, default_value = "yaml")]
    output: Form,
    /// Write GROUP_PLURAL.yaml for each kind into this folder instead of printing.
    #[arg(long, conflicts_with = "output")]
    dir: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Yaml,
    Json,
}

impl Crds {
    pub fn run(self) -> Result<()> {
        let crds = crds::all();
        if let Some(dir) = self.dir {
            std::fs::create_dir_all(&dir).with_context(|| format!("folder {} could not be made", dir.display()))?;
            for crd in &crds {
                let file = dir.join(format!("{}_{}.yaml", crd.spec.group, crd.spec.names.plural));
                std::fs::write(&file, yaml(crd)?).with_context(|| format!("{} could not be written", file.display()))?;
            }
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        match self.output {
            Form::Yaml => {
                for crd in &crds {
                    write!(out, "---\n{}", yaml(crd)?)?;
                }
            }
            Form::Json => {
                let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": crds});
                writeln!(out, "{list:#}")?;
            }
        }
        Ok(())
    }
}

fn yaml(crd: &CustomResourceDefinition) -> Result<String> {
    serde_saphyr::to_string(crd).with_context(|| format!("the CRD of {} has no YAML form", crd.spec.names.kind))
}
