//! A store that can be broken, and what was ever acknowledged in it.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::http::Response;
use crate::support::process::{finish, toystore};
use crate::support::store::Up;
use crate::support::{PATIENCE, eventually, http};

const TOYS: [&str; 4] = ["Tux", "Fox", "Python", "Whale"];

/// `toystore up --lab`, all replicas in sync.
pub struct Lab {
    pub up: Up,
    pub data: PathBuf,
    /// Keys and toys of what was ordered, and the numbers that were given.
    ordered: RefCell<Vec<(String, &'static str, u64)>>,
    keys: Cell<usize>,
    _directory: TempDir,
}

impl Lab {
    pub fn open() -> Lab {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = directory.path().join("data");
        let up = Up::start_with(&data, &["--lab"]);
        let (ordered, keys) = (RefCell::default(), Cell::new(0));
        let lab = Lab { up, data, ordered, keys, _directory: directory };
        lab.all_in_sync();
        lab
    }

    pub fn front_end(&self) -> SocketAddr {
        self.up.front_end
    }

    pub fn replica(&self, id: u64) -> SocketAddr {
        self.up.orders[&u8::try_from(id).expect("replica ids are small")]
    }

    /// Asks the lab for something.
    pub fn post(&self, path: &str, body: &str) -> Response {
        http::post(self.front_end(), path, body).expect("the lab answers")
    }

    /// Does something to a node, which must work.
    pub fn act(&self, node: &str, action: &str) {
        let answer = self.post(&format!("/lab/nodes/{node}/{action}"), "{}");
        assert_eq!(answer.status, 200, "{node} {action}: {}", answer.text());
    }

