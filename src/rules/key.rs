//! Rules about the key that log files are encrypted with.

use super::Rule;

pub const RULES: &[Rule] = &[];
