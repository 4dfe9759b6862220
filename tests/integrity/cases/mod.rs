//! The corpus: attacks and accidents, each with what is done, what `trailkeeper verify` must say, and what
//! `aws cloudtrail validate-logs` says.

pub mod changed;
pub mod forged;
pub mod history;
pub mod limits;
pub mod removed;

use crate::corpus::Case;

/// All cases, under the headings that they have in the documentation.
pub const ALL: [(&str, &[Case]); 5] = [
    ("Removed, or not to be read", removed::CASES),
    ("Changed, or moved", changed::CASES),
    ("Forged", forged::CASES),
    ("What happens to trails, and what hides behind it", history::CASES),
    ("What a look at the archive alone can't see", limits::CASES),
];
