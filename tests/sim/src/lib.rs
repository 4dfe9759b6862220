//! The simulated AWS: CloudTrail as AWS documents it, Organizations and the rules of STS and S3 that moto lacks,
//! and every other service forwarded to a moto server. For tests and the demo only; the operator never depends on it.

pub mod account;
mod athena;
pub mod aws_error;
pub mod backend;
pub mod bucket_configurations;
pub mod cbor;
pub mod clock;
pub mod cloudtrail;
pub mod control;
pub mod delivery;
pub mod enforcement;
pub mod eventbridge;
mod events;
pub mod faults;
pub mod filter_pattern;
pub mod front;
pub mod identity;
pub mod kms;
pub mod logs;
pub mod metric_filters;
pub mod monitoring;
pub mod moto;
pub mod operation;
pub mod organizations;
pub mod policy;
pub mod rates;
pub mod record;
pub mod s3;
pub mod server;
pub mod sigv4;
pub mod sns;
pub mod sts;
pub mod wire;
pub mod world;

pub use server::Server;
