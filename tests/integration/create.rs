//! From manifests to a trail that logs.

use crate::support::World;

#[tokio::test]
async fn a_trail_becomes_ready_and_logs() {
    let world = World::ready("create").await;
    let status = world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await.unwrap();
    assert_eq!(status.is_logging(), Some(true));
    let trail = world.get("Trail", "audit").await;
    assert_eq!(trail.data["status"]["logging"], true);
    assert_eq!(trail.data["status"]["trailArn"], world.trail_arn("audit"));
}
