//! References between the given objects: which account each lives in, and which archive a Trail delivers to. Pure.
//!
//! A cluster waits for what is missing; files are all there is, so here a missing object is an error.

use super::manifests::{Located, Manifests, Problem, Problems, Secret, path};
use crate::api::common::AllowedNamespaces;
use crate::api::{AwsAccount, AwsAccountSpec, LogArchive, Trail};
use crate::aws::BaseCredentials;
use crate::engine::outside;
use kube::ResourceExt;
use std::collections::{BTreeMap, HashMap};

/// How an account is reached.
pub enum AccountSource {
    /// As an AwsAccount in the files says.
    Declared { spec: Box<AwsAccountSpec>, credentials: BaseCredentials },
    /// The files hold no such AwsAccount: whatever account the ambient credentials belong to.
    Ambient { region: String },
}

/// The references of all objects.
pub struct References {
    /// By the name that objects refer to.
    pub accounts: BTreeMap<String, AccountSource>,
    /// For each Trail, in the order of the files, the place of its archive among the archives.
    pub archive_of: Vec<Option<usize>>,
}

/// Finds what every object refers to, or tells everything that can't be found or isn't allowed.
pub fn resolve(manifests: &Manifests) -> Result<References, Problems> {
    let index = Index::new(manifests);
    let mut problems = Vec::new();
    let mut accounts = BTreeMap::new();
    for account in &manifests.accounts {
        match credentials(account, &manifests.secrets) {
            Ok(credentials) => {
                let source = AccountSource::Declared { spec: Box::new(account.value.spec.clone()), credentials };
                accounts.insert(account.value.name_any(), source);
            }
            Err(problem) => problems.push(problem),
        }
    }
    for archive in &manifests.archives {
        let spec = &archive.value.spec;
        problems.extend(use_account(&index, archive, &spec.account_ref.name, &spec.region, &mut accounts));
    }
    let mut archive_of = Vec::new();
    for trail in &manifests.trails {
        let spec = &trail.value.spec;
        problems.extend(use_account(&index, trail, &spec.account_ref.name, &spec.region, &mut accounts));
        let archive = index.archive(trail).unwrap_or_else(|gap| {
            problems.push(gap.problem());
            None
        });
        let found = archive.and_then(|at| manifests.archives.get(at)).map(|archive| &archive.value);
        problems.extend(rests_outside(trail, found));
        archive_of.push(archive);
    }
    for store in &manifests.stores {
        let spec = &store.value.spec;
        problems.extend(use_account(&index, store, &spec.account_ref.name, &spec.region, &mut accounts));
    }
    if problems.is_empty() { Ok(References { accounts, archive_of }) } else { Err(Problems(problems)) }
}

/// That an archive lies where the trail's residency does not allow it.
pub fn rests_outside(trail: &Located<Trail>, archive: Option<&LogArchive>) -> Option<Problem> {
    outside(&trail.value.spec, archive).map(|why| trail.problem(format!("Trail {}: {why}", path(&trail.value))))
}

/// The objects of the files by the names that others refer to.
pub struct Index<'m> {
    manifests: &'m Manifests,
    accounts: HashMap<String, &'m Located<AwsAccount>>,
    archives: HashMap<String, usize>,
}

/// Why a reference leads nowhere.
pub enum Gap {
    /// It is not in the files.
    Missing(Problem),
    /// It is there, and does not allow it.
    Forbidden(Problem),
}

impl Gap {
    fn problem(self) -> Problem {
        match self {
            Self::Missing(problem) | Self::Forbidden(problem) => problem,
        }
    }
}

impl<'m> Index<'m> {
    pub fn new(manifests: &'m Manifests) -> Self {
        Self {
            manifests,
            accounts: manifests.accounts.iter().map(|account| (account.value.name_any(), account)).collect(),
            archives: manifests.archives.iter().enumerate().map(|(at, archive)| (path(&archive.value), at)).collect(),
        }
    }

