//! Rules about whether what a trail records arrives: in S3, in CloudWatch Logs, at its topic.

use super::Rule;

pub const RULES: &[Rule] = &[];
