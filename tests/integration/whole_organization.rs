//! `examples/organization`: everything of an organization in one `kubectl apply -k`, Ready whatever the order.

use crate::support::World;
use crate::support::manifests::yaml;
use crate::support::stage::HOME;
use futures::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use trailkeeper_sim::organizations::Organization;

/// The accounts of the example: the management account, three members, and the one with the operator's identity.
const ACCOUNTS: [&str; 5] = ["111111111111", "222222222222", "333333333333", "444444444444", "555555555555"];

/// An organization in the simulated AWS, and the example with its accounts, names and endpoints.
struct Example {
    /// In the order of `ACCOUNTS`.
    worlds: Vec<World>,
    documents: Vec<Value>,
}

impl Example {
    async fn new(topic: &str) -> Self {
        let worlds: Vec<World> = join_all(ACCOUNTS.map(|_| World::new(topic))).await;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/organization");
        let kustomization = std::fs::read_to_string(folder.join("kustomization.yaml")).unwrap();
        let files: Vec<String> =
            yaml(&kustomization)[0]["resources"].as_array().unwrap().iter().map(|file| file.as_str().unwrap().to_owned()).collect();
        let texts = files.iter().map(|file| std::fs::read_to_string(folder.join(file)).unwrap());
        let mut example = Self { worlds, documents: Vec::new() };
        example.documents =
            texts.flat_map(|text| yaml(&example.with_own_accounts(text))).map(|document| example.placed(document)).collect();
        example
    }

    /// Where the objects live, whose account the operator's own identity is in.
    fn hub(&self) -> &World {
        &self.worlds[4]
    }

    fn with_own_accounts(&self, text: String) -> String {
        ACCOUNTS.iter().zip(&self.worlds).fold(text, |text, (theirs, ours)| text.replace(theirs, &ours.account))
    }

    /// AwsAccounts are cluster-wide, so each example needs names of its own.
    fn account_name(&self, name: &str) -> String {
        format!("{name}-{}", self.hub().account)
    }

    fn placed(&self, mut document: Value) -> Value {
        let hub = self.hub();
        match document["kind"].as_str().unwrap() {
            "Namespace" => document["metadata"]["name"] = json!(hub.namespace),
            "AwsAccount" => {
                document["metadata"]["name"] = json!(self.account_name(document["metadata"]["name"].as_str().unwrap()));
                document["spec"]["allowedNamespaces"]["names"] = json!([hub.namespace]);
                document["spec"]["endpoints"] = json!({ "all": hub.endpoint() });
                // Stands for the identity that the operator has by itself.
                document["spec"]["credentials"]["secretRef"] = json!({ "name": hub.account_name(), "namespace": HOME });
            }
            _ => {
                document["metadata"]["namespace"] = json!(hub.namespace);
                document["spec"]["accountRef"]["name"] = json!(self.account_name(document["spec"]["accountRef"]["name"].as_str().unwrap()));
                if document["kind"] == "LogArchive" {
                    document["spec"]["bucketName"] = json!(format!("{}-{}", document["spec"]["bucketName"].as_str().unwrap(), hub.account));
                }
            }
        }
        document
    }

    /// What the README of the example asks for: the organization, and the roles with their trust.
    async fn prepare(&self) {
        let hub = self.hub();
        let organization = Organization {
            id: format!("o-{}", hub.account),
            management_account: self.worlds[0].account.clone(),
            members: self.worlds[1..].iter().map(|world| world.account.clone()).collect(),
            all_features: true,
            trusted_services: BTreeSet::new(),
            cloudtrail_admins: BTreeSet::new(),
            suspended: BTreeSet::new(),
        };
        hub.control.put_organization(&organization).await.unwrap();
        let role = |world: &World, name: &str, principal: String, condition: Value| {
            let trust = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": principal }, "Condition": condition });
            let document = json!({ "Version": "2012-10-17", "Statement": [trust] }).to_string();
            world.aws(&["iam", "create-role", "--role-name", name, "--assume-role-policy-document", &document]);
        };
        role(hub, "trailkeeper-hub", format!("arn:aws:iam::{}:root", hub.account), json!({}));
        for (world, name) in self.worlds.iter().zip(["management", "log-archive", "payments", "research"]) {
            let condition = json!({ "StringEquals": { "sts:ExternalId": format!("trailkeeper-{name}") } });
            role(world, "trailkeeper", format!("arn:aws:iam::{}:role/trailkeeper-hub", hub.account), condition);
        }
    }

