//! The whole store: in one process (`up`), or as five (`serve`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU16, Ordering};

use super::process::{Process, toystore};
use super::{PATIENCE, eventually, http};

/// `toystore up` on free ports.
pub struct Up {
    pub process: Process,
    pub front_end: SocketAddr,
    pub catalog: SocketAddr,
    pub orders: BTreeMap<u8, SocketAddr>,
}

impl Up {
    /// Starts the store over a data directory and waits until orders can be placed.
    pub fn start(data: &Path) -> Up {
        Up::start_with(data, &[])
    }

    /// As [`Up::start`], with further arguments.
    pub fn start_with(data: &Path, arguments: &[&str]) -> Up {
        let mut command = toystore(["up", "--free-ports", "--data"]);
        command.arg(data).args(arguments);
        Up::started(Process::start(command), &[1, 2, 3])
    }

    /// As [`Up::start`], for a store that has only these replicas.
    pub fn start_without(data: &Path, replicas: &[u8]) -> Up {
        let mut command = toystore(["up", "--free-ports", "--data"]);
        command.arg(data);
        Up::started(Process::start(command), replicas)
    }

    /// As [`Up::start`], from a command of one's own.
    pub fn from(command: Command) -> Up {
        Up::started(Process::start(command), &[1, 2, 3])
    }

    fn started(mut process: Process, replicas: &[u8]) -> Up {
        let front_end = process.address("front-end");
        let catalog = process.address("catalog");
        let orders = replicas.iter().map(|id| (*id, process.address(&format!("order-{id}")))).collect();
        process.line("ready line", |line| line == "ready");
        Up { process, front_end, catalog, orders }
    }

    /// Waits until these replicas are in sync.
    pub fn in_sync(&self, replicas: &[u8]) {
        in_sync(self.front_end, replicas);
        let addresses: Vec<_> = replicas.iter().filter_map(|id| Some((*id, *self.orders.get(id)?))).collect();
        eventually(PATIENCE, "the view names the runs", || {
            runs_in_sync(addresses.iter().copied(), None).then_some(())
        });
    }
}

/// A configuration for `up` with a catalog of its own.
pub fn with_catalog(directory: &Path, catalog: &str) -> PathBuf {
    let local = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/local.toml");
    let config = directory.join("store.toml");
    std::fs::copy(local, &config).expect("the configuration is copied");
    std::fs::write(directory.join("catalog.csv"), catalog).expect("the catalog is written");
    config
}

/// One of the five processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    FrontEnd,
    Catalog,
    Order(u8),
}

impl Service {
    /// All of them, as the tests' configuration lists them.
    pub const ALL: [Service; 5] =
        [Service::FrontEnd, Service::Catalog, Service::Order(1), Service::Order(2), Service::Order(3)];

    /// How `serve` prints it.
    pub fn label(self) -> String {
        match self {
            Service::FrontEnd => "front-end".into(),
            Service::Catalog => "catalog".into(),
            Service::Order(id) => format!("order-{id}"),
        }
    }
}

/// Five processes on one machine, from one configuration file of their own.
pub struct Cluster {
    pub config: PathBuf,
    pub data: PathBuf,
    pub addresses: BTreeMap<Service, SocketAddr>,
    pub running: BTreeMap<Service, Process>,
    token: Option<String>,
}

impl Cluster {
    /// Writes the configuration into `dir` and starts nothing yet; the data goes to `dir/data`.
    pub fn new(dir: &Path) -> Cluster {
        Cluster::with_settings(dir, "")
    }

    /// As [`Cluster::new`]; `settings` is put at the start of the file, before the services.
    pub fn with_settings(dir: &Path, settings: &str) -> Cluster {
        let addresses: BTreeMap<_, _> = Service::ALL.into_iter().zip(free_addresses(5)).collect();
        let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
        let mut text = format!("data = \"data\"\n{settings}\n");
        for (service, address) in &addresses {
            let lines = match service {
                Service::FrontEnd => format!("[[front_end]]\nid = 1\naddress = \"{address}\"\n"),
                Service::Catalog => format!(
                    "[catalog]\naddress = \"{address}\"\nproducts = {:?}\n",
                    configs.join("catalog.csv").display().to_string()
                ),
                Service::Order(id) => format!("[[order]]\nid = {id}\naddress = \"{address}\"\n"),
            };
            writeln!(text, "{lines}").expect("writing to a string");
        }
        let config = dir.join("cluster.toml");
        std::fs::write(&config, text).expect("the test's directory is writable");
        let token = settings.split_once("token = \"").and_then(|(_, rest)| rest.split_once('"'));
        let token = token.map(|(token, _)| token.to_owned());
        Cluster { config, data: dir.join("data"), addresses, running: BTreeMap::new(), token }
    }

