//! `run`: the operator.

use super::instance;
use crate::controller::{self, Options};
use crate::report::open_reports::ReportKind;
use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use std::net::SocketAddr;
use tracing_subscriber::EnvFilter;

/// Run the operator until SIGTERM: reconcile every AwsAccount, LogArchive, Trail, EventDataStore and CompliancePolicy of the cluster.
#[derive(Args)]
pub(super) struct Run {
    /// Where /livez, /readyz and /metrics are served.
    #[arg(long, env = "TRAILKEEPER_ADMIN_ADDRESS", default_value = "0.0.0.0:8080", value_name = "ADDRESS")]
    admin_address: SocketAddr,
    /// First part of the ownership tag; give the operators of several clusters different ones.
    #[arg(long, env = "TRAILKEEPER_INSTANCE", default_value = "default", value_parser = instance)]
    instance: String,
    /// What reports are written as, where a CompliancePolicy asks for them: Report of openreports.io, or PolicyReport of wgpolicyk8s.io.
    #[arg(long, env = "TRAILKEEPER_REPORT_KIND", value_enum, default_value = "open-reports", value_name = "KIND")]
    report_kind: Reports,
    /// Form of the log. What is logged is set by RUST_LOG, for example `debug` or `trailkeeper=debug`.
    #[arg(long, env = "TRAILKEEPER_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, ValueEnum)]
enum Reports {
    OpenReports,
    PolicyReport,
}

impl From<Reports> for ReportKind {
    fn from(reports: Reports) -> Self {
        match reports {
            Reports::OpenReports => Self::OpenReports,
            Reports::PolicyReport => Self::PolicyReport,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

impl Run {
    pub(super) async fn run(self) -> Result<()> {
        let filter = EnvFilter::builder().with_default_directive(tracing::Level::INFO.into()).from_env_lossy();
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        let installed = match self.log_format {
            LogFormat::Text => log.try_init(),
            LogFormat::Json => log.json().try_init(),
        };
        installed.map_err(|error| anyhow!("the log cannot be set up: {error}"))?;
        controller::run(Options { admin: self.admin_address, instance: self.instance, report_kind: self.report_kind.into() }).await
    }
}