    /// The AwsAccount that `user` names; none where the files do not hold it.
    pub fn account<K: ResourceExt>(&self, user: &Located<K>, name: &str) -> Result<Option<&'m AwsAccount>, Problem> {
        let Some(account) = self.accounts.get(name) else { return Ok(None) };
        let namespace = namespace(&user.value);
        if permits(self.manifests, &account.value.spec.allowed_namespaces, &namespace) {
            return Ok(Some(&account.value));
        }
        Err(user.problem(format!(
            "{}: AwsAccount {name} does not allow namespace {namespace}: add it to that account's spec.allowedNamespaces",
            path(&user.value)
        )))
    }

    /// The place, among the archives, of the one that a Trail refers to; none where it refers to none.
    pub fn archive(&self, trail: &Located<Trail>) -> Result<Option<usize>, Gap> {
        let Some(wanted) = &trail.value.spec.archive_ref else { return Ok(None) };
        let own = namespace(&trail.value);
        let theirs = wanted.namespace.clone().unwrap_or_else(|| own.clone());
        let who = path(&trail.value);
        let found = self.archives.get(&format!("{theirs}/{}", wanted.name));
        let Some((at, archive)) = found.and_then(|at| self.manifests.archives.get(*at).map(|archive| (*at, archive))) else {
            return Err(Gap::Missing(trail.problem(format!(
                "Trail {who}: spec.archiveRef names LogArchive {theirs}/{}, which is not in the given files: give its file too, or name a bucket in spec.bucket",
                wanted.name
            ))));
        };
        if theirs != own && !permits(self.manifests, &archive.value.spec.allowed_namespaces, &own) {
            return Err(Gap::Forbidden(trail.problem(format!(
                "Trail {who}: LogArchive {} does not allow namespace {own}: add it to that archive's spec.allowedNamespaces",
                path(&archive.value)
            ))));
        }
        Ok(Some(at))
    }
}

fn credentials(account: &Located<AwsAccount>, secrets: &[Secret]) -> Result<BaseCredentials, Problem> {
    let Some(wanted) = &account.value.spec.credentials.secret_ref else { return Ok(BaseCredentials::Ambient) };
    let named =
        format!("AwsAccount {}: spec.credentials.secretRef names Secret {}/{}", account.value.name_any(), wanted.namespace, wanted.name);
    let secret = secrets
        .iter()
        .find(|secret| secret.name == wanted.name && secret.namespace == wanted.namespace)
        .ok_or_else(|| account.problem(format!("{named}, which is not in the given files: give its file too, or use a role")))?;
    let value = |key: &str| secret.values.get(key).map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned());
    let needed = |key: &str| value(key).ok_or_else(|| account.problem(format!("{named}, which has no key {key}")));
    Ok(BaseCredentials::Static {
        access_key_id: needed("accessKeyId")?,
        secret_access_key: needed("secretAccessKey")?,
        session_token: value("sessionToken"),
    })
}

/// Notes that `user` uses the account `name`, if it may.
fn use_account<K: ResourceExt>(
    index: &Index,
    user: &Located<K>,
    name: &str,
    region: &str,
    accounts: &mut BTreeMap<String, AccountSource>,
) -> Option<Problem> {
    match index.account(user, name) {
        Ok(Some(_)) => return None,
        Ok(None) => {}
        Err(problem) => return Some(problem),
    }
    let other = accounts.iter().find(|(other, source)| *other != name && matches!(source, AccountSource::Ambient { .. }));
    if let Some((other, _)) = other {
        return Some(user.problem(format!(
            "{}: neither AwsAccount {other} nor AwsAccount {name} is in the given files, and the ambient credentials can stand for one account only",
            path(&user.value)
        )));
    }
    accounts.entry(name.to_owned()).or_insert_with(|| AccountSource::Ambient { region: region.to_owned() });
    None
}

fn namespace(object: &impl ResourceExt) -> String {
    object.namespace().unwrap_or_else(|| "default".to_owned())
}

/// The labels of a namespace, with the one that the API server gives to all.
pub fn labels_of(manifests: &Manifests, namespace: &str) -> BTreeMap<String, String> {
    let mut labels = manifests.namespaces.get(namespace).cloned().unwrap_or_default();
    labels.insert("kubernetes.io/metadata.name".to_owned(), namespace.to_owned());
    labels
}

