//! Rules about organization trails and whom they cover.

use super::Rule;

pub const RULES: &[Rule] = &[];
