//! Create, read, update, delete and the logging switch.

use crate::lab::{HOME, Lab, code, error};
use aws_sdk_cloudtrail::types::Tag;

#[tokio::test]
async fn a_new_trail_has_the_documented_defaults_and_does_not_log() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    let tag = Tag::builder().key("team").value("security").build().unwrap();
    let created = client.create_trail().name("main").s3_bucket_name(&bucket).tags_list(tag).send().await.unwrap();
    assert_eq!(created.trail_arn(), Some(lab.trail_arn("main").as_str()));

    let trail = client.get_trail().name("main").send().await.unwrap().trail.unwrap();
    assert_eq!(trail.home_region(), Some(HOME));
    assert_eq!(trail.s3_bucket_name(), Some(bucket.as_str()));
    assert_eq!(trail.include_global_service_events(), Some(true));
    assert_eq!(trail.is_multi_region_trail(), Some(false));
    assert_eq!(trail.log_file_validation_enabled(), Some(false));
    assert_eq!(trail.is_organization_trail(), Some(false));
    assert_eq!(trail.recursive_logging(), Some(true));
    assert_eq!(trail.has_custom_event_selectors(), Some(false));
    assert_eq!(trail.has_insight_selectors(), Some(false));
    assert_eq!((trail.s3_key_prefix(), trail.kms_key_id(), trail.sns_topic_arn()), (None, None, None));

    let by_arn = client.get_trail().name(lab.trail_arn("main")).send().await.unwrap().trail.unwrap();
    assert_eq!(by_arn, trail);
    let listed = client.describe_trails().send().await.unwrap();
    assert_eq!(listed.trail_list(), [trail]);

    let status = client.get_trail_status().name("main").send().await.unwrap();
    assert_eq!(status.is_logging(), Some(false));
    assert_eq!(status.start_logging_time(), None);
}

#[tokio::test]
async fn the_logging_switch_keeps_its_times() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).send().await.unwrap();
    client.start_logging().name("main").send().await.unwrap();
    let first = client.get_trail_status().name("main").send().await.unwrap();
    assert_eq!(first.is_logging(), Some(true));
    client.start_logging().name("main").send().await.unwrap();
    let again = client.get_trail_status().name("main").send().await.unwrap();
    assert_eq!(again.start_logging_time(), first.start_logging_time(), "starting twice changes nothing");
    client.stop_logging().name(lab.trail_arn("main")).send().await.unwrap();
    let stopped = client.get_trail_status().name("main").send().await.unwrap();
    assert_eq!(stopped.is_logging(), Some(false));
    assert!(stopped.stop_logging_time().is_some());
}

#[tokio::test]
async fn an_update_keeps_what_it_does_not_name_and_clears_with_an_empty_string() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).s3_key_prefix("audit").recursive_logging(false).send().await.unwrap();
    client.start_logging().name("main").send().await.unwrap();

    let updated = client.update_trail().name("main").enable_log_file_validation(true).send().await.unwrap();
    assert_eq!(updated.s3_key_prefix(), Some("audit"));
    assert_eq!(updated.recursive_logging(), Some(false));
    assert_eq!(updated.log_file_validation_enabled(), Some(true));
    let cleared = client.update_trail().name("main").s3_key_prefix("").send().await.unwrap();
    assert_eq!(cleared.s3_key_prefix(), None);
    let trail = client.get_trail().name("main").send().await.unwrap().trail.unwrap();
    assert_eq!((trail.s3_key_prefix(), trail.log_file_validation_enabled()), (None, Some(true)));
    let status = client.get_trail_status().name("main").send().await.unwrap();
    assert_eq!(status.is_logging(), Some(true), "an update does not touch the switch");
}

