//! AddTags, RemoveTags and ListTags.

use crate::lab::{HOME, Lab, OTHER, code};
use aws_sdk_cloudtrail::types::Tag;

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

#[tokio::test]
async fn tags_are_added_overwritten_removed_and_limited() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).is_multi_region_trail(true).tags_list(tag("a", "1")).send().await.unwrap();
    let arn = lab.trail_arn("main");
    let add = |tags: Vec<Tag>| client.add_tags().resource_id(&arn).set_tags_list(Some(tags)).send();
    add(vec![tag("a", "2"), tag("b", "")]).await.unwrap();
    let read = client.list_tags().resource_id_list(&arn).send().await.unwrap();
    assert_eq!(read.resource_tag_list()[0].tags_list(), [tag("a", "2"), tag("b", "")]);
    client.remove_tags().resource_id(&arn).tags_list(tag("b", "")).send().await.unwrap();

    add((0..49).map(|index| tag(&format!("k{index}"), "v")).collect()).await.unwrap();
    assert_eq!(code(add(vec![tag("one-more", "v")]).await), "TagsLimitExceededException");
    assert_eq!(code(add(vec![tag("aws:x", "v")]).await), "InvalidTagParameterException");
    assert_eq!(code(add(vec![tag("a", "1"), tag("a", "2")]).await), "InvalidTagParameterException");
    assert_eq!(code(add(vec![tag(&"k".repeat(129), "v")]).await), "InvalidTagParameterException");
    let read = client.list_tags().resource_id_list(&arn).send().await.unwrap();
    assert_eq!(read.resource_tag_list()[0].tags_list().len(), 50, "refused calls change nothing");
}

#[tokio::test]
async fn tags_are_reached_by_arn_and_at_home() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).is_multi_region_trail(true).send().await.unwrap();
    let arn = lab.trail_arn("main");
    let list = |id: &str| client.list_tags().resource_id_list(id).send();
    assert_eq!(code(list("main").await), "CloudTrailARNInvalidException");
    assert_eq!(code(list(&lab.trail_arn("nope")).await), "ResourceNotFoundException");
    assert_eq!(code(list(&arn.replace(":trail/", ":dashboard/")).await), "ResourceTypeNotSupportedException");
    assert_eq!(code(lab.cloudtrail(OTHER).list_tags().resource_id_list(&arn).send().await), "CloudTrailARNInvalidException");
    assert_eq!(
        code(lab.cloudtrail(OTHER).add_tags().resource_id(&arn).tags_list(tag("a", "b")).send().await),
        "CloudTrailARNInvalidException"
    );
    client.list_tags().set_resource_id_list(Some(vec![arn.clone(); 20])).send().await.unwrap();
    let many = client.list_tags().set_resource_id_list(Some(vec![arn; 21])).send().await;
    assert_eq!(code(many), "ValidationException");
}
