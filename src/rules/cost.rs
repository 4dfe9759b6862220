//! Rules about what is paid for twice.

use super::Rule;

pub const RULES: &[Rule] = &[];
