//! Rules about event data stores of CloudTrail Lake.

use super::Rule;

pub const RULES: &[Rule] = &[];
