//! Rules about which events a trail records.

use super::Rule;

pub const RULES: &[Rule] = &[];
