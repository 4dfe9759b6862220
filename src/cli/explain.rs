//! `trailkeeper explain`: the rules and the frameworks, from the catalogue of this version.

use super::Format;
use crate::report::rules::{docs, page};
use crate::rules::catalogue::Catalogue;
use crate::rules::rules;
use anyhow::{Context, Result};
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;

/// Show what a rule looks at, why, how to satisfy it, and what it serves. Without an id: every rule.
#[derive(Args)]
pub struct Explain {
    /// Id of the rule, for example TK-TRAIL-001.
    #[arg(ignore_case = true, hide_possible_values = true, value_parser = PossibleValuesParser::new(rules().map(|rule| rule.id)))]
    rule: Option<String>,
    /// List the frameworks, each with the number of rules that serve it.
    #[arg(long, conflicts_with = "rule")]
    frameworks: bool,
    /// Form of the answer.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

impl Explain {
    pub fn run(self) -> Result<()> {
        let catalogue = Catalogue::builtin()?;
        let answer = match &self.rule {
            Some(id) => self.rule(&id.to_uppercase(), &catalogue)?,
            None if self.frameworks => self.frameworks(&catalogue),
            None => self.list(&catalogue),
        };
        Ok(anstream::stdout().lock().write_all(answer.as_bytes())?)
    }

    fn rule(&self, id: &str, catalogue: &Catalogue) -> Result<String> {
        let entry = catalogue.entry(id).with_context(|| format!("the catalogue has no rule {id}"))?;
        Ok(match self.output {
            Format::Text => page::text(entry, catalogue),
            Format::Json => format!("{:#}\n", page::json(entry, catalogue)),
        })
    }

    fn list(&self, catalogue: &Catalogue) -> String {
        match self.output {
            Format::Text => page::list(catalogue),
            Format::Json => format!("{:#}\n", json!(catalogue.entries().map(|entry| page::json(entry, catalogue)).collect::<Vec<_>>())),
        }
    }

    fn frameworks(&self, catalogue: &Catalogue) -> String {
        let counted = page::frameworks(catalogue);
        match self.output {
            Format::Text => counted.into_iter().fold(String::new(), |mut out, (framework, rules)| {
                let _ = writeln!(out, "{framework:32} {rules:3} rules");
                out
            }),
            Format::Json => {
                let all: Vec<_> = counted.into_iter().map(|(framework, rules)| json!({"framework": framework, "rules": rules})).collect();
                format!("{:#}\n", json!(all))
            }
        }
    }
}

/// Write the pages of docs/rules, and take away those of subjects that are no more.
#[derive(Args)]
pub struct RuleDocs {
    /// The folder.
    #[arg(long)]
    dir: PathBuf,
}

impl RuleDocs {
    pub fn run(self) -> Result<()> {
        let pages = docs::pages(&Catalogue::builtin()?);
        let dir = &self.dir;
        std::fs::create_dir_all(dir).with_context(|| format!("folder {} could not be made", dir.display()))?;
        for entry in std::fs::read_dir(dir).with_context(|| format!("folder {} could not be read", dir.display()))? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.ends_with(".md") && !pages.contains_key(&name) {
                std::fs::remove_file(&path).with_context(|| format!("{} could not be removed", path.display()))?;
            }
        }
        for (name, text) in pages {
            let file = dir.join(name);
            std::fs::write(&file, text).with_context(|| format!("{} could not be written", file.display()))?;
        }
        Ok(())
    }
}
