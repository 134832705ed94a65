//! The store: as five processes, or all in one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;
use serde_json::Value;

use super::{START, ask, listens};
use crate::load::raw::{Kind, Target};
use crate::load::wire::Wire;
use crate::process::{Process, User, finish};
use crate::{ports, stop};

/// Pieces of each product at the start: the most that the store takes, so that nothing sells out.
pub const STOCK: u64 = 1_000_000_000;

/// What is sold: the product of the cached queries first, the others numbered.
pub fn product_names(count: usize) -> Vec<String> {
    let numbered = (1..count).map(|number| format!("Toy {number}"));
    std::iter::once("Tux".to_owned()).chain(numbered).collect()
}

/// Builds the store's binary and says where it is.
///
/// # Errors
/// When it does not build.
pub fn build() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the repository")?;
    let mut command = Command::new("cargo");
    command.args(["build", "--release", "--quiet", "--bin", "toystore", "--manifest-path"]);
    command.arg(root.join("Cargo.toml"));
    // Where this crate was built says nothing about where the store is.
    command.args(["--target-dir"]).arg(root.join("target"));
    finish(command).context("the store does not build")?;
    Ok(root.join("target/release/toystore"))
}

/// How the store runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `toystore serve`, five times.
    Five,
    /// `toystore up`.
    Up,
}

impl Shape {
    /// As tables name it.
    pub fn label(self) -> &'static str {
        match self {
            Shape::Five => "toystore, five processes",
            Shape::Up => "toystore up",
        }
    }
}

/// One process of the five, or the one of `up`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// The shoppers' door.
    FrontEnd,
    /// The stock.
    Catalog,
    /// A replica of the order book.
    Order(u8),
    /// All of them.
    Whole,
}

const FIVE: [Service; 5] =
    [Service::Catalog, Service::Order(1), Service::Order(2), Service::Order(3), Service::FrontEnd];

impl Service {
    /// As tables and logs name it.
    pub fn label(self) -> String {
        match self {
            Service::FrontEnd => "front-end".into(),
            Service::Catalog => "catalog".into(),
            Service::Order(id) => format!("order-{id}"),
            Service::Whole => "up".into(),
        }
    }
}

/// A running store.
#[derive(Debug)]
pub struct Store {
    binary: PathBuf,
    dir: PathBuf,
    front_end: SocketAddr,
    running: BTreeMap<Service, Process>,
}

