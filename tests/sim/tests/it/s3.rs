//! What S3 does and moto does not.

use crate::lab::{HOME, Lab, OTHER, code, create_bucket, error, new_account};
use aws_sdk_s3::types::ServerSideEncryption;
use serde_json::{Value, json};

fn for_everybody(bucket: &str, action: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": action, "Resource": [
        format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")] }] })
}

#[tokio::test]
async fn a_new_bucket_is_private_owned_and_encrypted() {
    let lab = Lab::new().await;
    let bucket = lab.create_bucket("new", HOME).await;
    let s3 = lab.s3(&lab.account, HOME);
    let block = s3.get_public_access_block().bucket(&bucket).send().await.unwrap().public_access_block_configuration.unwrap();
    assert_eq!(
        [block.block_public_acls, block.ignore_public_acls, block.block_public_policy, block.restrict_public_buckets],
        [Some(true); 4]
    );
    let ownership = s3.get_bucket_ownership_controls().bucket(&bucket).send().await.unwrap().ownership_controls.unwrap();
    assert_eq!(ownership.rules()[0].object_ownership().as_str(), "BucketOwnerEnforced");
    let algorithm = async || {
        let read = s3.get_bucket_encryption().bucket(&bucket).send().await.unwrap().server_side_encryption_configuration.unwrap();
        read.rules()[0].apply_server_side_encryption_by_default().unwrap().sse_algorithm().clone()
    };
    assert_eq!(algorithm().await, ServerSideEncryption::Aes256);
    s3.delete_bucket_encryption().bucket(&bucket).send().await.unwrap();
    assert_eq!(algorithm().await, ServerSideEncryption::Aes256, "a bucket is never unencrypted");
    assert_eq!(code(s3.get_bucket_policy().bucket(&bucket).send().await), "NoSuchBucketPolicy");
    let acl = s3.put_bucket_acl().bucket(&bucket).acl("private".into()).send().await;
    assert_eq!(code(acl), "AccessControlListNotSupported");
}

#[tokio::test]
async fn strangers_are_refused_unless_the_policy_lets_them() {
    let lab = Lab::new().await;
    let bucket = lab.create_bucket("mine", HOME).await;
    let friend = new_account();
    let (owner, stranger) = (lab.s3(&lab.account, HOME), lab.s3(&friend, HOME));
    assert_eq!(code(stranger.get_bucket_policy().bucket(&bucket).send().await), "AccessDenied");
    assert_eq!(code(stranger.put_bucket_policy().bucket(&bucket).policy("{}").send().await), "AccessDenied");
    assert_eq!(code(stranger.get_public_access_block().bucket(&bucket).send().await), "AccessDenied");
    assert_eq!(code(stranger.delete_bucket().bucket(&bucket).send().await), "AccessDenied");
    let head = stranger.head_bucket().bucket(&bucket).send().await.unwrap_err();
    assert_eq!(head.raw_response().unwrap().status().as_u16(), 403);
    let taken = stranger
        .create_bucket()
        .bucket(&bucket)
        .create_bucket_configuration(aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint(HOME.into()).build());
    assert_eq!(code(taken.send().await), "BucketAlreadyExists");

    let let_in = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "AWS": friend },
        "Action": "s3:GetBucketPolicy", "Resource": format!("arn:aws:s3:::{bucket}") }] });
    lab.put_policy(&bucket, HOME, &let_in).await;
    stranger.get_bucket_policy().bucket(&bucket).send().await.unwrap();
    let shut_out = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Principal": "*",
        "Action": "s3:PutObject", "Resource": format!("arn:aws:s3:::{bucket}/*") }] });
    lab.put_policy(&bucket, HOME, &shut_out).await;
    assert_eq!(code(owner.put_object().bucket(&bucket).key("k").send().await), "AccessDenied", "a deny binds the owner too");
}

#[tokio::test]
async fn the_expected_owner_is_honoured() {
    let lab = Lab::new().await;
    let bucket = lab.create_bucket("mine", HOME).await;
    let s3 = lab.s3(&lab.account, HOME);
    let location = |owner: &str| s3.get_bucket_location().bucket(&bucket).expected_bucket_owner(owner).send();
    location(&lab.account).await.unwrap();
    assert_eq!(code(location(&new_account()).await), "AccessDenied");
}

#[tokio::test]
async fn a_public_policy_is_refused_while_it_is_blocked() {
    let lab = Lab::new().await;
    let bucket = lab.create_bucket("open", HOME).await;
    let s3 = lab.s3(&lab.account, HOME);
    let put = || s3.put_bucket_policy().bucket(&bucket).policy(for_everybody(&bucket, "s3:GetObject").to_string()).send();
    let (code_of, message) = error(put().await);
    assert_eq!(code_of, "AccessDenied");
    assert!(message.contains("BlockPublicPolicy"), "{message}");
    s3.delete_public_access_block().bucket(&bucket).send().await.unwrap();
    put().await.unwrap();
    assert!(
        lab.s3(&new_account(), HOME)
            .get_object()
            .bucket(&bucket)
            .key("none")
            .send()
            .await
            .is_err_and(|error| { error.raw_response().is_some_and(|response| response.status().as_u16() == 404) })
    );
}

