//! Organization trails: what they stand on, who may have one, where a central archive lets them in, and whom they record.

use crate::support::manifests::with;
use crate::support::{World, condition};
use anyhow::{anyhow, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use trailkeeper_lab::wait_for;
use trailkeeper_sim::organizations::{CLOUDTRAIL, Organization};

const SOON: Duration = Duration::from_secs(240);

/// The organization of this world's account, which manages it.
fn organization(world: &World, members: &[&str]) -> Organization {
    Organization {
        id: format!("o-{}", world.account),
        management_account: world.account.clone(),
        members: members.iter().map(|member| (*member).to_owned()).collect(),
        all_features: true,
        trusted_services: BTreeSet::from([CLOUDTRAIL.to_owned()]),
        cloudtrail_admins: BTreeSet::new(),
        suspended: BTreeSet::new(),
    }
}

impl World {
    async fn put(&self, organization: &Organization) {
        self.control.put_organization(organization).await.unwrap();
    }

    /// The organization as AWS has it now.
    async fn organization(&self) -> Organization {
        let all = self.control.organizations().await.unwrap();
        all.into_iter().find(|organization| organization.management_account == self.account).unwrap()
    }

    /// An organization trail that delivers to an archive of another namespace.
    fn organization_trail(&self, home: &World, spec: Value) -> Value {
        let archive = json!({ "name": "logs", "namespace": home.namespace });
        with(with(self.trail_manifest("org", "logs"), json!({ "organization": true, "archiveRef": archive })), spec)
    }

    /// An archive that every namespace may refer to.
    fn open_archive(&self) -> Value {
        with(self.archive_manifest("logs"), json!({ "allowedNamespaces": { "names": ["*"] } }))
    }

    /// `Sid prefix: resource` of each statement that lets CloudTrail write.
    async fn write_statements(&self) -> Vec<String> {
        let policy = self.s3.get_bucket_policy().bucket(self.bucket("logs")).send().await.unwrap().policy.unwrap();
        let policy: Value = serde_json::from_str(&policy).unwrap();
        let mut found: Vec<String> = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|statement| statement["Effect"] == "Allow")
            .map(|statement| {
                let arn = |value: &Value| value.as_str().or(value[0].as_str()).unwrap_or_default().to_owned();
                format!(
                    "{} {} {}",
                    arn(&statement["Action"]),
                    arn(&statement["Resource"]),
                    arn(&statement["Condition"]["StringEquals"]["aws:SourceArn"])
                )
            })
            .collect();
        found.sort();
        found
    }
}

/// The three statements of an organization trail (User Guide, "Amazon S3 bucket policy for CloudTrail").
fn three_statements(home: &World, management: &World) -> Vec<String> {
    let (bucket, arn, account) = (home.bucket("logs"), management.trail_arn("org"), &management.account);
    vec![
        format!("s3:GetBucketAcl arn:aws:s3:::{bucket} {arn}"),
        format!("s3:PutObject arn:aws:s3:::{bucket}/AWSLogs/{account}/* {arn}"),
        format!("s3:PutObject arn:aws:s3:::{bucket}/AWSLogs/o-{account}/* {arn}"),
    ]
}

