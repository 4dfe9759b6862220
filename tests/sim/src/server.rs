//! Listens, and hands each request to the control endpoint or to the front. Serves connections itself rather than
//! through `axum::serve`, since a cut connection must end without an answer.

use crate::backend::Backend;
use crate::front::{self, CutConnection};
use crate::world::{Shared, World};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// Larger than any request of a test; a limit only so that a mistake does not eat the machine.
const MAX_BODY: usize = 256 * 1024 * 1024;

/// A running simulation; it stops when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    world: Shared,
    tasks: [JoinHandle<()>; 3],
}

impl Server {
    /// Listens on `listen` (port 0 picks a free one) before it returns, so a client may connect at once.
    pub async fn start(listen: SocketAddr, moto_url: &str) -> anyhow::Result<Self> {
        let world = World::new(Backend::new(moto_url)?);
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let tasks = [
            tokio::spawn(accept(listener, world.clone())),
            tokio::spawn(crate::delivery::run(world.clone())),
            tokio::spawn(crate::eventbridge::run(world.clone())),
        ];
        Ok(Self { address, world, tasks })
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// For tests in the same process.
    pub fn world(&self) -> &Shared {
        &self.world
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn accept(listener: TcpListener, world: Shared) {
    let control = crate::control::server::router(world.clone());
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::spawn(serve(stream, peer, world.clone(), control.clone()));
            }
            Err(error) => {
                // Out of file descriptors, most likely: others must close theirs before it is worth trying again.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, world: Shared, control: Router) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY not set");
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let (world, control) = (world.clone(), control.clone());
        async move {
            let response = respond(request, peer, &world, control).await;
            if response.extensions().get::<CutConnection>().is_some() { Err("the connection is cut by a fault rule") } else { Ok(response) }
        }
    });
    let served = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = served {
        tracing::debug!(%error, %peer, "connection ended");
    }
}

async fn respond(request: Request<Incoming>, peer: SocketAddr, world: &Shared, control: Router) -> Response {
    if request.uri().path().starts_with(crate::control::PREFIX) {
        return match control.oneshot(request.map(Body::new)).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
    }
    let (parts, body) = request.into_parts();
    match to_bytes(Body::new(body), MAX_BODY).await {
        Ok(body) => front::answer(world, parts, body, peer.ip()).await,
        Err(error) => (StatusCode::BAD_REQUEST, format!("the request's body could not be read: {error}")).into_response(),
    }
}
