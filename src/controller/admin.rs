//! The admin server: is the process alive, has it seen the cluster, and what is there to measure.

use super::index::Index;
use super::metrics::{MEDIA_TYPE, text};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::registry::Registry;
use std::net::SocketAddr;
use std::sync::Arc;

pub async fn serve(address: SocketAddr, index: Index, registry: Registry) -> std::io::Result<()> {
    let health = Router::new().route("/livez", get(|| async { "ok" })).route("/readyz", get(ready)).with_state(index);
    let metrics = Router::new().route("/metrics", get(metrics)).with_state(Arc::new(registry));
    let listener = tokio::net::TcpListener::bind(address).await?;
    tracing::info!(address = %listener.local_addr()?, "admin server");
    axum::serve(listener, health.merge(metrics)).await
}

/// Ready once every kind has been listed.
async fn ready(State(index): State<Index>) -> (StatusCode, &'static str) {
    if index.is_ready() { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "the cluster has not been listed yet") }
}

async fn metrics(State(registry): State<Arc<Registry>>) -> Response {
    match text(&registry) {
        Ok(text) => ([(CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