    /// `kubectl apply -k` with the documents in this order.
    fn apply(&self, order: impl Fn(&mut Vec<Value>)) {
        let mut documents = self.documents.clone();
        order(&mut documents);
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..documents.len()).map(|at| format!("{at}.yaml")).collect();
        for (name, document) in names.iter().zip(&documents) {
            std::fs::write(folder.path().join(name), document.to_string()).unwrap();
        }
        let kustomization = json!({ "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
            "resources": names, "sortOptions": { "order": "fifo" } });
        std::fs::write(folder.path().join("kustomization.yaml"), kustomization.to_string()).unwrap();
        self.hub().stage.lab.kubectl(&["apply", "-k", folder.path().to_str().unwrap()], None).unwrap().success().unwrap();
    }

    async fn wait_ready(&self) {
        let hub = self.hub();
        for document in self.documents.iter().filter(|document| document["kind"] != "Namespace") {
            hub.wait_ready(document["kind"].as_str().unwrap(), document["metadata"]["name"].as_str().unwrap()).await;
        }
    }

    /// The organization's trail belongs to the management account, and both trails record into the one archive.
    async fn holds(&self) {
        let hub = self.hub();
        let [management, archive, payments, ..] = &self.worlds[..] else { panic!("five accounts") };
        let arn = &hub.get("Trail", "organization").await.data["status"]["trailArn"];
        assert_eq!(arn, management.trail_arn("organization").as_str());
        let writers = hub.get("LogArchive", "central").await.data["status"]["writers"].clone();
        let mut arns: Vec<&str> = writers.as_array().unwrap().iter().map(|writer| writer["trailArn"].as_str().unwrap()).collect();
        arns.sort_unstable();
        let mut expected = [management.trail_arn("organization"), payments.trail_arn("payments-objects")];
        expected.sort_unstable();
        assert_eq!(arns, expected);
        let bucket = archive.aws(&["s3api", "list-buckets"]);
        assert!(
            bucket["Buckets"].as_array().unwrap().iter().any(|bucket| bucket["Name"].as_str().unwrap().starts_with("acme-")),
            "{bucket}"
        );
        let account = hub.get("AwsAccount", &self.account_name("management")).await;
        let told = &account.data["status"]["organization"];
        assert_eq!((&told["role"], &told["memberCount"]), (&json!("Management"), &json!(5)), "{told}");
    }
}

/// First those at odd places backwards, then the others.
fn shuffled(documents: &mut Vec<Value>) {
    let (odd, even): (Vec<_>, Vec<_>) = documents.drain(..).enumerate().partition(|(at, _)| at % 2 == 1);
    documents.extend(odd.into_iter().rev().chain(even).map(|(_, document)| document));
}

async fn becomes_ready(topic: &str, order: impl Fn(&mut Vec<Value>)) {
    let example = Example::new(topic).await;
    example.prepare().await;
    example.apply(order);
    example.wait_ready().await;
    example.holds().await;
}

#[tokio::test]
async fn the_whole_organization_is_ready_in_the_order_of_the_files() {
    becomes_ready("whole", |_| {}).await;
}

#[tokio::test]
async fn the_whole_organization_is_ready_in_reverse_order() {
    becomes_ready("reversed", |documents| documents.reverse()).await;
}

#[tokio::test]
async fn the_whole_organization_is_ready_in_a_shuffled_order() {
    becomes_ready("shuffled", shuffled).await;
}
