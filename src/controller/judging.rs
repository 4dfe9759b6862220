//! The rules over what a pass has seen: under the CompliancePolicies that select the object, or the built-in baseline.

use super::context::Context;
use crate::engine::Outcome;
use crate::rules::case::{Case, Stage};
use crate::rules::finding::Finding;
use crate::rules::of_object::Frame;
use crate::rules::settings::Settings;
use crate::status::{Judgeable, Requeue, Told, classes, compliance};
use jiff::Timestamp;
use kube::ResourceExt;
use serde_json::{Value, json};
use std::time::Duration;

/// What is asked of one object in one pass.
pub struct Judging {
    pub settings: Settings,
    pub frame: Frame,
    generation: i64,
}

impl Judging {
    pub fn of(object: &impl ResourceExt, context: &Context, now: Timestamp) -> Self {
        let policies = context.index.policies_of(object);
        let named: Vec<_> = policies.iter().map(|policy| (policy.name_any(), &policy.spec)).collect();
        let named: Vec<_> = named.iter().map(|(name, spec)| (name.as_str(), *spec)).collect();
        let settings = Settings::of(&named, &context.catalogue);
        let frame = Frame { stage: Stage::Live, parameters: settings.parameters.clone(), now };
        Self { settings, frame, generation: object.meta().generation.unwrap_or_default() }
    }

    /// Judges, and tells what was found. An exemption that runs out before the next pass brings one.
    pub fn tell<S: Judgeable>(&self, case: &Case<'_>, context: &Context, told: &mut Told<S>) -> Vec<Finding> {
        let findings = crate::rules::judge(case, &context.catalogue, &self.settings);
        let now = self.frame.now;
        compliance::tell(told, &findings, &case.common().judged.account, self.generation, now);
        if let (Requeue::After(wait), Some(left)) = (told.requeue, self.until_an_exemption_ends(now)) {
            told.requeue = Requeue::After(wait.min(left));
        }
        findings
    }

    fn until_an_exemption_ends(&self, now: Timestamp) -> Option<Duration> {
        let ends = self.settings.exemptions.iter().map(|(_, exemption)| exemption.expires).filter(|expires| *expires > now).min()?;
        Duration::try_from(ends.duration_since(now)).ok()
    }
}

/// Whether enough was read to judge by. What AWS will answer in a moment is waited for: findings do not flicker.
pub fn is_judgeable(outcome: &Outcome) -> bool {
    outcome.latest().unknown().is_none_or(|failure| !classes::class(failure.class).passing)
}

/// What the judgement depends on besides the object and AWS.
pub fn inputs(object: &impl ResourceExt, context: &Context) -> Value {
    let policies = context.index.policies_of(object);
    let reported = policies.iter().any(|policy| policy.spec.report);
    let named: Vec<_> = policies.iter().map(|policy| json!([policy.name_any(), policy.metadata.uid, policy.metadata.generation])).collect();
    json!([named, reported.then(|| context.report_kind())])
}