    /// Breaks a link, or mends it.
    pub fn link(&self, a: &str, b: &str, fault: &str) {
        self.link_with(&format!(r#"{{"a":"{a}","b":"{b}","fault":"{fault}"}}"#));
    }

    /// The same, as the lab takes it.
    pub fn link_with(&self, body: &str) {
        let answer = self.post("/lab/links", body);
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    }

    pub fn shoppers(&self, count: u32) {
        let answer = self.post("/lab/shoppers", &format!(r#"{{"count":{count},"buy_percent":100}}"#));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    pub fn heal(&self) {
        let answer = self.post("/lab/heal", "{}");
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    pub fn state(&self) -> Value {
        http::get(self.front_end(), "/lab/state").expect("the lab answers").data()
    }

    /// How a node is.
    pub fn node(&self, name: &str) -> Value {
        let state = self.state();
        let nodes = state["nodes"].as_array().expect("a list");
        nodes.iter().find(|node| node["node"] == name).expect("it is in the lab").clone()
    }

    /// How many orders of the shoppers were acknowledged.
    pub fn placed(&self) -> u64 {
        self.state()["shoppers"]["placed"].as_u64().expect("a number")
    }

    /// Waits until the shoppers have placed so many orders more.
    pub fn more_is_bought(&self, more: u64) {
        let before = self.placed();
        eventually(PATIENCE, "shoppers buy", || (self.placed() >= before + more).then_some(()));
    }

    /// The view, as the front-end tells it.
    pub fn view(&self) -> Value {
        http::get(self.front_end(), "/leader").expect("the front-end answers").data()
    }

    /// Who leads.
    pub fn leader(&self) -> u64 {
        eventually(PATIENCE, "somebody leads", || self.view()["leader"].as_u64())
    }

    /// Waits until another leads than this one.
    pub fn another_leads(&self, than: u64) -> u64 {
        eventually(PATIENCE, &format!("another leads than {than}"), || {
            self.view()["leader"].as_u64().filter(|leader| *leader != than)
        })
    }

    /// Waits until exactly these are in sync.
    pub fn in_sync_are(&self, ids: &[u64]) {
        eventually(PATIENCE, &format!("{ids:?} are in sync"), || {
            (self.view()["in_sync"] == serde_json::json!(ids)).then_some(())
        });
    }

    pub fn all_in_sync(&self) {
        self.up.in_sync(&[1, 2, 3]);
    }

    /// Places an order, asking again under its key until it is acknowledged; says how long that took.
    pub fn order(&self) -> Duration {
        let began = Instant::now();
        let number = eventually(PATIENCE, "an order is acknowledged", || self.try_order());
        let (key, toy) = self.next();
        self.ordered.borrow_mut().push((key, toy, number));
        self.keys.set(self.keys.get() + 1);
        began.elapsed()
    }

    fn next(&self) -> (String, &'static str) {
        let next = self.keys.get();
        (format!("lab-{next}"), TOYS[next % TOYS.len()])
    }

    fn try_order(&self) -> Option<u64> {
        let (key, toy) = self.next();
        let answer = http::order(self.front_end(), &key, toy, 1).ok()?;
        match answer.status {
            201 => answer.data()["order_number"].as_u64(),
            // Shoppers have bought it all: nothing was ordered, and another toy may be there.
            409 => {
                self.keys.set(self.keys.get() + 1);
                None
            }
            503 => None,
            other => panic!("an order was answered {other}: {}", answer.text()),
        }
    }

    /// Whether an order is refused because the store cannot tell now.
    pub fn cannot_order(&self) -> bool {
        http::order(self.front_end(), "lab-refused", "Tux", 1).is_ok_and(|answer| answer.status == 503)
    }

    /// Every order that was acknowledged is found, and keeps its number when it is asked for again; no two have one.
    pub fn audit(&self) {
        let ordered = self.ordered.borrow();
        for (key, toy, number) in &*ordered {
            let found = eventually(PATIENCE, &format!("order {number} is found"), || {
                let found = http::get(self.front_end(), &format!("/orders/{number}")).ok()?;
                assert_ne!(found.status, 404, "order {number} is lost");
                (found.status == 200).then(|| found.data())
            });
            assert_eq!(found["name"], *toy, "order {number}");
            let again = eventually(PATIENCE, "it is answered again", || {
                let again = http::order(self.front_end(), key, toy, 1).ok()?;
                (again.status == 201).then(|| again.data()["order_number"].as_u64())
            });
            assert_eq!(again, Some(*number), "{key} asked for again");
        }
        let mut numbers: Vec<_> = ordered.iter().map(|(_, _, number)| *number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), ordered.len(), "two orders have one number");
    }

    /// The verdict on all that was asked: that many orders were acknowledged, at least, and no promise is broken.
    fn judged_well(&self, acknowledged: u64) {
        eventually(PATIENCE, "all is judged", || {
            let verdict = self.verdict();
            for broken in ["lost", "doubled", "missing_numbers", "stock_off", "stale_reads"] {
                assert_eq!(verdict[broken], 0, "{verdict}");
            }
            assert_eq!(verdict["violations"], serde_json::json!([]), "{verdict}");
            (verdict["acknowledged"].as_u64() >= Some(acknowledged)).then_some(())
        });
    }

    /// Whether the store has kept what it promised, as far as that is known.
    pub fn verdict(&self) -> Value {
        self.state()["verdict"].clone()
    }

    /// Mends everything, and looks whether nothing is missing, first by asking and then in the files.
    pub fn close(mut self) {
        self.shoppers(0);
        self.heal();
        self.all_in_sync();
        self.order();
        self.audit();
        assert_eq!(self.state()["shoppers"]["refused"], 0, "{}", self.up.process.complaints());
        let acknowledged = self.placed() + self.ordered.borrow().len() as u64;
        self.judged_well(acknowledged);
        assert!(self.up.process.terminate().success());
        let mut command = toystore(["inspect", "--json"]);
        command.arg(&self.data);
        let inspected = finish(command);
        assert_eq!(inspected.status, 0, "{}\n{}", inspected.stdout, inspected.stderr);
        let text = inspected.stdout;
        let found: Value = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}"));
        let books = found["replicas"].as_array().unwrap_or_else(|| panic!("{text}"));
        for book in books {
            let orders = book["orders"].as_u64().unwrap_or_else(|| panic!("{text}"));
            assert!(orders >= acknowledged, "{orders} in a book, {acknowledged} acknowledged: {text}");
        }
    }
}
