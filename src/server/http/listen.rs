//! Listening, and the limits that every server of the store has.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, KeepAlive};
use actix_server::ServerBuilder;
use actix_service::{ServiceFactoryExt as _, fn_service, map_config};
use actix_web::App;
use actix_web::dev::{AppConfig, Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::rt::net::TcpStream;
use actix_web::web::{Data, ServiceConfig};

use super::connection::{self, Connection};
use super::shared::answer_memory::AnswerMemory;
use super::shared::token::ClusterToken;
use crate::console::failure::Failure;
use crate::server::host::Hold;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;

/// How long requests under way may take once the store is told to stop.
const DRAIN_SECONDS: u64 = 2;

/// A socket that listens; nobody is answered yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Takes an address for the service of that name.
///
/// # Errors
/// Names the address and what to do.
pub fn bind(label: &str, address: SocketAddr) -> Result<Listener, Failure> {
    let open = || -> io::Result<Listener> {
        let socket = TcpListener::bind(address)?;
        // The standard library's backlog is 128, which a burst of shoppers fills.
        rustix::net::listen(&socket, BACKLOG)?;
        // The connections inherit it.
        rustix::net::sockopt::set_socket_send_buffer_size(&socket, connection::SEND_BUFFER)?;
        let address = socket.local_addr()?;
        Ok(Listener { socket, address })
    };
    open().map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "the address is taken; stop what listens there, or give another address".to_owned()
            }
            _ => error.to_string(),
        };
        Failure::CouldNotRun(format!("{label} cannot listen on {address}: {why}"))
    })
}

/// How many workers and connections a server has.
#[derive(Debug, Clone, Copy)]
pub struct ServerSize {
    /// Threads, each with connections of its own.
    pub workers: usize,
    /// Connections at once, in all.
    pub connections: usize,
}

/// How a server works.
#[derive(Clone)]
pub struct ServerSettings {
    /// How much it can take on at a time.
    pub size: ServerSize,
    /// How long a connection may be idle between requests. Longer than a client or a balancer keeps it: whoever closes an
    /// idle connection first may do so in the moment in which a request is on its way.
    pub keep_alive: Duration,
    /// What holds its connections up.
    pub hold: Hold,
}

/// Starts to answer; the server runs until it is stopped.
///
/// # Errors
/// When the system gives no threads.
pub fn start(
    listener: Listener,
    settings: ServerSettings,
    secret: ClusterToken,
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Server> {
    let ServerSettings { size, keep_alive, hold } = settings;
    let secret = Data::new(secret);
    let server = ServerBuilder::new()
        .workers(size.workers)
        .worker_max_blocking_threads(1)
        .max_concurrent_connections((size.connections / size.workers).max(1))
        .shutdown_timeout(DRAIN_SECONDS)
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    let memory = Arc::new(AnswerMemory::default());
    let server = server.listen("http", listener.socket, move || {
        let (routes, stopping, hold) = (routes.clone(), stopping.clone(), hold.clone());
        let app = app(secret.clone(), move |config| routes(config));
        let services = map_config(app, |()| AppConfig::default());
        let http = HttpService::build()
            // These are the connection's own business.
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(Duration::ZERO)
            .h1_write_buffer_size(connection::NEXT_PIECE)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(|connection: &Connection, data| {
                data.insert(connection.exchange().clone());
            })
            .h1(connection::around(services, memory.clone()));
        let memory = memory.clone();
        fn_service(move |stream: TcpStream| {
            let (memory, hold) = (memory.clone(), hold.clone());
            async move {
                stream.set_nodelay(true)?;
                let address = stream.peer_addr().ok();
                Ok((Connection::new(stream, keep_alive, memory, hold), address))
            }
        })
        .and_then(http)
    })?;
    Ok(server.run())
}

/// One worker's application. The routes say what is told where there is none.
pub fn app(
    secret: Data<ClusterToken>,
    routes: impl FnOnce(&mut ServiceConfig),
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    App::new().app_data(secret).configure(routes)
}
