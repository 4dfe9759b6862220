//! Rules about an account as a whole.

use super::Rule;

pub const RULES: &[Rule] = &[];
