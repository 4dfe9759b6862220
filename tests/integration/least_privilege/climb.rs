//! A climb: an object under a role that may do nothing. Each permission is granted only when a status names it, until
//! everything is in force. What was never named is not needed; what is needed and never named keeps the object from the top.

use crate::support::World;
use crate::support::manifests::with;
use anyhow::{Result, anyhow, bail, ensure};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROLE: &str = "trailkeeper";

/// Without a permission being named or the aim being reached.
const PATIENCE: Duration = Duration::from_secs(240);

/// What one statement of a policy says of one action and one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    action: String,
    resource: String,
    /// As JSON; empty for none.
    conditions: String,
}

impl Grant {
    fn statement(&self) -> Value {
        let mut statement = json!({ "Effect": "Allow", "Action": [self.action], "Resource": [self.resource] });
        if !self.conditions.is_empty() {
            statement["Condition"] = serde_json::from_str(&self.conditions).unwrap();
        }
        statement
    }

    /// Whether `told` says that this is missing: in AWS's words, with the resource, or, where AWS said nothing, in ours.
    fn is_named_in(&self, told: &str) -> bool {
        let refusals: Vec<&str> = told.split("is not authorized to perform: ").skip(1).collect();
        if refusals.is_empty() {
            return told.contains(&self.action);
        }
        refusals.iter().any(|refusal| {
            let Some((action, rest)) = refusal.split_once(" on resource: ") else { return false };
            let resource = rest.split(' ').next().unwrap_or_default();
            // AWS names no resource where it takes none, and the authorizer where it knows none.
            action == self.action && (resource == "*" || matches(&self.resource, resource))
        })
    }
}

/// IAM's wildcards; only `*` is used.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => {
            text.strip_prefix(before).is_some_and(|rest| (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| matches(after, rest))))
        }
    }
}

fn grants(policy: &Value) -> BTreeSet<Grant> {
    let mut grants = BTreeSet::new();
    for statement in policy["Statement"].as_array().unwrap() {
        let conditions = statement.get("Condition").map(Value::to_string).unwrap_or_default();
        let texts = |field: &str| statement[field].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
        for action in texts("Action") {
            grants.extend(texts("Resource").map(|resource| Grant { action: action.clone(), resource, conditions: conditions.clone() }));
        }
    }
    grants
}

/// Every text below a value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}

pub struct Climb {
    pub world: World,
    account: Value,
    objects: Vec<Value>,
    /// What another climb shows to be needed.
    beside: BTreeSet<Grant>,
    printed: BTreeSet<Grant>,
    granted: BTreeSet<Grant>,
}

impl Climb {
    /// In `world`, whose account is `account` and has nothing of the operator's in it yet.
    pub fn new(world: World, account: Value) -> Self {
        let role = format!("arn:aws:iam::{}:role/{ROLE}", world.account);
        let credentials =
            json!({ "secretRef": world.account_manifest()["spec"]["credentials"]["secretRef"], "assumeRoles": [{ "roleArn": role }] });
        let account = with(account, json!({ "credentials": credentials }));
        Self { world, account, objects: Vec::new(), beside: BTreeSet::new(), printed: BTreeSet::new(), granted: BTreeSet::new() }
    }

