//! Who a caller is, and AssumeRole by the role's trust policy.

use crate::lab::{HOME, Lab, code, error, key, new_account};
use aws_credential_types::Credentials;
use serde_json::{Value, json};

async fn role(lab: &Lab, name: &str, trust: &Value) -> String {
    let document = json!({ "Version": "2012-10-17", "Statement": [trust] }).to_string();
    let created = lab.aws_ok(HOME, &["iam", "create-role", "--role-name", name, "--assume-role-policy-document", &document]).await;
    created["Role"]["Arn"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn keys_are_accounts_and_unknown_ones_are_refused() {
    let lab = Lab::new().await;
    let identity = lab.sts(&key(&format!("{}-mallory", lab.account))).get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some(lab.account.as_str()));
    assert_eq!(identity.arn(), Some(format!("arn:aws:iam::{}:user/mallory", lab.account).as_str()));
    let unknown = key("AKIAIOSFODNN7EXAMPLE");
    assert_eq!(code(lab.sts(&unknown).get_caller_identity().send().await), "InvalidClientTokenId");
    assert_eq!(code(lab.cloudtrail_as(&unknown, HOME).list_trails().send().await), "UnrecognizedClientException");
}

#[tokio::test]
async fn a_role_is_assumed_only_as_its_trust_policy_says() {
    let lab = Lab::new().await;
    let friend = new_account();
    let trust = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{friend}:root") }, "Action": "sts:AssumeRole",
        "Condition": { "StringEquals": { "sts:ExternalId": "secret" } } });
    let arn = role(&lab, "keeper", &trust).await;
    let assume = |account: &str| lab.sts(&key(account)).assume_role().role_arn(&arn).role_session_name("trailkeeper");

    let (code_of, message) = error(assume(&friend).send().await);
    assert_eq!(code_of, "AccessDenied");
    assert_eq!(message, format!("User: arn:aws:iam::{friend}:user/admin is not authorized to perform: sts:AssumeRole on resource: {arn}"));
    assert_eq!(code(assume(&friend).external_id("guess").send().await), "AccessDenied");
    assert_eq!(code(assume(&new_account()).external_id("secret").send().await), "AccessDenied");
    let missing = assume(&friend).role_arn(arn.replace("keeper", "nobody")).external_id("secret");
    assert_eq!(code(missing.send().await), "AccessDenied");
    assert_eq!(code(assume(&friend).role_session_name("not allowed").external_id("secret").send().await), "ValidationError");

    let granted = assume(&friend).external_id("secret").send().await.unwrap().credentials.unwrap();
    let session =
        Credentials::new(granted.access_key_id(), granted.secret_access_key(), Some(granted.session_token().to_owned()), None, "test");
    let identity = lab.sts(&session).get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some(lab.account.as_str()));
    assert_eq!(identity.arn(), Some(format!("arn:aws:sts::{}:assumed-role/keeper/trailkeeper", lab.account).as_str()));
    let trails = lab.cloudtrail_as(&session, HOME).describe_trails().send().await.unwrap();
    assert_eq!(trails.trail_list(), []);
    let without_token = key(granted.access_key_id());
    assert_eq!(code(lab.cloudtrail_as(&without_token, HOME).list_trails().send().await), "UnrecognizedClientException");
}

#[tokio::test]
async fn sessions_chain_by_the_role_they_came_from() {
    let lab = Lab::new().await;
    let first = role(&lab, "first", &json!({ "Effect": "Allow", "Principal": { "AWS": lab.account }, "Action": "sts:AssumeRole" })).await;
    let second = role(&lab, "second", &json!({ "Effect": "Allow", "Principal": { "AWS": first }, "Action": "sts:AssumeRole" })).await;
    let direct = lab.sts(&key(&lab.account)).assume_role().role_arn(&second).role_session_name("s1").send().await;
    assert_eq!(code(direct), "AccessDenied");
    let granted =
        lab.sts(&key(&lab.account)).assume_role().role_arn(&first).role_session_name("s1").send().await.unwrap().credentials.unwrap();
    let session =
        Credentials::new(granted.access_key_id(), granted.secret_access_key(), Some(granted.session_token().to_owned()), None, "test");
    lab.sts(&session).assume_role().role_arn(&second).role_session_name("s2").send().await.unwrap();
}
