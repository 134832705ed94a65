//! A bare actix-web handler: what a cache hit would cost if there were no store behind it.
//!
//! Same version, workers, socket options, headers and bytes as the store's front-end.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use actix_web::http::header::ContentType;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Result, bail};
use rustix::process::Signal;

use super::store::{get_request, product_path};
use super::{START, listens};
use crate::load::raw::{Kind, Target};
use crate::load::wire::Wire;
use crate::process::{Process, User};
use crate::{ports, stop};

/// As many as the store's front-end has.
const WORKERS: usize = 2;

/// What this binary runs when it is started as the handler.
///
/// # Errors
/// When it cannot listen.
pub fn serve(listen: SocketAddr, body: String) -> Result<()> {
    let body = Data::new(Bytes::from(body));
    let server = HttpServer::new(move || {
        App::new().app_data(body.clone()).service(web::resource("/products/{name}").get(answer))
    })
    .workers(WORKERS)
    .keep_alive(Duration::from_secs(30))
    .client_request_timeout(Duration::from_secs(5))
    .tcp_nodelay(true)
    .bind(listen)?
    .run();
    actix_web::rt::System::new().block_on(server)?;
    Ok(())
}

async fn answer(body: Data<Bytes>) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::json()).body(Bytes::clone(&body))
}

/// The handler in a process of its own.
#[derive(Debug)]
pub struct Bare {
    address: SocketAddr,
    _process: Process,
}

impl Bare {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(dir: &Path, body: &str) -> Result<Bare> {
        std::fs::create_dir_all(dir)?;
        let [address] = ports::free::<1>()?;
        let program = std::env::current_exe()?;
        let mut process =
            Process::start(program, User::Caller, &dir.join("bare.log"), Signal::KILL, |command| {
                command.args(["bare", &address.to_string(), body]);
            })?;
        stop::eventually("the bare handler listens", START, || {
            process.check()?;
            Ok(listens(address).then_some(()))
        })?;
        Ok(Bare { address, _process: process })
    }

    /// Queries of that product.
    pub fn queries(&self, name: &str) -> Target {
        let requests = vec![get_request(self.address, &product_path(name))];
        Target { address: self.address, wire: Wire::Http, kinds: vec![Kind { weight: 1, requests }] }
    }
}

/// The version of actix-web that a lock file names.
fn locked(lock: &str) -> Option<&str> {
    let (_, rest) = lock.split_once("name = \"actix-web\"\nversion = \"")?;
    rest.split_once('"').map(|(version, _)| version)
}

/// The version of actix-web, if this crate and the store have the same.
///
/// # Errors
/// When they differ, so that the comparison would not be one.
pub fn version() -> Result<&'static str> {
    let ours = locked(include_str!("../../Cargo.lock"));
    let theirs = locked(include_str!("../../../Cargo.lock"));
    match (ours, theirs) {
        (Some(ours), Some(theirs)) if ours == theirs => Ok(ours),
        _ => bail!("the store has actix-web {theirs:?} and bench/Cargo.lock {ours:?}; make them the same"),
    }
}