    /// What `iam-policy` prints for the account and these objects.
    fn policy(&self, objects: &[Value]) -> BTreeSet<Grant> {
        let text: Vec<String> = [&self.account, &self.world.secret()].into_iter().chain(objects).map(Value::to_string).collect();
        let mut child = Command::new(env!("CARGO_BIN_EXE_trailkeeper"))
            .args(["iam-policy", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.join("\n---\n").as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        grants(&serde_json::from_slice(&output.stdout).unwrap())
    }

    /// IAM takes no policy that says nothing.
    async fn put(&self) {
        if self.granted.is_empty() {
            return;
        }
        let statements: Vec<Value> = self.granted.iter().map(Grant::statement).collect();
        let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        self.world.iam().put_role_policy().role_name(ROLE).policy_name("all").policy_document(document).send().await.unwrap();
    }

    /// The role with the rights `at_first`, and no others from now on.
    async fn begin(&mut self, at_first: BTreeSet<Grant>) {
        let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "AWS": self.world.account }, "Action": "sts:AssumeRole" } });
        self.world.iam().create_role().role_name(ROLE).assume_role_policy_document(trust.to_string()).send().await.unwrap();
        self.granted = at_first;
        self.put().await;
        self.world.control.enforce(&format!("arn:aws:iam::{}:role/{ROLE}", self.world.account)).await.unwrap();
        self.world.apply(&self.account).await;
    }

    /// From one right to the account of an organization in full view. An account that may not ask for its organization is taken
    /// for one that has none (status.organization), so nobody names that right.
    pub async fn of_account(&mut self) {
        self.printed = self.policy(&[]);
        let unnamed = self.printed.iter().filter(|grant| grant.action == "organizations:DescribeOrganization");
        self.begin(unnamed.cloned().collect()).await;
        let told_all = |object: &Value| {
            let status = &object["status"];
            ensure!(status["regions"].is_array(), "not looked at yet");
            let unknown = ["regionsUnknown", "inventoryUnknown"].iter().any(|field| !status[*field].is_null());
            ensure!(!unknown && status["organization"]["memberCount"].is_number(), "{status}");
            ensure!(status["organization"]["unknown"].as_array().is_none_or(Vec::is_empty), "{status}");
            Ok(())
        };
        let account = self.account.clone();
        self.up(&[account], told_all).await.unwrap();
    }

    /// The rights of this object are not in question here.
    pub fn grant_all_of(&mut self, object: &Value) {
        self.beside = self.policy(std::slice::from_ref(object));
    }

    /// Whether an action was needed, named, and granted.
    pub fn has(&self, action: &str) -> bool {
        self.granted.iter().any(|grant| grant.action == action)
    }

    /// From the account's rights and no others to `objects` in force.
    pub async fn until_ready(&mut self, objects: &[Value]) {
        let at_first = self.policy(&[]).union(&self.beside).cloned().collect();
        self.printed = self.policy(objects);
        self.begin(at_first).await;
        for object in objects {
            self.world.apply(object).await;
        }
        self.objects = objects.to_vec();
        self.until_ready_again().await;
    }

    /// The same from whatever was granted until now.
    pub async fn until_ready_again(&mut self) {
        let objects = self.objects.clone();
        self.up(&objects, is_ready).await.unwrap();
    }

    /// To where verifications have read the archive, and nothing is left unread.
    pub async fn until_verified(&mut self) {
        let archives: Vec<Value> = self.objects.iter().filter(|object| object["kind"] == "LogArchive").cloned().collect();
        let is_verified = |object: &Value| {
            let integrity = &object["status"]["integrity"];
            let read = ["digests", "logFiles"].iter().all(|count| integrity["lastRun"][count].as_u64() > Some(0));
            ensure!(read && integrity["unread"].is_null(), "{integrity}");
            Ok(())
        };
        self.up(&archives, is_verified).await.unwrap();
    }

    /// Deletes the objects, the last one first.
    pub async fn until_gone(&mut self) {
        while let Some(object) = self.objects.pop() {
            self.world.delete(object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap()).await;
            self.up(&[object], |_| bail!("it is still there")).await.unwrap();
        }
    }

    /// Nothing is printed that was not asked for.
    pub fn is_at_the_top(&self) {
        self.is_at_the_top_but(&[]);
    }

    /// The same, but for these actions.
    pub fn is_at_the_top_but(&self, known: &[&str]) {
        let unused: Vec<&Grant> = self.printed.difference(&self.granted).filter(|grant| !known.contains(&grant.action.as_str())).collect();
        assert!(unused.is_empty(), "printed and never needed: {unused:#?}");
    }

    /// Passes, granting whatever is named, until all `objects` are as `aim` wants them, or gone.
    async fn up(&mut self, objects: &[Value], aim: impl Fn(&Value) -> Result<()>) -> Result<()> {
        let mut since = Instant::now();
        self.nudge(objects).await;
        loop {
            let told = self.pass(objects).await;
            let away: Vec<String> = told.iter().filter_map(|object| aim(object.as_ref()?).err()).map(|why| why.to_string()).collect();
            if away.is_empty() {
                return Ok(());
            }
            let mut words = Vec::new();
            told.iter().flatten().for_each(|object| texts(&object["status"], &mut words));
            let missing = self.printed.difference(&self.granted);
            let named: Vec<Grant> = missing.filter(|grant| words.iter().any(|text| grant.is_named_in(text))).cloned().collect();
            if !named.is_empty() {
                since = Instant::now();
                self.granted.extend(named);
                self.put().await;
                self.nudge(objects).await;
            } else if since.elapsed() > PATIENCE {
                let never: Vec<_> = self.printed.difference(&self.granted).collect();
                return Err(anyhow!("nothing more is named: {away:#?}\nnot granted: {never:#?}"));
            }
        }
    }

    /// Asks those that are to go for another try now.
    async fn nudge(&self, objects: &[Value]) {
        for manifest in objects {
            let (kind, name) = (manifest["kind"].as_str().unwrap(), manifest["metadata"]["name"].as_str().unwrap());
            let api = self.world.api(kind);
            if api.get_opt(name).await.unwrap().is_some_and(|object| object.metadata.deletion_timestamp.is_some()) {
                let nudge = json!({ "metadata": { "annotations": { "trailkeeper.dev/requestedAt": self.world.stamp() } } });
                // It may have gone meanwhile.
                let _ = api.patch(name, &PatchParams::default(), &Patch::Merge(nudge)).await;
            }
        }
    }

    /// The objects after a pass each; none for those that are gone.
    async fn pass(&self, objects: &[Value]) -> Vec<Option<Value>> {
        let passes = objects.iter().map(|manifest| async {
            let (kind, name) = (manifest["kind"].as_str().unwrap(), manifest["metadata"]["name"].as_str().unwrap());
            let object = self.world.api(kind).get_opt(name).await.unwrap()?;
            if object.metadata.deletion_timestamp.is_none() {
                return Some(self.world.request_pass(kind, name).await);
            }
            // A deletion answers no request: it is looked at when it has had time to tell.
            tokio::time::sleep(Duration::from_millis(200)).await;
            self.world.api(kind).get_opt(name).await.unwrap()
        });
        let found = futures::future::join_all(passes).await;
        found.into_iter().map(|object| object.map(|object| serde_json::to_value(object).unwrap())).collect()
    }
}

fn is_ready(object: &Value) -> Result<()> {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready").ok_or_else(|| anyhow!("no condition Ready"))?;
    ensure!(object["status"]["observedGeneration"] == object["metadata"]["generation"], "not seen yet");
    ensure!(ready["status"] == "True", "{} {}: {ready}", object["kind"], object["metadata"]["name"]);
    Ok(())
}

#[test]
fn a_refusal_names_one_action_on_one_resource() {
    let grant = |action: &str, resource: &str| Grant { action: action.into(), resource: resource.into(), conditions: String::new() };
    let told = "User: x is not authorized to perform: sns:CreateTopic on resource: arn:aws:sns:r:1:a because ...";
    assert!(grant("sns:CreateTopic", "arn:aws:sns:*:1:a").is_named_in(told));
    assert!(!grant("sns:CreateTopic", "arn:aws:sns:r:1:b").is_named_in(told));
    assert!(!grant("sns:TagResource", "arn:aws:sns:r:1:a").is_named_in(told));
    assert!(grant("s3:ListBucket", "arn:aws:s3:::a").is_named_in("Allow s3:ListBucket to the identity"));
}