impl Store {
    /// Starts a store in an empty directory of its own and waits until orders can be placed.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(binary: &Path, dir: &Path, shape: Shape, products: &[String]) -> Result<Store> {
        std::fs::create_dir_all(dir)?;
        let mut catalog = String::from("name,price,quantity\n");
        for name in products {
            writeln!(catalog, "{name},15.99,{STOCK}")?;
        }
        std::fs::write(dir.join("catalog.csv"), catalog)?;
        let addresses = ports::free::<5>()?;
        let [front_end, stock, orders @ ..] = addresses;
        // Nothing else is set: the store runs as whoever downloads it runs it.
        let mut config = format!(
            "data = \"data\"\n[[front_end]]\nid = 1\naddress = \"{front_end}\"\n[catalog]\naddress = \"{stock}\"\n\
             products = \"catalog.csv\"\n"
        );
        for (id, address) in (1..).zip(orders) {
            writeln!(config, "[[order]]\nid = {id}\naddress = \"{address}\"")?;
        }
        std::fs::write(dir.join("store.toml"), config)?;
        let mut store =
            Store { binary: binary.to_owned(), dir: dir.to_owned(), front_end, running: BTreeMap::new() };
        let services: &[Service] = if shape == Shape::Five { &FIVE } else { &[Service::Whole] };
        for service in services {
            store.restart(*service)?;
        }
        store.ready()?;
        Ok(store)
    }

    /// Starts one process.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn restart(&mut self, service: Service) -> Result<()> {
        let log = self.dir.join(format!("{}.log", service.label()));
        let config = self.dir.join("store.toml");
        let process = Process::start(&self.binary, User::Caller, &log, Signal::KILL, |command| {
            for (name, _) in std::env::vars_os() {
                if name.to_string_lossy().starts_with("TOYSTORE_") {
                    command.env_remove(name);
                }
            }
            match service {
                Service::Whole => command.arg("up"),
                Service::FrontEnd => command.args(["serve", "front-end"]),
                Service::Catalog => command.args(["serve", "catalog"]),
                Service::Order(id) => command.args(["serve", "order", "--id", &id.to_string()]),
            };
            command.arg("--config").arg(config);
        })?;
        self.running.insert(service, process);
        Ok(())
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self, service: Service) -> Result<()> {
        let mut process = self.running.remove(&service).with_context(|| service.label())?;
        process.kill();
        Ok(())
    }

    /// Waits until orders can be placed and all three replicas are in sync.
    ///
    /// # Errors
    /// When they are not in time, or a process has ended.
    pub fn ready(&mut self) -> Result<()> {
        stop::eventually("the store is ready", START, || {
            self.check()?;
            Ok((listens(self.front_end)
                && ask(self.front_end, "GET", "/readyz", "").is_ok()
                && self.in_sync()? == [1, 2, 3])
            .then_some(()))
        })
    }

    /// # Errors
    /// When a process has ended.
    pub fn check(&mut self) -> Result<()> {
        self.running.values_mut().try_for_each(Process::check)
    }

    /// The replicas in sync, as the front-end says; none while it does not know.
    ///
    /// # Errors
    /// When the answer cannot be understood.
    pub fn in_sync(&self) -> Result<Vec<u64>> {
        let Some(view) = self.view()? else { return Ok(Vec::new()) };
        let ids = view["in_sync"].as_array().context("in_sync")?;
        Ok(ids.iter().filter_map(Value::as_u64).collect())
    }

    /// Who leads; `None` while the front-end does not know.
    ///
    /// # Errors
    /// When the answer cannot be understood.
    pub fn leader(&self) -> Result<Option<Service>> {
        let Some(view) = self.view()? else { return Ok(None) };
        let id = view["leader"].as_u64().context("leader")?;
        Ok(Some(Service::Order(u8::try_from(id)?)))
    }

    fn view(&self) -> Result<Option<Value>> {
        let Ok(body) = ask(self.front_end, "GET", "/leader", "") else { return Ok(None) };
        let mut answer: Value = serde_json::from_str(&body)?;
        Ok(Some(answer["data"].take()))
    }

    /// What it answers to a query.
    ///
    /// # Errors
    /// When it does not.
    pub fn query(&self, name: &str) -> Result<String> {
        ask(self.front_end, "GET", &product_path(name), "")
    }

    /// Queries of these products, drawn evenly.
    pub fn queries(&self, names: &[String]) -> Target {
        self.target(vec![Kind { weight: 1, requests: self.query_requests(names) }])
    }

    /// Orders of one piece of these products, drawn evenly.
    pub fn orders(&self, names: &[String]) -> Target {
        self.target(vec![Kind { weight: 1, requests: self.order_requests(names) }])
    }

    /// Queries, and so many orders in a hundred requests.
    pub fn mixed(&self, names: &[String], orders: u32) -> Target {
        self.target(vec![
            Kind { weight: 100 - orders, requests: self.query_requests(names) },
            Kind { weight: orders, requests: self.order_requests(names) },
        ])
    }

    fn target(&self, kinds: Vec<Kind>) -> Target {
        Target { address: self.front_end, wire: Wire::Http, kinds }
    }

    fn query_requests(&self, names: &[String]) -> Vec<Vec<u8>> {
        names.iter().map(|name| get_request(self.front_end, &product_path(name))).collect()
    }

    fn order_requests(&self, names: &[String]) -> Vec<Vec<u8>> {
        let request = |name| {
            let body = format!(r#"{{"name":"{name}","quantity":1}}"#);
            let (host, length) = (self.front_end, body.len());
            let head = "Content-Type: application/json\r\nContent-Length";
            format!("POST /orders HTTP/1.1\r\nHost: {host}\r\n{head}: {length}\r\n\r\n{body}").into_bytes()
        };
        names.iter().map(request).collect()
    }

    /// Resident memory in KiB of each process: now, and at its highest.
    pub fn resident_kib(&self) -> Vec<(Service, u64, u64)> {
        let running = self.running.iter();
        running
            .filter_map(|(service, process)| process.resident_kib().map(|(now, most)| (*service, now, most)))
            .collect()
    }

    /// How long one process may take to catch up: generous.
    pub const CATCH_UP: Duration = Duration::from_secs(300);
}

/// A path with the spaces of the names escaped; they have nothing else to escape.
pub fn product_path(name: &str) -> String {
    format!("/products/{}", name.replace(' ', "%20"))
}

/// A GET that keeps the connection.
pub fn get_request(host: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes()
}
