//! Rules about whether the archive still holds what CloudTrail delivered, by the verifications that the operator makes of it.

use super::case::ArchiveCase;
use super::finding::Verdict;
use super::{Judge, Judgement, Rule, must};
use serde::{Deserialize, Serialize};

pub const RULES: &[Rule] = &[Rule { id: "TK-BUCKET-029", judge: Judge::Archive(intact) }];

/// Name of the evidence.
pub const INTEGRITY: &str = "integrity";

/// What verifications came to: the condition `Intact` of a LogArchive with `spec.integrity`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrityEvidence {
    /// `None`: not everything could be read, or nothing yet.
    pub intact: Option<bool>,
    /// The same in words.
    pub message: String,
}

fn intact(case: &ArchiveCase) -> Judgement {
    let Some(evidence) = case.common.state::<IntegrityEvidence>(INTEGRITY)? else {
        return Err(Verdict::NotApplicable("the archive is not verified: spec.integrity".to_owned()));
    };
    match evidence.intact {
        Some(intact) => must(intact, || evidence.message),
        None => Err(Verdict::Unknown(evidence.message)),
    }
}
