//! The simulation's clock: real time plus an offset, or frozen. Everything CloudTrail dates comes from here;
//! credentials do not, since SDKs judge their expiry by the machine's clock.

use crate::world::guard;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Mutex;

#[derive(Debug, Default)]
pub struct Clock {
    setting: Mutex<Setting>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Setting {
    offset: SignedDuration,
    frozen: Option<Timestamp>,
}

/// What `/_sim/clock` accepts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum ClockChange {
    /// Stop at this instant, or at the present one.
    Freeze { at: Option<Timestamp> },
    /// Move forward (a negative number moves back); works frozen or running.
    Advance { seconds: i64 },
    /// Run, this many seconds away from real time.
    Offset { seconds: i64 },
    /// Run at real time.
    Reset,
}

impl Clock {
    pub fn now(&self) -> Timestamp {
        now_of(&guard(&self.setting))
    }

    pub fn change(&self, change: &ClockChange) -> Timestamp {
        let mut setting = guard(&self.setting);
        match change {
            ClockChange::Freeze { at } => setting.frozen = Some(at.unwrap_or_else(|| now_of(&setting))),
            ClockChange::Advance { seconds } => {
                let step = SignedDuration::from_secs(*seconds);
                match setting.frozen {
                    Some(at) => setting.frozen = Some(at.saturating_add(step).unwrap_or(at)),
                    None => setting.offset = setting.offset.saturating_add(step),
                }
            }
            ClockChange::Offset { seconds } => {
                *setting = Setting { offset: SignedDuration::from_secs(*seconds), frozen: None };
            }
            ClockChange::Reset => *setting = Setting::default(),
        }
        now_of(&setting)
    }
}

fn now_of(setting: &Setting) -> Timestamp {
    setting.frozen.unwrap_or_else(|| {
        let real = Timestamp::now();
        real.saturating_add(setting.offset).unwrap_or(real)
    })
}
