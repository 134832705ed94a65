//! A store of five processes, the shops that visit it, and the audit when both are closed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::process::{Process, finish, toystore};
use crate::support::store::{Cluster, Service};
use crate::support::{PATIENCE, eventually, http};

/// How many clients shop at once.
const CLIENTS: &str = "20";

/// Toys that the tests order themselves.
const TOYS: [&str; 4] = ["Tux", "Fox", "Python", "Whale"];

/// One store at a time: five processes and a shop are enough for a small machine, and some tests measure.
static TURN: Mutex<()> = Mutex::new(());

/// A running store and all that was ever acknowledged in it.
pub struct AuditedStore {
    pub cluster: Cluster,
    directory: TempDir,
    histories: Vec<PathBuf>,
    /// Numbers of the orders that the test itself placed.
    ordered: RefCell<Vec<u64>>,
    keys: Cell<u32>,
    _turn: MutexGuard<'static, ()>,
}

impl AuditedStore {
    /// A store whose replicas are all in sync.
    pub fn open() -> AuditedStore {
        let mut store = AuditedStore::build();
        store.cluster.start_all();
        store.cluster.all_in_sync();
        store
    }

    /// A store of which nothing runs yet. What is sold out is restocked twice a second, so that orders go
    /// on for as long as a test takes, and some are refused for lack of stock.
    pub fn build() -> AuditedStore {
        // A test that failed says nothing about the next.
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let cluster = Cluster::new(directory.path());
        let config = fs::read_to_string(&cluster.config).expect("the harness wrote it");
        let restocking = config.replace("[catalog]\n", "[catalog]\nrestock_every_ms = 500\n");
        assert_ne!(config, restocking, "the harness writes another configuration than expected");
        fs::write(&cluster.config, restocking).expect("the test's directory is writable");
        let (ordered, keys) = (RefCell::default(), Cell::new(0));
        AuditedStore { cluster, directory, histories: Vec::new(), ordered, keys, _turn: turn }
    }

    /// Opens a shop; it goes on until it is closed.
    pub fn shop(&mut self) -> Shop {
        let history = self.directory.path().join(format!("history-{}.jsonl", self.histories.len()));
        self.histories.push(history.clone());
        let url = format!("http://{}", self.cluster.front_end());
        let mut command = toystore(["shop", "--clients", CLIENTS, "--rounds", "1000000", "--url", &url]);
        command.arg("--history").arg(history);
        Shop(Process::start(command))
    }

    /// Starts a service again and waits until all replicas are in sync.
    pub fn bring_back(&mut self, services: &[Service]) {
        for service in services {
            self.cluster.start(*service);
        }
        self.cluster.all_in_sync();
    }

    /// Who leads now.
    pub fn leader(&self) -> Service {
        eventually(PATIENCE, "there is a leader", || self.cluster.leader())
    }

    /// The replicas that do not lead now.
    pub fn followers(&self) -> Vec<Service> {
        let leader = self.leader();
        [1, 2, 3].map(Service::Order).into_iter().filter(|replica| *replica != leader).collect()
    }

    /// Places an order, repeating it under its key until it is acknowledged; says how long that took.
    pub fn order(&self) -> Duration {
        let started = Instant::now();
        let number = eventually(PATIENCE, "an order is acknowledged", || self.try_order());
        self.ordered.borrow_mut().push(number);
        started.elapsed()
    }

    fn try_order(&self) -> Option<u64> {
        let key = self.keys.get();
        let toy = TOYS[key as usize % TOYS.len()];
        let answer = http::order(self.cluster.front_end(), &format!("test-{key}"), toy, 1).ok()?;
        match answer.status {
            201 => self.keys.set(key + 1),
            // Sold out: nothing was ordered under this key, and the next toy may be there.
            409 => {
                self.keys.set(key + 1);
                return None;
            }
            503 | 408 => return None,
            other => panic!("an order was answered {other}: {}", answer.text()),
        }
        answer.data()["order_number"].as_u64()
    }

    /// What a replica says about itself.
    pub fn status(&self, replica: Service) -> Option<Value> {
        let answer = http::get(self.cluster.addresses[&replica], "/status").ok()?;
        (answer.status == 200).then(|| answer.data())
    }

    /// The front-end's epoch.
    pub fn epoch(&self) -> u64 {
        eventually(PATIENCE, "the front-end tells the epoch", || {
            http::get(self.cluster.front_end(), "/leader").ok()?.data()["epoch"].as_u64()
        })
    }

    /// Stops the store and audits it: the three books agree, what was sold is what was ordered, and the
    /// orders in the book are exactly those that were acknowledged to somebody, numbered from 1 without
    /// gap or reuse. (A shop that ended well knows the outcome of every order that it placed.)
    pub fn close(mut self) {
        self.cluster.all_in_sync();
        self.cluster.terminate_all();
        let mut command = toystore(["inspect"]);
        command.arg(&self.cluster.data);
        let inspected = finish(command);
        assert_eq!(inspected.status, 0, "{}\n{}", inspected.stdout, inspected.stderr);
        let in_book = inspected
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("order-1")?.split_whitespace().next()?.parse::<u64>().ok());
        let acknowledged = self.acknowledged();
        eprintln!("{} orders", acknowledged.len());
        let all = (1..=in_book.expect("inspect tells how many orders there are")).collect();
        let missing: Vec<_> = acknowledged.difference(&all).collect();
        let unheard: Vec<_> = all.difference(&acknowledged).collect();
        assert!(missing.is_empty(), "acknowledged, but not in the book: {missing:?}");
        assert!(unheard.is_empty(), "in the book, but acknowledged to nobody: {unheard:?}");
    }

    fn acknowledged(&self) -> BTreeSet<u64> {
        let histories = self.histories.iter().map(|path| fs::read_to_string(path).expect("a history"));
        let placed: Vec<u64> = histories.flat_map(|history| placed(&history)).collect();
        let mut numbers = BTreeSet::new();
        for number in self.ordered.take().into_iter().chain(placed) {
            assert!(numbers.insert(number), "order number {number} was given twice");
        }
        numbers
    }
}

/// The numbers of all orders that a history says were acknowledged.
fn placed(history: &str) -> Vec<u64> {
    let operations = history.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"));
    operations
        .filter(|operation: &Value| operation["kind"] == "order")
        .filter_map(|operation| operation["outcome"]["placed"].as_u64())
        .collect()
}

/// A running `toystore shop`.
pub struct Shop(Process);

impl Shop {
    /// Ends the shopping and waits for the check of every order; nothing may be wrong.
    pub fn close(mut self) {
        assert!(self.0.exited().is_none(), "the shop closed by itself:\n{}", self.0.output());
        self.0.signal(Signal::INT);
        let status = self.0.wait(3 * PATIENCE);
        assert!(status.success(), "{status}\n{}\n{}", self.0.output(), self.0.complaints());
    }
}
