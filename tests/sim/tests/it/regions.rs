//! Home Region and shadows: who sees a trail from where, and who may change it.

use crate::lab::{HOME, Lab, OTHER, code, key, new_account};
use trailkeeper_sim::world::Settings;

#[tokio::test]
async fn a_multi_region_trail_is_a_shadow_elsewhere() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let (home, other) = (lab.cloudtrail(HOME), lab.cloudtrail(OTHER));
    home.create_trail().name("multi").s3_bucket_name(&bucket).is_multi_region_trail(true).send().await.unwrap();
    home.create_trail().name("single").s3_bucket_name(&bucket).send().await.unwrap();
    let (multi, single) = (lab.trail_arn("multi"), lab.trail_arn("single"));
    let names = |trails: &[aws_sdk_cloudtrail::types::Trail]| trails.iter().filter_map(|trail| trail.name.clone()).collect::<Vec<_>>();

    let seen = other.describe_trails().send().await.unwrap();
    assert_eq!(names(seen.trail_list()), ["multi"]);
    assert_eq!(seen.trail_list()[0].home_region(), Some(HOME));
    let without = other.describe_trails().include_shadow_trails(false).send().await.unwrap();
    assert_eq!(names(without.trail_list()), [""; 0]);
    let at_home = home.describe_trails().include_shadow_trails(false).send().await.unwrap();
    assert_eq!(names(at_home.trail_list()), ["multi", "single"]);
    let by_name = other.describe_trails().trail_name_list("multi").send().await.unwrap();
    assert_eq!(names(by_name.trail_list()), [""; 0], "a name is looked for among the trails at home here");
    let by_arn = other.describe_trails().trail_name_list(&single).send().await.unwrap();
    assert_eq!(names(by_arn.trail_list()), ["single"]);
    let everywhere = other.list_trails().send().await.unwrap();
    assert_eq!(everywhere.trails().len(), 2);

    assert_eq!(code(other.get_trail().name("multi").send().await), "TrailNotFoundException");
    assert_eq!(code(other.get_trail_status().name("single").send().await), "TrailNotFoundException");
    assert_eq!(code(other.get_trail_status().name(&single).send().await), "TrailNotFoundException");
    other.get_trail_status().name(&multi).send().await.unwrap();
    other.get_trail().name(&multi).send().await.unwrap();
}

#[tokio::test]
async fn writes_belong_to_the_home_region() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let (home, other) = (lab.cloudtrail(HOME), lab.cloudtrail(OTHER));
    home.create_trail().name("multi").s3_bucket_name(&bucket).is_multi_region_trail(true).send().await.unwrap();
    home.create_trail().name("single").s3_bucket_name(&bucket).send().await.unwrap();
    for name in ["multi".to_owned(), lab.trail_arn("multi"), lab.trail_arn("single")] {
        assert_eq!(code(other.update_trail().name(&name).send().await), "InvalidHomeRegionException", "{name}");
        assert_eq!(code(other.start_logging().name(&name).send().await), "InvalidHomeRegionException", "{name}");
        assert_eq!(code(other.stop_logging().name(&name).send().await), "InvalidHomeRegionException", "{name}");
        assert_eq!(code(other.delete_trail().name(&name).send().await), "InvalidHomeRegionException", "{name}");
    }
    assert_eq!(code(other.delete_trail().name("single").send().await), "TrailNotFoundException");
    let taken = other.create_trail().name("multi").s3_bucket_name(&bucket).send().await;
    assert_eq!(code(taken), "TrailAlreadyExistsException", "the shadow has the name");
}

#[tokio::test]
async fn another_account_sees_nothing() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    lab.cloudtrail(HOME).create_trail().name("main").s3_bucket_name(&bucket).send().await.unwrap();
    let stranger = lab.cloudtrail_as(&key(&new_account()), HOME);
    assert_eq!(code(stranger.get_trail().name("main").send().await), "TrailNotFoundException");
    assert_eq!(code(stranger.get_trail().name(lab.trail_arn("main")).send().await), "TrailNotFoundException");
    assert_eq!(code(stranger.stop_logging().name(lab.trail_arn("main")).send().await), "TrailNotFoundException");
    assert_eq!(stranger.describe_trails().send().await.unwrap().trail_list(), []);
}

#[tokio::test]
async fn multi_region_and_global_events_go_off_together_unless_aws_minds() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    for name in ["first", "second"] {
        client.create_trail().name(name).s3_bucket_name(&bucket).is_multi_region_trail(true).send().await.unwrap();
    }
    let both = |name: &str| client.update_trail().name(name).is_multi_region_trail(false).include_global_service_events(false).send();
    both("first").await.unwrap();
    lab.control.set_settings(&Settings { split_global_events: true, ..Settings::default() }).await.unwrap();
    assert_eq!(code(both("second").await), "InvalidParameterCombinationException");
    client.update_trail().name("second").is_multi_region_trail(false).send().await.unwrap();
    client.update_trail().name("second").include_global_service_events(false).send().await.unwrap();
}