#[tokio::test]
async fn trusted_access_is_missed_then_set_up_only_where_the_spec_allows_it() {
    let world = World::with_account("trusted").await;
    world.put(&Organization { trusted_services: BTreeSet::new(), ..organization(&world, &[]) }).await;
    world.apply(&world.archive_manifest("logs")).await;
    let trail = with(world.trail_manifest("org", "logs"), json!({ "organization": true }));
    world.apply(&trail).await;
    world.request_pass("AwsAccount", &world.account_name()).await;
    let stalled = world.wait_stalled("Trail", "org", "OrganizationPrerequisite").await;
    let message = condition(&stalled, "Ready").unwrap().2;
    assert!(message.contains("aws organizations enable-aws-service-access --service-principal cloudtrail.amazonaws.com"), "{message}");
    world.wait_event("Trail", "org", "OrganizationPrerequisite", &["trusted access", &world.account]).await;
    let tried = |calls: Vec<String>| calls.into_iter().any(|call| call.starts_with("cloudtrail:") || call.starts_with("organizations:"));
    assert!(!tried(world.writes(0).await), "nothing is written while it is missing");

    let allowed = with(trail.clone(), json!({ "organizationSetup": { "enableTrustedAccess": true } }));
    world.apply(&with(allowed.clone(), json!({ "mode": "Observe" }))).await;
    world.wait_unready("Trail", "org", "Differs", "organizationAccess.trustedAccess").await;
    assert!(!tried(world.writes(0).await), "Observe writes nothing");
    world.apply(&allowed).await;
    world.wait_ready("Trail", "org").await;
    assert!(world.organization().await.trusted_services.contains(CLOUDTRAIL));

    // Dropped from the spec it stays: it is not ours to take back.
    world.apply(&trail).await;
    world.wait_ready("Trail", "org").await;
    assert!(world.organization().await.trusted_services.contains(CLOUDTRAIL));

    // Taken away behind the operator's back: told with both values, and put back where that is allowed.
    world.aws(&["organizations", "disable-aws-service-access", "--service-principal", CLOUDTRAIL]);
    let drifted = |note: &str| ["organizationAccess.trustedAccess", "true", "false"].iter().all(|word| note.contains(word));
    world.pass_until_event("Trail", "org", "DriftDetected", |event| drifted(&event.note)).await;
    world.wait_stalled("Trail", "org", "OrganizationPrerequisite").await;
    world.apply(&allowed).await;
    world.wait_ready("Trail", "org").await;
    world.aws(&["organizations", "disable-aws-service-access", "--service-principal", CLOUDTRAIL]);
    world.pass_until_event("Trail", "org", "DriftCorrected", |event| drifted(&event.note)).await;
    world.wait_ready("Trail", "org").await;
    let since = world.now().await;
    world.request_pass("Trail", "org").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_organizations_does_not_answer_is_unknown() {
    let world = World::with_account("asked").await;
    world.put(&Organization { all_features: false, ..organization(&world, &[]) }).await;
    world.apply(&world.archive_manifest("logs")).await;
    world.deny("organizations", "ListAWSServiceAccessForOrganization").await;
    world.apply(&with(world.trail_manifest("org", "logs"), json!({ "organization": true }))).await;
    world.request_pass("AwsAccount", &world.account_name()).await;
    world.wait_unready("Trail", "org", "AccessDenied", "organizations:ListAWSServiceAccessForOrganization").await;
    let account = world.request_pass("AwsAccount", &world.account_name()).await;
    let told = &account.data["status"]["organization"];
    assert_eq!(told["unknown"], json!(["organizations:ListAWSServiceAccessForOrganization"]), "{told}");
    assert_eq!((&told["role"], &told["allFeatures"], told.get("trustedAccess")), (&json!("Management"), &json!(false), None));
    world.clear_faults().await;
    world.pass_until_unready("Trail", "org", "OrganizationPrerequisite", "enable-all-features").await;
    assert!(!world.writes(0).await.contains(&"cloudtrail:CreateTrail".to_owned()));
}

#[tokio::test]
async fn a_delegated_administrator_has_a_trail_that_the_management_account_owns() {
    let (management, delegate, home) =
        tokio::join!(World::with_account("managing"), World::new("delegate"), World::with_account("central"));
    management.put(&organization(&management, &[&delegate.account, &home.account])).await;
    delegate.apply(&delegate.account_manifest()).await;
    home.apply(&home.open_archive()).await;

    // A member that is none yet: what to run is told, and where.
    delegate.apply(&delegate.organization_trail(&home, json!({}))).await;
    let register = format!("register-organization-delegated-admin --member-account-id {}", delegate.account);
    delegate.wait_unready("Trail", "org", "OrganizationPrerequisite", &register).await;
    assert!(!delegate.writes(0).await.contains(&"cloudtrail:CreateTrail".to_owned()));

    // A trail of the management account registers it.
    let setup = json!({ "organizationSetup": { "registerDelegatedAdministrator": delegate.account } });
    let other = with(with(management.trail_manifest("registrar", "own"), json!({ "organization": true })), setup);
    management.apply(&management.archive_manifest("own")).await;
    management.apply(&other).await;
    management.request_pass("AwsAccount", &management.account_name()).await;
    management.wait_ready("Trail", "registrar").await;
    assert_eq!(management.organization().await.cloudtrail_admins, BTreeSet::from([delegate.account.clone()]));

    delegate.pass_until_ready("Trail", "org").await;
    let arn = &delegate.get("Trail", "org").await.data["status"]["trailArn"];
    assert_eq!(arn, management.trail_arn("org").as_str(), "the management account owns it");
    let mut found = home.write_statements().await;
    let mut three = three_statements(&home, &management);
    found.sort();
    three.sort();
    assert_eq!(found, three);

    // Both accounts know who is who.
    for (world, role) in [(&management, "Management"), (&delegate, "DelegatedAdministrator")] {
        let account = world.request_pass("AwsAccount", &world.account_name()).await;
        let told = &account.data["status"]["organization"];
        assert_eq!((&told["role"], &told["trustedAccess"], &told["memberCount"]), (&json!(role), &json!(true), &json!(3)), "{told}");
        assert_eq!(told["delegatedAdministrators"], json!([delegate.account]), "{told}");
        assert_eq!(told["members"].as_array().map(Vec::len), Some(3), "{told}");
    }
    // A plain member is asked nothing more, and its role follows from the others.
    let since = home.now().await;
    let account = home.request_pass("AwsAccount", &home.account_name()).await;
    assert_eq!(account.data["status"]["organization"]["role"], "Member");
    let reads = home.reads(since).await;
    assert!(reads.iter().all(|read| !read.starts_with("organizations:List")), "{reads:?}");

    // Only the management account converts.
    delegate.patch_spec("Trail", "org", json!({ "organization": false })).await;
    delegate.wait_unready("Trail", "org", "OrganizationPrerequisite", "turns a trail into an organization trail or back").await;
    delegate.patch_spec("Trail", "org", json!({ "organization": true })).await;
    delegate.wait_ready("Trail", "org").await;
}

#[tokio::test]
async fn members_without_logs_are_named() {
    let (management, home) = tokio::join!(World::new("covering"), World::with_account("covered"));
    let (quiet, gone) = (format!("9{}", &home.account[1..]), format!("8{}", &home.account[1..]));
    let members = organization(&management, &[&home.account, &quiet, &gone]);
    management.put(&Organization { suspended: BTreeSet::from([gone.clone()]), ..members }).await;
    management.apply(&management.account_manifest()).await;
    // First the trail: it waits until the archive of the other account lets it in.
    management.apply(&management.organization_trail(&home, json!({ "keyPrefix": "all" }))).await;
    management.wait_unready("Trail", "org", "ArchiveNotFound", "no such LogArchive").await;
    home.apply(&home.open_archive()).await;
    management.wait_ready("Trail", "org").await;
    // Something happens in every account but the quiet one.
    home.aws(&["sts", "get-caller-identity"]);
    management.aws(&["sts", "get-caller-identity"]);
    let expected = json!({ "accounts": 3, "accountsWithLogs": 2, "accountsWithoutLogs": [quiet] });
    wait_for("the members with logs to be told", SOON, async || {
        management.control.deliver().await?;
        let trail = management.request_pass("Trail", "org").await;
        let told = &trail.data["status"]["organization"];
        for field in ["accounts", "accountsWithLogs", "accountsWithoutLogs"] {
            ensure!(told[field] == expected[field], "{told}");
        }
        ensure!(told.get("unknown").is_none(), "{told}");
        Ok(())
    })
    .await
    .unwrap();
    // Once everybody has logs, the archive is not looked at again within the hour.
    let done = Organization { members: BTreeSet::from([home.account.clone()]), ..organization(&management, &[]) };
    management.put(&done).await;
    management.request_pass("AwsAccount", &management.account_name()).await;
    wait_for("everybody to have logs", SOON, async || {
        let trail = management.request_pass("Trail", "org").await;
        ensure!(trail.data["status"]["organization"]["accountsWithLogs"] == 2, "{}", trail.data["status"]["organization"]);
        ensure!(trail.data["status"]["organization"]["accounts"] == 2, "{}", trail.data["status"]["organization"]);
        Ok(())
    })
    .await
    .unwrap();
    let since = home.now().await;
    management.request_pass("Trail", "org").await;
    assert_eq!(home.reads(since).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_opt_in_home_region_is_refused() {
    let world = World::new("opt-in").await;
    let home = |region: &str, organization: bool| {
        with(world.trail_manifest("org", "logs"), json!({ "organization": organization, "region": region }))
    };
    let refused = world.try_apply(&home("me-south-1", true)).await.err().ok_or_else(|| anyhow!("it was taken")).unwrap();
    assert!(refused.to_string().contains("members that have not opted in"), "{refused}");
    world.apply(&home("me-south-1", false)).await;
}