fn permits(manifests: &Manifests, allowed: &AllowedNamespaces, namespace: &str) -> bool {
    allowed.permits(namespace, &labels_of(manifests, namespace))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn object(kind: &str, namespace: &str, name: &str, spec: &str) -> String {
        format!(
            "---\napiVersion: trailkeeper.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}\n"
        )
    }

    fn account(more: &str) -> String {
        object("AwsAccount", "x", "main", &format!("accountId: '111111111111'{more}"))
    }

    fn archive(namespace: &str, more: &str) -> String {
        object("LogArchive", namespace, "logs", &format!("accountRef: {{name: main}}, region: eu-west-1, bucketName: some-logs{more}"))
    }

    fn trail(namespace: &str, archive: &str) -> String {
        object("Trail", namespace, "all", &format!("accountRef: {{name: main}}, region: eu-west-1, archiveRef: {archive}"))
    }

    fn resolved(parts: &[String]) -> Result<References, String> {
        resolve(&Manifests::from_texts([("f.yaml", parts.concat().as_str())]).unwrap()).map_err(|problems| problems.to_string())
    }

    fn complaint(parts: &[String]) -> String {
        resolved(parts).err().unwrap_or_default()
    }

    #[test]
    fn a_trail_finds_its_archive_in_its_own_namespace() {
        let found = resolved(&[account(""), archive("other", ""), archive("a", ""), trail("a", "{name: logs}")]).unwrap();
        assert_eq!(found.archive_of, [Some(1)]);
        assert!(matches!(found.accounts["main"], AccountSource::Declared { .. }));
    }

    #[test]
    fn a_missing_archive_is_named() {
        let told = complaint(&[account(""), trail("a", "{name: logs}")]);
        assert!(told.starts_with("f.yaml:7:1: Trail a/all: spec.archiveRef names LogArchive a/logs, which is not in"), "{told}");
    }

    #[test]
    fn a_trail_whose_archive_is_outside_its_residency_is_refused() {
        let only = |region: &str| trail("a", &format!("{{name: logs}}, residency: {{allowedRegions: [{region}]}}"));
        let told = complaint(&[account(""), archive("a", ""), only("eu-central-1")]);
        assert!(
            told.contains(
                "Trail a/all: spec.residency.allowedRegions is eu-central-1, and the bucket of LogArchive a/logs is in eu-west-1"
            ),
            "{told}"
        );
        resolved(&[account(""), archive("a", ""), only("eu-west-1")]).unwrap();
    }

    #[test]
    fn another_namespace_must_be_allowed() {
        let from_b = trail("b", "{name: logs, namespace: a}");
        let told = complaint(&[account(""), archive("a", ""), from_b.clone()]);
        assert!(told.contains("LogArchive a/logs does not allow namespace b"), "{told}");
        resolved(&[account(""), archive("a", ", allowedNamespaces: {names: [b]}"), from_b.clone()]).unwrap();
        let labelled = archive("a", ", allowedNamespaces: {matchLabels: {team: sec}}");
        assert!(complaint(&[account(""), labelled.clone(), from_b.clone()]).contains("does not allow"));
        let namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b, labels: {team: sec}}\n".to_owned();
        resolved(&[account(""), labelled, from_b, namespace]).unwrap();
    }

    #[test]
    fn an_account_may_close_itself_to_namespaces() {
        let told = complaint(&[account(", allowedNamespaces: {names: [b]}"), archive("a", "")]);
        assert!(told.contains("AwsAccount main does not allow namespace a"), "{told}");
    }

    #[test]
    fn ambient_credentials_stand_for_one_account() {
        let found = resolved(&[archive("a", "")]).unwrap();
        assert!(matches!(&found.accounts["main"], AccountSource::Ambient { region } if region == "eu-west-1"));
        let second = archive("b", "").replace("name: main", "name: second");
        assert!(complaint(&[archive("a", ""), second]).contains("can stand for one account only"));
    }

    #[test]
    fn a_secret_must_be_there_and_hold_both_keys() {
        let with_secret = account(", credentials: {secretRef: {name: keys, namespace: ops}}");
        assert!(complaint(std::slice::from_ref(&with_secret)).contains("Secret ops/keys, which is not in the given files"));
        let secret =
            |data: &str| format!("---\napiVersion: v1\nkind: Secret\nmetadata: {{name: keys, namespace: ops}}\nstringData: {{{data}}}\n");
        assert!(complaint(&[with_secret.clone(), secret("accessKeyId: A")]).contains("no key secretAccessKey"));
        let found = resolved(&[with_secret, secret("accessKeyId: A, secretAccessKey: S")]).unwrap();
        let AccountSource::Declared { credentials: BaseCredentials::Static { access_key_id, session_token, .. }, .. } =
            &found.accounts["main"]
        else {
            panic!("the Secret's keys are used")
        };
        assert_eq!((access_key_id.as_str(), session_token), ("A", &None));
    }
}
