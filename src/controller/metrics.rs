//! Metrics in Prometheus' text form. What objects are like is read from the index when somebody asks, so what is gone leaves no
//! sample; what happens is counted.
//!
//! Labels are names of objects, ids of rules and operations of AWS: as many as there are of these, and never a message.

use super::context::Context;
use super::index::{Index, Objects, readable};
use crate::api::common::CommonStatus;
use crate::api::condition::{self, COMPLIANT, DRIFTED, INTACT, READY};
use crate::api::findings::OpenFinding;
use crate::api::integrity::IntegrityStatus;
use crate::rules::finding::{Result, Severity};
use kube::{Resource, ResourceExt};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;

/// The media type of what `text` makes.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;

/// Passes by kind and how they ended.
#[derive(Clone, Default)]
pub struct Passes(Family<Labels, Counter>);

impl Passes {
    pub fn count(&self, kind: &str, failed: bool) {
        let result = if failed { "failed" } else { "ok" };
        self.0.get_or_create(&vec![("kind", kind.to_owned()), ("result", result.to_owned())]).inc();
    }
}

/// Everything that `/metrics` shows.
pub fn registry(index: Index, context: &Context) -> Registry {
    let mut registry = Registry::with_prefix("trailkeeper");
    registry.register("passes", "Passes that were made, by kind and how they ended", context.passes.0.clone());
    registry.register(
        "aws_calls",
        "Calls to AWS, by service, operation and how they ended; the SDK's own retries are part of a call",
        context.calls().family(),
    );
    registry.register_collector(Box::new(Statuses(index)));
    registry
}

/// The registry as text.
pub fn text(registry: &Registry) -> std::result::Result<String, fmt::Error> {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, registry)?;
    Ok(text)
}

/// What the index holds.
struct Statuses(Index);

impl fmt::Debug for Statuses {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Statuses")
    }
}

/// One object as its status tells of it.
#[derive(Clone)]
struct Sample {
    labels: Labels,
    common: CommonStatus,
    findings: Vec<OpenFinding>,
}

/// The samples of a kind; `told` takes from an object what its status tells.
fn of<K>(objects: &Objects<K>, told: impl Fn(&K) -> Option<(&CommonStatus, &[OpenFinding])>) -> Vec<Sample>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    let objects = readable(objects, |_| true);
    let sample = |object: &K| {
        let (common, findings) = told(object)?;
        let place = [("namespace", object.namespace().unwrap_or_default()), ("name", object.name_any())];
        let labels = std::iter::once(("kind", K::kind(&()).into_owned())).chain(place).collect();
        Some(Sample { labels, common: common.clone(), findings: findings.to_vec() })
    };
    objects.iter().filter_map(sample).collect()
}

fn samples(index: &Index) -> Vec<Sample> {
    [
        of(&index.accounts, |account| account.status.as_ref().map(|status| (&status.common, status.compliance.findings.as_slice()))),
        of(&index.archives, |archive| archive.status.as_ref().map(|status| (&status.common, status.compliance.findings.as_slice()))),
        of(&index.trails, |trail| trail.status.as_ref().map(|status| (&status.common, status.compliance.findings.as_slice()))),
        of(&index.stores, |store| store.status.as_ref().map(|status| (&status.common, status.compliance.findings.as_slice()))),
        of(&index.policies, |policy| policy.status.as_ref().map(|status| (&status.common, [].as_slice()))),
    ]
    .concat()
}

impl Collector for Statuses {
    fn encode(&self, mut encoder: DescriptorEncoder) -> std::result::Result<(), fmt::Error> {
        let samples = samples(&self.0);
        for (name, kind) in [("ready", READY), ("compliant", COMPLIANT), ("drifted", DRIFTED), ("intact", INTACT)] {
            let help = format!("Condition {kind}: 1 is True, 0 is False; without a sample it is not known");
            let mut metric = encoder.encode_descriptor(name, &help, None, MetricType::Gauge)?;
            for sample in &samples {
                if let Some(value) = truth(&sample.common, kind) {
                    ConstGauge::new(value).encode(metric.encode_family(&sample.labels)?)?;
                }
            }
        }
        encode_integrity(&self.0, &mut encoder)?;
        let help = "Rules that fail or could not be judged, as status.findings has them";
        let mut metric = encoder.encode_descriptor("findings", help, None, MetricType::Gauge)?;
        for sample in &samples {
            for finding in &sample.findings {
                ConstGauge::new(1_i64).encode(metric.encode_family(&labels(sample, finding))?)?;
            }
        }
        Ok(())
    }
}

/// What one archive's verifications came to, as a number.
type Measure = fn(&IntegrityStatus) -> Option<f64>;

const MEASURES: [(&str, &str, Measure); 7] = [
    ("integrity_verified_through_seconds", "Up to when an archive is verified, as Unix time", |integrity| {
        Some(integrity.verified_through?.as_second() as f64)
    }),
    ("integrity_last_run_seconds", "When the last verification began, as Unix time", |integrity| {
        Some(integrity.last_run.as_ref()?.started.as_second() as f64)
    }),
    ("integrity_digests", "Digests that were read in all", |integrity| Some(integrity.total.digests as f64)),
    ("integrity_log_files", "Log files that were read in all", |integrity| Some(integrity.total.log_files as f64)),
    ("integrity_bytes", "Bytes that were read in all, compressed", |integrity| Some(integrity.total.bytes as f64)),
    ("integrity_faults", "Files that are not what CloudTrail delivered, and nobody has put right", |integrity| {
        let files = integrity.files.iter().filter(|file| file.put_right.is_none()).count() as u64;
        Some((files + integrity.files_dropped) as f64)
    }),
    ("integrity_gap_hours", "Hours of which nothing is proven, of the gaps that have a beginning", |integrity| {
        let hours = integrity.gaps.iter().filter(|gap| gap.put_right.is_none()).filter_map(|gap| gap.hours);
        Some(hours.sum::<i64>() as f64)
    }),
];

/// Of archives that are verified.
fn encode_integrity(index: &Index, encoder: &mut DescriptorEncoder) -> std::result::Result<(), fmt::Error> {
    let archives = readable(&index.archives, |archive| archive.spec.integrity.is_some());
    for (name, help, measure) in MEASURES {
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for archive in &archives {
            let Some(value) = archive.status.as_ref().and_then(|status| measure(status.integrity.as_ref()?)) else { continue };
            let labels: Labels = vec![("namespace", archive.namespace().unwrap_or_default()), ("name", archive.name_any())];
            ConstGauge::new(value).encode(metric.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn truth(common: &CommonStatus, kind: &str) -> Option<i64> {
    match condition::get(&common.conditions, kind)?.status.as_str() {
        "True" => Some(1),
        "False" => Some(0),
        _ => None,
    }
}

fn labels(sample: &Sample, finding: &OpenFinding) -> Labels {
    let (severity, result): (&'static str, &'static str) = (Severity::into(finding.severity), Result::into(finding.result));
    let mut labels = sample.labels.clone();
    labels.extend([("rule", finding.rule.clone()), ("severity", severity.to_owned()), ("result", result.to_owned())]);
    labels
}
