//! etcd: three nodes.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::process::Signal;
use serde_json::Value;

use super::{START, ask};
use crate::process::{Process, User};
use crate::{ports, stop};

/// A cluster of three, each with its default durability: every entry synced on a majority.
#[derive(Debug)]
pub struct Etcd {
    clients: [SocketAddr; 3],
    _processes: Vec<Process>,
}

impl Etcd {
    /// Starts it and waits for a leader.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(dir: &Path) -> Result<Etcd> {
        std::fs::create_dir_all(dir)?;
        let clients = ports::free::<3>()?;
        let peers = ports::free::<3>()?;
        let members = (1..).zip(&peers).map(|(id, peer)| format!("n{id}=http://{peer}"));
        let members = members.collect::<Vec<_>>().join(",");
        let mut processes = Vec::new();
        for (id, (client, peer)) in (1..).zip(clients.iter().zip(&peers)) {
            let name = format!("n{id}");
            let (client, peer) = (format!("http://{client}"), format!("http://{peer}"));
            let log = dir.join(format!("{name}.log"));
            processes.push(Process::start("/usr/bin/etcd", User::Caller, &log, Signal::KILL, |command| {
                command.args(["--name", &name, "--data-dir"]).arg(dir.join(&name));
                command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
                command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
                command.args(["--initial-cluster", &members, "--initial-cluster-state", "new"]);
                // Room for every put of the run; by default it stops at 2 GiB.
                command.args(["--quota-backend-bytes", "8589934592", "--log-level", "error"]);
            })?);
        }
        let etcd = Etcd { clients, _processes: processes };
        stop::eventually("etcd has a leader", START, || etcd.leader())?;
        Ok(etcd)
    }

    /// Where the leader takes clients.
    ///
    /// # Errors
    /// When an answer cannot be understood.
    pub fn leader(&self) -> Result<Option<SocketAddr>> {
        for client in &self.clients {
            let Ok(body) = ask(*client, "POST", "/v3/maintenance/status", "{}") else { return Ok(None) };
            let status: Value = serde_json::from_str(&body)?;
            let member = status["header"]["member_id"].as_str().context("member_id")?;
            if status["leader"].as_str() == Some(member) {
                return Ok(Some(*client));
            }
        }
        Ok(None)
    }

    /// Where all nodes take clients.
    pub fn clients(&self) -> &[SocketAddr] {
        &self.clients
    }
}
