//! The admin server: is the process alive, and has it seen the cluster.

use super::index::Index;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use std::net::SocketAddr;

pub async fn serve(address: SocketAddr, index: Index) -> std::io::Result<()> {
    let routes = Router::new().route("/livez", get(|| async { "ok" })).route("/readyz", get(ready)).with_state(index);
    let listener = tokio::net::TcpListener::bind(address).await?;
    tracing::info!(address = %listener.local_addr()?, "admin server");
    axum::serve(listener, routes).await
}

/// Ready once every kind has been listed.
async fn ready(State(index): State<Index>) -> (StatusCode, &'static str) {
    if index.is_ready() { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "the cluster has not been listed yet") }
}
