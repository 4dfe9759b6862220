//! Rules about metric filters, alarms, and who hears them.

use super::Rule;

pub const RULES: &[Rule] = &[];
