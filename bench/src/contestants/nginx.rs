//! nginx: the bytes in a `return`.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use rustix::process::Signal;

use super::store::{get_request, product_path};
use super::{START, listens};
use crate::load::raw::{Kind, Target};
use crate::load::wire::Wire;
use crate::process::{Process, User};
use crate::{ports, stop};

/// nginx with one location.
#[derive(Debug)]
pub struct Nginx {
    address: SocketAddr,
    _process: Process,
}

impl Nginx {
    /// Starts it with as many workers as there are cores, no log, and connections kept for ever.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(dir: &Path, body: &str) -> Result<Nginx> {
        std::fs::create_dir_all(dir)?;
        let [address] = ports::free::<1>()?;
        let config = dir.join("nginx.conf");
        let body = body.replace('\'', "\\'");
        let here = dir.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {here}/{kind};\n"))
            .collect();
        std::fs::write(
            &config,
            format!(
                "daemon off;\npid {here}/nginx.pid;\nerror_log {here}/error.log;\nworker_processes auto;\n\
                 events {{ worker_connections 4096; }}\n\
                 http {{\n{temporary}access_log off;\nkeepalive_requests 1000000000;\nkeepalive_timeout 300;\n\
                 server {{\nlisten {address} reuseport;\nlocation /products/ {{\ndefault_type application/json;\n\
                 return 200 '{body}';\n}}\n}}\n}}\n"
            ),
        )?;
        let log = dir.join("nginx.log");
        let mut process = Process::start("/usr/sbin/nginx", User::Caller, &log, Signal::TERM, |command| {
            command.arg("-e").arg(dir.join("error.log")).arg("-c").arg(&config);
        })?;
        stop::eventually("nginx listens", START, || {
            process.check()?;
            Ok(listens(address).then_some(()))
        })?;
        Ok(Nginx { address, _process: process })
    }

    /// Queries of that product.
    pub fn queries(&self, name: &str) -> Target {
        let requests = vec![get_request(self.address, &product_path(name))];
        Target { address: self.address, wire: Wire::Http, kinds: vec![Kind { weight: 1, requests }] }
    }
}
