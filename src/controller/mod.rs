//! Kubernetes glue: watches, references, finalizers, status and events. What is to be done is decided elsewhere.
//!
//! One controller per kind in one process; all share one engine, one set of AWS limits and one set of verified accounts.

mod admin;
mod attribution;
mod aws_account;
mod compliance_policy;
mod context;
mod coverage;
mod event_data_store;
mod gate;
mod heads;
mod index;
mod judging;
mod kind;
mod log_archive;
mod metrics;
mod publish;
mod reconcile;
mod reports;
mod sessions;
mod trail;
mod verification;
mod watches;

use crate::api::{AwsAccount, CompliancePolicy, EventDataStore, LogArchive, Trail};
use crate::report::open_reports::ReportKind;
use crate::rules::catalogue::Catalogue;
use anyhow::Context as _;
use context::Context;
use futures::StreamExt;
use index::Index;
use kube::core::DeserializeGuard;
use kube::runtime::controller::{self, Controller};
use kube::runtime::reflector::Store;
use kube::{Client, Resource};
use reconcile::reconcile;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use verification::Verifications;
use watches::Wakes;

/// How the operator runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where `/livez`, `/readyz` and `/metrics` are served.
    pub admin: SocketAddr,
    /// Tells the operators of several clusters apart in ownership tags.
    pub instance: String,
    /// What reports are written as, where a policy asks for them and the cluster has the kind.
    pub report_kind: ReportKind,
}

/// Objects of one kind that are reconciled at a time.
const CONCURRENCY: u16 = 16;

/// How long a stopping process waits for the steps in hand.
const LAST_ORDERS: Duration = Duration::from_secs(9);

/// Runs until SIGTERM or Ctrl-C, then finishes the steps in hand.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let client = Client::try_default().await.context("no Kubernetes API server: set KUBECONFIG, or run in a cluster")?;
    let (stop, stopping) = watch::channel(false);
    let (stores, writers) = index::stores();
    let (wakes, woken) = Wakes::channels();
    let (listed, all_listed) = watch::channel(0);
    let index = Index::new(stores, all_listed);
    let reports = reports::Found::look(&client, options.report_kind).await;
    let judging = (Catalogue::builtin()?, reports.clone());
    let verifications = Arc::new(Verifications::new(client.clone(), index.clone(), wakes.clone(), stopping.clone()));
    let around = (options.instance.clone(), stopping.clone());
    let context = Arc::new(Context::new(client.clone(), index.clone(), judging, verifications, around));

    watches::spawn(&client, writers, &index, &wakes, &listed);
    tokio::spawn(reports.follow(client.clone(), options.report_kind, wakes, index.clone()));
    let admin = tokio::spawn(admin::serve(options.admin, index.clone(), metrics::registry(index.clone(), &context)));
    let controllers = tokio::spawn(async move {
        tokio::join!(
            drive::<AwsAccount>(index.accounts.clone(), woken.accounts, context.clone(), stopping.clone()),
            drive::<LogArchive>(index.archives.clone(), woken.archives, context.clone(), stopping.clone()),
            drive::<EventDataStore>(index.stores.clone(), woken.stores, context.clone(), stopping.clone()),
            drive::<Trail>(index.trails.clone(), woken.trails, context.clone(), stopping.clone()),
            drive::<CompliancePolicy>(index.policies.clone(), woken.policies, context.clone(), stopping.clone()),
        );
    });
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "trailkeeper is running");

    tokio::select! {
        () = stop_signal() => tracing::info!("stopping: finishing the steps in hand"),
        ended = admin => return ended.context("the admin server ended")?.context("the admin server ended"),
    }
    stop.send_replace(true);
    if tokio::time::timeout(LAST_ORDERS, controllers).await.is_err() {
        tracing::warn!("some steps did not finish in {LAST_ORDERS:?}; every step may be repeated");
    }
    Ok(())
}

async fn drive<K: kind::Kind>(
    store: Store<DeserializeGuard<K>>,
    woken: watches::Woken<K>,
    context: Arc<Context>,
    mut stopping: watch::Receiver<bool>,
) where
    DeserializeGuard<K>: Resource<DynamicType = ()>,
{
    // Every trigger comes through `woken`, after the store has it.
    Controller::for_stream(futures::stream::pending(), store)
        .with_config(controller::Config::default().concurrency(CONCURRENCY))
        .reconcile_on(woken)
        .graceful_shutdown_on(async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        })
        .run(reconcile::<K>, |object, error, _| reconcile::after_error(&object, error), context)
        .for_each(|result| async {
            if let Err(controller::Error::QueueError(error)) = result {
                tracing::error!(%error, "watching failed");
            }
        })
        .await;
}

async fn stop_signal() {
    let interrupted = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! { _ = interrupted => {}, _ = terminated.recv() => {} }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be caught");
            let _ = interrupted.await;
        }
    }
}
