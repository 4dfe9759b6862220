//! Everything the simulation remembers, in one place, each part behind a lock of its own.

use crate::account::Regions;
use crate::athena::Workgroups;
use crate::backend::Backend;
use crate::clock::Clock;
use crate::cloudtrail::lake::Lake;
use crate::cloudtrail::store::Trails;
use crate::delivery::Delivery;
use crate::enforcement::Enforcement;
use crate::eventbridge::Bus;
use crate::events::Events;
use crate::faults::Faults;
use crate::identity::Identities;
use crate::kms::RotationPeriods;
use crate::logs::LogGroups;
use crate::metric_filters::MetricFilters;
use crate::monitoring::Alarms;
use crate::organizations::Organizations;
use crate::rates::Rates;
use crate::record::Recorder;
use crate::s3::Buckets;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub struct World {
    pub backend: Backend,
    pub clock: Clock,
    pub recorder: Recorder,
    pub faults: Faults,
    pub rates: Rates,
    pub identities: Identities,
    pub enforcement: Enforcement,
    pub buckets: Buckets,
    pub rotation_periods: RotationPeriods,
    pub workgroups: Workgroups,
    pub metric_filters: MetricFilters,
    pub alarms: Alarms,
    pub log_groups: LogGroups,
    pub organizations: Organizations,
    pub regions: Regions,
    pub trails: Trails,
    pub lake: Lake,
    pub events: Events,
    pub delivery: Delivery,
    pub bus: Bus,
    settings: Mutex<Settings>,
}

/// Switches that a test may turn through `/_sim/settings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Which of its two documented forms GetEventSelectors answers for an untouched trail.
    pub default_selectors: DefaultSelectors,
    /// Enforce the documented request rates of CloudTrail.
    pub enforce_rates: bool,
    /// Refuse an UpdateTrail that turns multi-Region and global events off at once, as AWS did at times.
    pub split_global_events: bool,
    /// How old an event must be before LookupEvents shows it, by the simulation's clock.
    pub lookup_lag_seconds: u64,
    /// Real time between two rounds of delivery; 0 delivers only on `POST /_sim/deliver`.
    pub delivery_interval_ms: u64,
    /// What a digest covers, by the simulation's clock; an hour in AWS.
    pub digest_interval_seconds: u64,
    /// How long an event data store takes to change its status (minutes in AWS), by the simulation's clock.
    pub lake_transition_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_selectors: DefaultSelectors::default(),
            enforce_rates: false,
            split_global_events: false,
            lookup_lag_seconds: 0,
            delivery_interval_ms: 1000,
            digest_interval_seconds: 3600,
            lake_transition_ms: 1000,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultSelectors {
    Basic,
    #[default]
    Advanced,
}

pub type Shared = Arc<World>;

impl World {
    pub fn new(backend: Backend) -> Shared {
        Arc::new(Self {
            backend,
            clock: Clock::default(),
            recorder: Recorder::default(),
            faults: Faults::default(),
            rates: Rates::default(),
            identities: Identities::default(),
            enforcement: Enforcement::default(),
            buckets: Buckets::default(),
            rotation_periods: RotationPeriods::default(),
            workgroups: Workgroups::default(),
            metric_filters: MetricFilters::default(),
            alarms: Alarms::default(),
            log_groups: LogGroups::default(),
            organizations: Organizations::default(),
            regions: Regions::default(),
            trails: Trails::default(),
            lake: Lake::default(),
            events: Events::default(),
            delivery: Delivery::default(),
            bus: Bus::default(),
            settings: Mutex::default(),
        })
    }

    pub fn settings(&self) -> Settings {
        guard(&self.settings).clone()
    }

    pub fn set_settings(&self, settings: Settings) {
        *guard(&self.settings) = settings;
    }

    /// Back to the state of a fresh start, moto included.
    pub async fn reset(&self) -> Result<(), crate::aws_error::AwsError> {
        self.backend.reset().await?;
        self.clock.change(&crate::clock::ClockChange::Reset);
        self.recorder.clear();
        self.faults.clear();
        self.rates.clear();
        self.identities.clear();
        self.enforcement.clear();
        self.buckets.clear();
        self.rotation_periods.clear();
        self.workgroups.clear();
        self.metric_filters.clear();
        self.alarms.clear();
        self.log_groups.clear();
        self.organizations.clear();
        self.regions.clear();
        self.trails.clear();
        self.lake.clear();
        self.events.clear();
        self.delivery.clear().await;
        self.bus.clear();
        self.set_settings(Settings::default());
        Ok(())
    }
}

/// Takes a lock; a panic of another holder leaves state that is still good to read in a simulation.
pub fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