#[tokio::test]
async fn a_bucket_answers_in_its_region_only() {
    let lab = Lab::new().await;
    let bucket = lab.create_bucket("here", HOME).await;
    let far = lab.s3(&lab.account, OTHER);
    let redirected = far.get_bucket_policy().bucket(&bucket).send().await.unwrap_err();
    let response = redirected.raw_response().unwrap();
    assert_eq!(response.status().as_u16(), 301);
    assert_eq!(response.headers().get("x-amz-bucket-region"), Some(HOME));
    let location = far.get_bucket_location().bucket(&bucket).send().await.unwrap();
    assert_eq!(location.location_constraint().unwrap().as_str(), HOME);
    let missing = far.get_bucket_policy().bucket(lab.bucket_name("missing")).send().await;
    assert_eq!(code(missing), "NoSuchBucket");

    let name = lab.bucket_name("global");
    create_bucket(&far, &name, OTHER).await;
    let location = far.get_bucket_location().bucket(&name).send().await.unwrap();
    assert_eq!(location.location_constraint().map_or("", |constraint| constraint.as_str()), "", "us-east-1 has no constraint");
}

#[tokio::test]
async fn objects_come_back_as_they_went_in() {
    let lab = Lab::new().await;
    let bucket = lab.create_bucket("objects", HOME).await;
    let s3 = lab.s3(&lab.account, HOME);
    let content: Vec<u8> = (0..=255_u8).cycle().take(300_000).collect();
    for key in ["plain", "a b/ü+c%20.gz"] {
        s3.put_object().bucket(&bucket).key(key).metadata("signature", "abc").body(content.clone().into()).send().await.unwrap();
        let read = s3.get_object().bucket(&bucket).key(key).send().await.unwrap();
        assert_eq!(read.metadata().unwrap()["signature"], "abc");
        assert_eq!(read.body.collect().await.unwrap().to_vec(), content, "{key}");
    }
    let listed = s3.list_objects_v2().bucket(&bucket).send().await.unwrap();
    let keys: Vec<&str> = listed.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!(keys, ["a b/ü+c%20.gz", "plain"]);
}

#[tokio::test]
async fn tags_and_versioning_read_back() {
    use aws_sdk_s3::types::{BucketVersioningStatus, CreateBucketConfiguration, Tag, VersioningConfiguration};
    let lab = Lab::new().await;
    let bucket = lab.bucket_name("tagged");
    let s3 = lab.s3(&lab.account, HOME);
    let tag = Tag::builder().key("owner").value("a<b>&c").build().unwrap();
    let configuration = CreateBucketConfiguration::builder().location_constraint(HOME.into()).tags(tag.clone()).build();
    s3.create_bucket().bucket(&bucket).create_bucket_configuration(configuration).send().await.unwrap();
    assert_eq!(s3.get_bucket_tagging().bucket(&bucket).send().await.unwrap().tag_set(), [tag]);
    assert_eq!(s3.get_bucket_versioning().bucket(&bucket).send().await.unwrap().status(), None);
    let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    s3.put_bucket_versioning().bucket(&bucket).versioning_configuration(enabled).send().await.unwrap();
    let read = s3.get_bucket_versioning().bucket(&bucket).send().await.unwrap();
    assert_eq!(read.status(), Some(&BucketVersioningStatus::Enabled));
}

#[tokio::test]
async fn a_presigned_url_is_its_signer() {
    use aws_sdk_s3::presigning::PresigningConfig;
    let lab = Lab::new().await;
    let bucket = lab.create_bucket("shared", HOME).await;
    let owner = lab.s3(&lab.account, HOME);
    owner.put_object().bucket(&bucket).key("k").body(b"hello".to_vec().into()).send().await.unwrap();
    let fetch = async |client: &aws_sdk_s3::Client| {
        let config = PresigningConfig::expires_in(std::time::Duration::from_secs(60)).unwrap();
        let url = client.get_object().bucket(&bucket).key("k").presigned(config).await.unwrap().uri().to_owned();
        let response = reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(fetch(&owner).await, (200, "hello".to_owned()));
    assert_eq!(fetch(&lab.s3(&new_account(), HOME)).await.0, 403);
}

#[tokio::test]
async fn a_canned_acl_comes_without_a_body() {
    let lab = Lab::new().await;
    let bucket = lab.create_bucket("acl", HOME).await;
    let s3 = lab.s3(&lab.account, HOME);
    s3.delete_public_access_block().bucket(&bucket).send().await.unwrap();
    let rule = aws_sdk_s3::types::OwnershipControlsRule::builder().object_ownership("BucketOwnerPreferred".into()).build().unwrap();
    let controls = aws_sdk_s3::types::OwnershipControls::builder().rules(rule).build().unwrap();
    s3.put_bucket_ownership_controls().bucket(&bucket).ownership_controls(controls).send().await.unwrap();
    s3.put_bucket_acl().bucket(&bucket).acl("public-read".into()).send().await.unwrap();
    let grants = s3.get_bucket_acl().bucket(&bucket).send().await.unwrap().grants.unwrap_or_default();
    let everybody = |uri: &str| uri.ends_with("/global/AllUsers");
    assert!(grants.iter().filter_map(|grant| grant.grantee()?.uri()).any(everybody), "{grants:?}");
}
