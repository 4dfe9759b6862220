//! Digest chain verification: is the archive what CloudTrail delivered, whole and unchanged?
//!
//! | file | is for |
//! |---|---|
//! | `place` | what keys of objects say |
//! | `content` | gunzip and SHA-256 of an object, piece by piece |
//! | `digest`, `public_keys`, `proof` | one digest by itself |
//! | `chain` | the digests of one trail, account and Region together |
//! | `reader` | objects read, so many at a time |
//! | `area`, `unproven`, `ledger` | one account and Region: all of it |
//! | `archive` | all accounts and Regions |
//! | `fault`, `outcome` | what was found |
//! | `checkpoint` | where the next run begins |
//! | `merge` | what several processes found, together |
//!
//! It reads through `Evidence`, and knows neither S3 nor a disk, nor Kubernetes. It never writes.

pub mod archive;
mod area;
pub mod chain;
pub mod checkpoint;
pub mod content;
pub mod digest;
pub mod evidence;
pub mod fault;
mod ledger;
pub mod merge;
pub mod outcome;
pub mod place;
pub mod proof;
pub mod public_keys;
pub mod reader;
pub mod settings;
mod unproven;