#[tokio::test]
async fn what_is_missing_is_an_error_or_an_empty_list_as_documented() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    let (code_of, message) = error(client.get_trail().name("nope").send().await);
    assert_eq!(code_of, "TrailNotFoundException");
    assert_eq!(message, format!("Unknown trail: nope for the user: {}", lab.account));
    assert_eq!(code(client.get_trail_status().name("nope").send().await), "TrailNotFoundException");
    assert_eq!(code(client.delete_trail().name("nope").send().await), "TrailNotFoundException");
    assert_eq!(code(client.start_logging().name(lab.trail_arn("nope")).send().await), "TrailNotFoundException");
    assert_eq!(code(client.get_event_selectors().trail_name("nope").send().await), "TrailNotFoundException");
    assert_eq!(code(client.get_trail().name("arn:aws:s3:::bucket").send().await), "CloudTrailARNInvalidException");
    let described = client.describe_trails().trail_name_list("nope").send().await.unwrap();
    assert_eq!(described.trail_list(), []);

    client.create_trail().name("main").s3_bucket_name(&bucket).send().await.unwrap();
    let (code_of, message) = error(client.create_trail().name("main").s3_bucket_name(&bucket).send().await);
    assert_eq!(
        (code_of.as_str(), message),
        ("TrailAlreadyExistsException", format!("Trail main already exists for customer: {}", lab.account))
    );
    client.delete_trail().name(lab.trail_arn("main")).send().await.unwrap();
    assert_eq!(code(client.get_trail().name("main").send().await), "TrailNotFoundException");
}

#[tokio::test]
async fn what_is_invalid_is_refused_with_its_code() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    let create = || client.create_trail().name("main").s3_bucket_name(&bucket);
    let long = "p".repeat(201);
    let cases = [
        ("name", create().name("a--b"), "InvalidTrailNameException"),
        ("short name", create().name("ab"), "InvalidTrailNameException"),
        ("IP address", create().name("192.168.5.4"), "InvalidTrailNameException"),
        ("bucket name", create().s3_bucket_name("Not_A_Bucket"), "InvalidS3BucketNameException"),
        ("prefix", create().s3_key_prefix(&long), "InvalidS3PrefixException"),
        ("topic", create().sns_topic_name("no spaces"), "InvalidSnsTopicNameException"),
        ("key", create().kms_key_id("not a key"), "InvalidKmsKeyIdException"),
        (
            "multi-Region without global",
            create().is_multi_region_trail(true).include_global_service_events(false),
            "InvalidParameterCombinationException",
        ),
        ("group without role", create().cloud_watch_logs_log_group_arn("arn:x"), "InvalidCloudWatchLogsRoleArnException"),
        ("role without group", create().cloud_watch_logs_role_arn("arn:x"), "InvalidCloudWatchLogsLogGroupArnException"),
        ("organization", create().is_organization_trail(true), "OrganizationsNotInUseException"),
    ];
    for (what, request, expected) in cases {
        assert_eq!(code(request.send().await), expected, "{what}");
    }
    assert_eq!(client.describe_trails().send().await.unwrap().trail_list(), [], "nothing was made on the way");

    create().is_multi_region_trail(true).send().await.unwrap();
    let update = client.update_trail().name("main").include_global_service_events(false);
    assert_eq!(code(update.send().await), "InvalidParameterCombinationException");
}

#[tokio::test]
async fn five_trails_fill_a_region_and_shadows_count() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    for index in 0..5 {
        client
            .create_trail()
            .name(format!("trail-{index}"))
            .s3_bucket_name(&bucket)
            .is_multi_region_trail(index == 0)
            .send()
            .await
            .unwrap();
    }
    let (code_of, message) = error(client.create_trail().name("one-more").s3_bucket_name(&bucket).send().await);
    assert_eq!(code_of, "MaximumNumberOfTrailsExceededException");
    assert_eq!(message, format!("User: {} already has 5 trails in {HOME}.", lab.account));

    let other = lab.cloudtrail("us-west-2");
    for index in 5..9 {
        other.create_trail().name(format!("trail-{index}")).s3_bucket_name(&bucket).send().await.unwrap();
    }
    let full = other.create_trail().name("one-more").s3_bucket_name(&bucket).send().await;
    assert_eq!(code(full), "MaximumNumberOfTrailsExceededException", "the shadow of trail-0 is the fifth");
}