    /// The front-end's address.
    pub fn front_end(&self) -> SocketAddr {
        self.addresses[&Service::FrontEnd]
    }

    /// Starts all five and waits until orders can be placed.
    pub fn start_all(&mut self) {
        for service in Service::ALL {
            self.start(service);
        }
        self.ready();
    }

    /// Starts one process and waits until it listens.
    pub fn start(&mut self, service: Service) {
        self.start_with(service, &[]);
    }

    /// As [`Cluster::start`], with further arguments.
    pub fn start_with(&mut self, service: Service, arguments: &[&str]) {
        let mut command = toystore(["serve"]);
        match service {
            Service::FrontEnd => command.arg("front-end"),
            Service::Catalog => command.arg("catalog"),
            Service::Order(id) => command.args(["order", "--id", &id.to_string()]),
        };
        command.arg("--config").arg(&self.config).args(arguments);
        let mut process = Process::start(command);
        assert_eq!(process.address(&service.label()), self.addresses[&service]);
        self.running.insert(service, process);
    }

    /// `kill -9`.
    pub fn kill(&mut self, service: Service) {
        self.running.remove(&service).unwrap_or_else(|| panic!("{service:?} is not running")).kill();
    }

    /// A running process.
    pub fn process(&mut self, service: Service) -> &mut Process {
        self.running.get_mut(&service).unwrap_or_else(|| panic!("{service:?} is not running"))
    }

    /// Waits until orders can be placed.
    pub fn ready(&self) {
        eventually(PATIENCE, "the store is ready", || {
            http::get(self.front_end(), "/readyz").ok().filter(|answer| answer.status == 200)
        });
    }

    /// Who leads, as the front-end says; `None` while it does not know.
    pub fn leader(&self) -> Option<Service> {
        let answer = http::get(self.front_end(), "/leader").ok()?;
        let leader = answer.json()["data"]["leader"].as_u64()?;
        Some(Service::Order(u8::try_from(leader).expect("replica ids are small")))
    }

    /// The replicas that are in sync, as the front-end says.
    pub fn in_sync(&self) -> Vec<u8> {
        let Ok(answer) = http::get(self.front_end(), "/leader") else { return Vec::new() };
        let ids = answer.json()["data"]["in_sync"].as_array().cloned().unwrap_or_default();
        ids.iter().filter_map(|id| id.as_u64().and_then(|id| u8::try_from(id).ok())).collect()
    }

    /// Waits until all three replicas are in sync: the processes that run now, not those of before.
    pub fn all_in_sync(&self) {
        let replicas = [1, 2, 3].map(|id| (id, self.addresses[&Service::Order(id)]));
        eventually(PATIENCE, "all replicas are in sync", || {
            (self.in_sync() == [1, 2, 3] && runs_in_sync(replicas, self.token.as_deref())).then_some(())
        });
    }

    /// Asks all processes to stop, and waits until they have; the front-end first, so that nothing is
    /// under way when the others go.
    pub fn terminate_all(&mut self) {
        for (service, mut process) in std::mem::take(&mut self.running) {
            assert!(process.terminate().success(), "{service:?} did not stop well");
        }
    }
}

/// Whether the view that each of these replicas follows names its very run.
pub fn runs_in_sync(replicas: impl IntoIterator<Item = (u8, SocketAddr)>, token: Option<&str>) -> bool {
    replicas.into_iter().all(|(id, address)| {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = bearer.iter().map(|bearer| ("Authorization", bearer.as_str())).collect();
        let status = http::request(address, "GET", "/status", &headers, b"");
        let status = status.ok().filter(|answer| answer.status == 200);
        status.is_some_and(|answer| {
            let status = answer.data();
            status["run"].is_string() && status["view"]["in_sync"][id.to_string()] == status["run"]
        })
    })
}

/// Waits until these replicas are in sync.
fn in_sync(front_end: SocketAddr, replicas: &[u8]) {
    eventually(PATIENCE, &format!("{replicas:?} are in sync"), || {
        let view = http::get(front_end, "/leader").ok()?.data();
        (view["in_sync"] == serde_json::json!(replicas)).then_some(())
    });
}

/// Loopback addresses that nobody listens on. They lie below the ports that the system gives to outgoing
/// connections, so that a killed service finds its own port free when it comes back.
pub fn free_addresses(count: usize) -> Vec<SocketAddr> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(process::id() % 2_000).expect("below 2,000") * 10;
    let candidates = std::iter::repeat_with(|| {
        let port = 10_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        SocketAddr::from(([127, 0, 0, 1], port))
    });
    candidates.take(20_000).filter(|address| TcpListener::bind(address).is_ok()).take(count).collect()
}
