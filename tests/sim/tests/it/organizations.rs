//! Organization trails: prerequisites, shadows in members, delegated administrators.

use crate::lab::{HOME, Lab, OTHER, bucket_policy, code, key, new_account};
use serde_json::json;
use std::collections::BTreeSet;
use trailkeeper_sim::organizations::{CLOUDTRAIL, Organization};

struct Org {
    lab: Lab,
    member: String,
    organization: Organization,
    bucket: String,
}

impl Org {
    async fn new() -> Self {
        let lab = Lab::new().await;
        let member = new_account();
        let organization = Organization {
            id: "o-exampleorg".to_owned(),
            management_account: lab.account.clone(),
            members: BTreeSet::from([member.clone()]),
            all_features: true,
            trusted_services: BTreeSet::from([CLOUDTRAIL.to_owned()]),
            cloudtrail_admins: BTreeSet::new(),
            suspended: BTreeSet::new(),
        };
        lab.control.set_organizations(std::slice::from_ref(&organization)).await.unwrap();
        let bucket = lab.create_bucket("logs", HOME).await;
        let mut policy = bucket_policy(&bucket, "*", &lab.account);
        let mut whole = policy["Statement"][1].clone();
        whole["Resource"] = json!(format!("arn:aws:s3:::{bucket}/AWSLogs/o-exampleorg/*"));
        policy["Statement"].as_array_mut().unwrap().push(whole);
        lab.put_policy(&bucket, HOME, &policy).await;
        Self { lab, member, organization, bucket }
    }

    async fn set(&self, change: impl FnOnce(&mut Organization)) {
        let mut organization = self.organization.clone();
        change(&mut organization);
        self.lab.control.set_organizations(&[organization]).await.unwrap();
    }

    async fn create_as(&self, account: &str) -> Result<String, String> {
        let client = self.lab.cloudtrail_as(&key(account), HOME);
        let request =
            client.create_trail().name("org").s3_bucket_name(&self.bucket).is_organization_trail(true).is_multi_region_trail(true);
        match request.send().await {
            Ok(created) => Ok(created.trail_arn.unwrap_or_default()),
            failed => Err(code(failed)),
        }
    }
}

#[tokio::test]
async fn the_prerequisites_hold_one_by_one() {
    let org = Org::new().await;
    let management = &org.lab.account;
    org.set(|organization| organization.all_features = false).await;
    assert_eq!(org.create_as(management).await, Err("OrganizationNotInAllFeaturesModeException".to_owned()));
    org.set(|organization| organization.trusted_services.clear()).await;
    assert_eq!(org.create_as(management).await, Err("CloudTrailAccessNotEnabledException".to_owned()));
    org.set(|_| {}).await;
    assert_eq!(org.create_as(&org.member).await, Err("NotOrganizationMasterAccountException".to_owned()));
    assert_eq!(org.create_as(&new_account()).await, Err("OrganizationsNotInUseException".to_owned()));
    let plain = bucket_policy(&org.bucket, "*", management);
    org.lab.put_policy(&org.bucket, HOME, &plain).await;
    assert_eq!(org.create_as(management).await, Err("InsufficientS3BucketPolicyException".to_owned()), "no folder of the organization");
}

#[tokio::test]
async fn members_see_the_trail_and_cannot_change_it() {
    let org = Org::new().await;
    let arn = org.create_as(&org.lab.account).await.unwrap();
    assert_eq!(arn, org.lab.trail_arn("org"));
    for region in [HOME, OTHER] {
        let member = org.lab.cloudtrail_as(&key(&org.member), region);
        let seen = member.describe_trails().send().await.unwrap();
        assert_eq!(seen.trail_list()[0].trail_arn(), Some(arn.as_str()), "{region}");
        let own = member.describe_trails().include_shadow_trails(false).send().await.unwrap();
        assert_eq!(own.trail_list(), [], "{region}");
        member.get_trail_status().name(&arn).send().await.unwrap();
    }
    let member = org.lab.cloudtrail_as(&key(&org.member), HOME);
    assert_eq!(code(member.get_trail().name("org").send().await), "TrailNotFoundException");
    assert_eq!(code(member.stop_logging().name(&arn).send().await), "NotOrganizationMasterAccountException");
    assert_eq!(code(member.delete_trail().name(&arn).send().await), "NotOrganizationMasterAccountException");
    let stranger = org.lab.cloudtrail_as(&key(&new_account()), HOME);
    assert_eq!(code(stranger.get_trail().name(&arn).send().await), "TrailNotFoundException");
}

#[tokio::test]
async fn a_delegated_administrator_creates_what_management_owns() {
    let org = Org::new().await;
    let management = org.lab.cloudtrail(HOME);
    let register = |account: &str| management.register_organization_delegated_admin().member_account_id(account).send();
    assert_eq!(code(register(&org.lab.account).await), "CannotDelegateManagementAccountException");
    assert_eq!(code(register(&new_account()).await), "AccountNotFoundException");
    register(&org.member).await.unwrap();
    assert_eq!(code(register(&org.member).await), "AccountRegisteredException");

    let arn = org.create_as(&org.member).await.unwrap();
    assert_eq!(arn, org.lab.trail_arn("org"), "owned by the management account");
    let admin = org.lab.cloudtrail_as(&key(&org.member), HOME);
    admin.start_logging().name(&arn).send().await.unwrap();
    let convert = admin.update_trail().name(&arn).is_organization_trail(false).send().await;
    assert_eq!(code(convert), "NotOrganizationMasterAccountException");
    management.deregister_organization_delegated_admin().delegated_admin_account_id(&org.member).send().await.unwrap();
    assert_eq!(code(admin.stop_logging().name(&arn).send().await), "NotOrganizationMasterAccountException");
}

#[tokio::test]
async fn organizations_answers_for_the_same_organization() {
    let org = Org::new().await;
    let described = org.lab.aws_ok(HOME, &["organizations", "describe-organization"]).await;
    assert_eq!(described["Organization"]["Id"], "o-exampleorg");
    assert_eq!(described["Organization"]["MasterAccountId"], org.lab.account);
    org.lab.aws_ok(HOME, &["organizations", "disable-aws-service-access", "--service-principal", CLOUDTRAIL]).await;
    assert_eq!(org.create_as(&org.lab.account).await, Err("CloudTrailAccessNotEnabledException".to_owned()));
}
