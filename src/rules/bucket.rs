//! Rules about the bucket that log files rest in.

use super::Rule;

pub const RULES: &[Rule] = &[];
