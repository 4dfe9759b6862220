//! CompliancePolicies from files: which of them select an object, and what they come to together.

use super::documents::Strangers;
use super::files::File;
use super::locate::Locator;
use super::manifests::{Contents, Located, Problem};
use crate::api::CompliancePolicy;
use crate::rules::catalogue::{Catalogue, Entry};
use crate::rules::policy_problems::{self, FieldProblem};
use crate::rules::settings::Settings;
use anyhow::{Result, bail};
use jiff::Timestamp;
use kube::ResourceExt;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// The policies that may select an object.
#[derive(Default)]
pub struct Policies {
    policies: Vec<Located<CompliancePolicy>>,
    /// Rules beyond which nothing is asked, whatever policies ask for.
    only: Option<BTreeSet<String>>,
    /// What combinations of policies come to: few of them select many objects.
    settled: HashMap<Vec<usize>, Rc<Settings>>,
}

impl Policies {
    /// Those of the given files. `only` are frameworks.
    pub fn new(policies: Vec<Located<CompliancePolicy>>, only: &[String], catalogue: &Catalogue) -> Result<Self> {
        let known = catalogue.frameworks();
        if let Some(unknown) = only.iter().find(|name| !known.contains(name.as_str())) {
            bail!("{}: {}", policy_problems::unknown_framework(unknown), policy_problems::frameworks(catalogue));
        }
        let serves_any = |entry: &&Entry| only.iter().any(|framework| catalogue.serves(entry, framework));
        let only = (!only.is_empty()).then(|| catalogue.entries().filter(serves_any).map(|entry| entry.id.clone()).collect());
        Ok(Self { policies, only, settled: HashMap::new() })
    }

    /// What of them is not known.
    pub fn unknown(&self, catalogue: &Catalogue, locator: &mut Locator) -> Vec<Problem> {
        self.told(locator, |policy| policy_problems::unknown(&policy.spec, catalogue))
    }

    /// Exemptions that hold no more.
    pub fn expired(&self, now: Timestamp, locator: &mut Locator) -> Vec<Problem> {
        self.told(locator, |policy| policy_problems::expired(&policy.spec, now))
    }

    fn told(&self, locator: &mut Locator, find: impl Fn(&CompliancePolicy) -> Vec<FieldProblem>) -> Vec<Problem> {
        let mut problems = Vec::new();
        for policy in &self.policies {
            let who = policy.value.name_any();
            problems.extend(find(&policy.value).into_iter().map(|found| Problem {
                place: locator.place(&policy.place, &found.field),
                message: format!("CompliancePolicy {who}: {}: {}", found.path(), found.message),
            }));
        }
        problems
    }

    /// What is asked of an object.
    pub fn settings(
        &mut self,
        namespace: Option<(&str, &BTreeMap<String, String>)>,
        labels: &BTreeMap<String, String>,
        catalogue: &Catalogue,
    ) -> Rc<Settings> {
        let selecting: Vec<usize> =
            self.policies.iter().enumerate().filter(|(_, policy)| policy.value.spec.selects(namespace, labels)).map(|(at, _)| at).collect();
        if let Some(settled) = self.settled.get(&selecting) {
            return settled.clone();
        }
        let named: Vec<(String, &CompliancePolicy)> =
            selecting.iter().filter_map(|at| self.policies.get(*at)).map(|policy| (policy.value.name_any(), &policy.value)).collect();
        let specs: Vec<_> = named.iter().map(|(name, policy)| (name.as_str(), &policy.spec)).collect();
        let mut settings = Settings::of(&specs, catalogue);
        if let Some(only) = &self.only {
            let rules = settings.rules.take();
            settings.rules = Some(rules.map_or_else(|| only.clone(), |rules| rules.intersection(only).cloned().collect()));
        }
        let settings = Rc::new(settings);
        self.settled.insert(selecting, settings.clone());
        settings
    }
}

/// The policies of files that are given for nothing else, with what is wrong in those files.
pub fn of_files(files: &[File]) -> (Vec<Located<CompliancePolicy>>, Vec<Problem>) {
    let contents = Contents::read(files.iter().map(File::named), Strangers::PassedOver);
    (contents.manifests.policies, contents.problems)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn policies(text: &str, only: &[&str]) -> (Policies, Catalogue, File) {
        let file = File { name: "p.yaml".into(), text: text.into() };
        let (found, problems) = of_files(std::slice::from_ref(&file));
        assert_eq!(problems, []);
        let catalogue = Catalogue::builtin().unwrap();
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        (Policies::new(found, &only, &catalogue).unwrap(), catalogue, file)
    }

    const HEAD: &str = "apiVersion: trailkeeper.dev/v1alpha1\nkind: CompliancePolicy\nmetadata: {name: strict}\nspec:\n";

    #[test]
    fn namespaces_and_labels_select() {
        let text = format!("{HEAD}  namespaces: {{names: [audit]}}\n  matchLabels: {{tier: gold}}\n  rules: {{include: [TK-TRAIL-001]}}\n");
        let (mut policies, catalogue, _) = policies(&text, &[]);
        let (gold, none) = (BTreeMap::from([("tier".to_owned(), "gold".to_owned())]), BTreeMap::new());
        let mut rules = |namespace: &str, labels: &BTreeMap<String, String>| {
            policies.settings(Some((namespace, &none)), labels, &catalogue).rules.as_ref().map(BTreeSet::len)
        };
        assert_eq!(rules("audit", &gold), Some(1));
        assert_eq!((rules("audit", &none), rules("other", &gold)), (None, None));
    }

    #[test]
    fn a_framework_narrows_what_policies_ask_for() {
        let text = format!("{HEAD}  rules: {{include: [TK-TRAIL-001, TK-TRAIL-007]}}\n");
        let (mut policies, catalogue, _) = policies(&text, &["CIS-AWS-1.4"]);
        let none = BTreeMap::new();
        let asked = policies.settings(None, &none, &catalogue).rules.clone().unwrap();
        assert!(!asked.contains("TK-TRAIL-007"), "{asked:?}");
        assert!(Policies::new(Vec::new(), &["CIS".to_owned()], &catalogue).err().unwrap().to_string().contains("CIS-AWS-1.4"));
    }

    #[test]
    fn what_is_unknown_is_told_at_its_field() {
        let text = format!("{HEAD}  rules:\n    include: [TK-TRAIL-001, TK-TRAIL-999]\n");
        let (policies, catalogue, file) = policies(&text, &[]);
        let told = policies.unknown(&catalogue, &mut Locator::new([&file]));
        assert_eq!(told[0].place.to_string(), "p.yaml:6:29");
        assert!(told[0].message.starts_with("CompliancePolicy strict: spec.rules.include[1]: there is no rule TK-TRAIL-999"));
    }
}
