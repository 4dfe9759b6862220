//! CloudTrail's documented request rates, per account and Region (facts/constraints.md section 2): a bucket of tokens per group.

use crate::world::guard;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

/// A client that paces itself exactly must not be refused for the network's jitter.
const TOLERANCE_SECONDS: f64 = 0.05;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Group {
    Reads,
    Writes,
    LookupEvents,
    InsightsData,
    InsightsMetrics,
    DelegatedAdmin,
}

impl Group {
    fn of(operation: &str) -> Self {
        match operation {
            "LookupEvents" => Self::LookupEvents,
            "ListInsightsData" => Self::InsightsData,
            "ListInsightsMetricData" => Self::InsightsMetrics,
            "RegisterOrganizationDelegatedAdmin" | "DeregisterOrganizationDelegatedAdmin" => Self::DelegatedAdmin,
            _ if crate::operation::is_read(operation) => Self::Reads,
            _ => Self::Writes,
        }
    }

    fn per_second(self) -> f64 {
        match self {
            Self::Reads | Self::DelegatedAdmin => 10.0,
            Self::LookupEvents | Self::InsightsData => 2.0,
            Self::Writes | Self::InsightsMetrics => 1.0,
        }
    }
}

#[derive(Debug)]
struct Tokens {
    left: f64,
    at: Instant,
}

#[derive(Debug, Default)]
pub struct Rates {
    tokens: Mutex<HashMap<(String, String, Group), Tokens>>,
}

impl Rates {
    /// Whether the call is within the rate; a refused call uses nothing up.
    pub fn admit(&self, account: &str, region: &str, operation: &str) -> bool {
        self.admit_at(account, region, operation, Instant::now())
    }

    fn admit_at(&self, account: &str, region: &str, operation: &str, now: Instant) -> bool {
        let group = Group::of(operation);
        let rate = group.per_second();
        let mut all = guard(&self.tokens);
        let tokens = all.entry((account.to_owned(), region.to_owned(), group)).or_insert(Tokens { left: rate, at: now });
        let refill = now.saturating_duration_since(tokens.at).as_secs_f64() * rate;
        tokens.left = (tokens.left + refill).min(rate);
        tokens.at = now;
        let admitted = tokens.left + TOLERANCE_SECONDS * rate >= 1.0;
        if admitted {
            tokens.left -= 1.0;
        }
        admitted
    }

    pub fn clear(&self) {
        guard(&self.tokens).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn admitted(operations: &[&str], over: Duration) -> usize {
        let (rates, start) = (Rates::default(), Instant::now());
        let step = over / u32::try_from(operations.len()).unwrap_or(1);
        let mut now = start;
        operations
            .iter()
            .filter(|operation| {
                now += step;
                rates.admit_at("1", "eu-west-1", operation, now)
            })
            .count()
    }

    #[test]
    fn documented_rates_hold() {
        assert_eq!(admitted(&["CreateTrail"; 20], Duration::ZERO), 1);
        assert_eq!(admitted(&["CreateTrail", "StartLogging"], Duration::ZERO), 1, "writes share one rate");
        assert_eq!(admitted(&["GetTrail"; 20], Duration::ZERO), 10);
        assert_eq!(admitted(&["LookupEvents"; 20], Duration::ZERO), 2);
        assert_eq!(admitted(&["UpdateTrail"; 5], Duration::from_secs(5)), 5);
    }

    #[test]
    fn accounts_and_regions_are_apart() {
        let rates = Rates::default();
        assert!(rates.admit("1", "eu-west-1", "CreateTrail"));
        assert!(rates.admit("2", "eu-west-1", "CreateTrail"));
        assert!(rates.admit("1", "us-east-1", "CreateTrail"));
        assert!(!rates.admit("1", "eu-west-1", "CreateTrail"));
    }
}
