//! The same cases as drift: while one manifest is in force, a stranger brings AWS to what another declares. The operator tells
//! each field that the stranger changed, with both values, puts it back, and takes none of it for a change of the spec.

use super::told::{Form, told};
use crate::support::{Seen, World, is_true};
use anyhow::{Result, anyhow, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;
use trailkeeper::facets::difference::{Difference, differences, shown};
use trailkeeper_lab::wait_for;

/// Longer than a pass and a look take on a machine under load.
const SOON: Duration = Duration::from_secs(240);

/// Which of a case's two manifests is kept while a stranger brings AWS to the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// The smallest one is kept.
    FromBase,
    /// The case's own is kept: what it alone asks for is not watched under the other.
    FromCase,
    /// A stranger can't make it so; what holds it instead.
    Elsewhere(&'static str),
}

/// A manifest, and what AWS has when it is in force.
pub type InForce<'a> = (&'a Value, &'a Value);

/// `kept` is in force and stays declared, a stranger brings AWS to `theirs`: told, put back, and nobody's update.
pub async fn is_put_back(world: &World, kept: InForce<'_>, theirs: InForce<'_>, look: &impl AsyncFn(&World) -> Value) {
    let (kind, name) = (kept.0["kind"].as_str().unwrap(), kept.0["metadata"]["name"].as_str().unwrap());
    let what = format!("the drift of {kind} {name} from {} to {}", kept.0["spec"], theirs.0["spec"]);
    let known = world.events(kind, name).await.len();
    world.tamper(theirs.0).await;
    let news = async || world.events(kind, name).await.split_off(known);
    // One pass may be too early (the operator shares what it reads for two seconds), and its events follow its status.
    let attempt = async || {
        if is_told(kind, kept.1, theirs.1, &news().await).is_err() {
            world.request_pass(kind, name).await;
            is_told(kind, kept.1, theirs.1, &news().await)?;
        }
        ensure!(look(world).await == *kept.1, "AWS has {:?}", differences("", kept.1, &look(world).await));
        Ok(())
    };
    wait_for(&what, SOON, attempt).await.unwrap_or_else(|error| panic!("{error:#}"));
    let others: Vec<_> =
        news().await.into_iter().filter(|event| ["Created", "Updated", "Adopted"].contains(&event.reason.as_str())).collect();
    assert!(others.is_empty(), "{what} is taken for something else: {others:#?}");
    let object = world.get(kind, name).await;
    assert!(!is_true(&object, "Drifted") && object.data["status"].get("drift").is_none(), "{what} stays: {}", object.data["status"]);
}

/// Every field that differs between the two states is told as drift and as put back.
fn is_told(kind: &str, kept: &Value, theirs: &Value, news: &[Seen]) -> Result<()> {
    let drift: Vec<Told> = news.iter().filter_map(Told::of).collect();
    let put_back: BTreeSet<&str> = news.iter().filter_map(put_back).collect();
    for Difference { path, desired, observed } in differences("", kept, theirs) {
        let path = path.trim_start_matches('.');
        for (told_as, form) in told(kind, path) {
            let about: Vec<&Told> = drift.iter().filter(|told| told.is_about(&told_as)).collect();
            let lacking = || anyhow!("{path} is not told as {told_as}: {news:#?}");
            ensure!(!about.is_empty() && about.iter().all(|told| put_back.contains(told.path)), lacking());
            if form == Form::Same {
                ensure!(says_all(&about, |told| told.declared, &desired, &observed), lacking());
                ensure!(says_all(&about, |told| told.found, &observed, &desired), lacking());
            }
        }
    }
    Ok(())
}

/// What a drift event says.
struct Told<'a> {
    path: &'a str,
    declared: &'a str,
    found: &'a str,
}

impl<'a> Told<'a> {
    /// `account N: PATH is FOUND, declared DECLARED`
    fn of(event: &'a Seen) -> Option<Self> {
        let (path, values) = event.note.split_once(": ")?.1.split_once(" is ")?;
        let (found, declared) = values.rsplit_once(", declared ")?;
        (event.reason == "DriftDetected").then_some(Self { path, declared, found })
    }

    /// About that field, something below it, or all that it belongs to.
    fn is_about(&self, path: &str) -> bool {
        let below = |lower: &str, upper: &str| lower.strip_prefix(upper).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        below(self.path, path) || below(path, self.path)
    }
}

/// The path of `account N: PATH was FOUND, is DECLARED again`.
fn put_back(event: &Seen) -> Option<&str> {
    let path = event.note.split_once(": ")?.1.split_once(" was ")?.0;
    (event.reason == "DriftCorrected").then_some(path)
}

/// Whether one side of what is told says what `value` has and `other` has not. A text that was cut can't be held to that, and what
/// takes the place of a list or an object may be anything.
fn says_all<'a>(about: &[&Told<'a>], side: fn(&Told<'a>) -> &'a str, value: &Value, other: &Value) -> bool {
    let texts: Vec<&str> = about.iter().map(|told| side(told)).collect();
    let composite = |value: &Value| value.is_array() || value.is_object();
    if value.is_null() {
        return composite(other) || texts.iter().any(|text| ["(none)", "0"].contains(text));
    }
    let cut = texts.iter().any(|text| text.ends_with('…'));
    let says = |word: &String| {
        texts.iter().any(|text| text.contains(word)) || (composite(value) && about.iter().any(|told| told.path.contains(word)))
    };
    cut || scalars(value).difference(&scalars(other)).all(says)
}

fn scalars(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Null => BTreeSet::new(),
        Value::Array(items) => items.iter().flat_map(scalars).collect(),
        Value::Object(fields) => fields.values().flat_map(scalars).collect(),
        scalar => BTreeSet::from([shown(scalar)]),
    }
}
