//! Somebody changes AWS behind the operator's back: every facet is told with both values, and put back.

mod bucket;
mod delivery;
mod key;
mod none;
mod trail;

use crate::support::{Seen, World, is_true};
use serde_json::Value;

/// One kind of tampering, and what must be told of it.
struct Case<'a> {
    kind: &'static str,
    path: &'a str,
    declared: &'a str,
    found: &'a str,
}

const OWNER: &str = "trailkeeper.dev/owner";

fn trail<'a>(path: &'a str, declared: &'a str, found: &'a str) -> Case<'a> {
    Case { kind: "Trail", path, declared, found }
}

fn archive<'a>(path: &'a str, declared: &'a str, found: &'a str) -> Case<'a> {
    Case { kind: "LogArchive", path, declared, found }
}

impl Case<'_> {
    fn object(&self) -> &'static str {
        if self.kind == "Trail" { "audit" } else { "logs" }
    }

    fn tells(&self, event: &Seen) -> bool {
        [self.path, self.declared, self.found].iter().all(|word| event.note.contains(word))
    }

    /// Tampers, and holds that it is told, put back and then left alone. `look` shows what was tampered with.
    async fn is_corrected(&self, world: &World, tamper: impl AsyncFn(&World), look: impl AsyncFn(&World) -> String) {
        let (kind, name) = (self.kind, self.object());
        let before = look(world).await;
        tamper(world).await;
        assert_ne!(look(world).await, before, "the tampering changed nothing");
        world.pass_until_event(kind, name, "DriftDetected", |event| self.tells(event)).await;
        world.pass_until_event(kind, name, "DriftCorrected", |event| self.tells(event)).await;
        assert_eq!(look(world).await, before, "it was not put back");

        world.wait_ready(kind, name).await;
        let told = world.events(kind, name).await;
        let since = world.now().await;
        let object = world.request_pass(kind, name).await;
        assert_eq!(world.writes(since).await, Vec::<String>::new(), "a second pass writes");
        assert!(is_true(&object, "Ready") && !is_true(&object, "Drifted"), "{}", object.data["status"]);
        assert_eq!(object.data["status"].get("drift"), None);
        assert_eq!(world.events(kind, name).await, told, "a second pass tells something");
    }
}

/// Where the whole resource is gone, that alone is told, and not every field below it.
async fn is_told_once(world: &World, kind: &str, name: &str) {
    let told = world.events(kind, name).await;
    assert_eq!(told.iter().filter(|event| event.reason == "DriftDetected").count(), 1, "{told:#?}");
}

fn without(mut policy: Value, sid: &str) -> Value {
    let statements = policy["Statement"].as_array_mut().unwrap();
    let count = statements.len();
    statements.retain(|statement| !statement["Sid"].as_str().unwrap().starts_with(sid));
    assert_eq!(statements.len(), count - 1, "there is no one statement {sid}");
    policy
}

fn and(mut policy: Value, statement: Value) -> Value {
    policy["Statement"].as_array_mut().unwrap().push(statement);
    policy
}
