//! Memories that are gone, older or another's: what an operator does to the files of a store, with real processes.
//! Nothing that was acknowledged is lost, or the store waits and says for what.

mod support;

use std::fs;
use std::path::Path;

use support::process::{Finished, finish, toystore};
use support::store::{Cluster, Service};
use support::{PATIENCE, eventually, http};
use tempfile::TempDir;

/// A store of five processes, and how many orders it has acknowledged.
struct Store {
    cluster: Cluster,
    orders: u64,
    _directory: TempDir,
}

impl Store {
    fn open() -> Store {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut cluster = Cluster::new(directory.path());
        cluster.start_all();
        cluster.all_in_sync();
        Store { cluster, orders: 0, _directory: directory }
    }

    /// Orders so many times, each under the next number.
    fn order(&mut self, times: u64) {
        for number in self.orders + 1..=self.orders + times {
            let placed = eventually(PATIENCE, "an order is acknowledged", || self.place(number));
            assert_eq!(placed, number, "the number of the next order");
        }
        self.orders += times;
    }

    fn place(&self, key: u64) -> Option<u64> {
        let answer = http::order(self.cluster.front_end(), &format!("key-{key}"), "Tux", 1).ok()?;
        (answer.status == 201).then(|| answer.data()["order_number"].as_u64())?
    }

    /// Every order is found, and keeps its number when it is asked for again.
    fn audit(&self) {
        for number in 1..=self.orders {
            let found = eventually(PATIENCE, &format!("order {number} is found"), || {
                let found = http::get(self.cluster.front_end(), &format!("/orders/{number}")).ok()?;
                (found.status == 200).then(|| found.data())
            });
            assert_eq!(found["name"], "Tux", "order {number}");
            assert_eq!(self.place(number), Some(number), "order {number}, asked for again");
        }
    }

    fn stop(&mut self) {
        self.cluster.terminate_all();
    }

    fn files(&self, service: Service) -> std::path::PathBuf {
        self.cluster.data.join(service.label())
    }

    fn remove(&self, service: Service) {
        fs::remove_dir_all(self.files(service)).expect("its files are there");
    }

    /// Keeps a copy of a stopped service's files.
    fn copy(&self, service: Service) -> TempDir {
        let copy = tempfile::tempdir().expect("a temporary directory");
        copy_files(&self.files(service), copy.path());
        copy
    }

    fn put_back(&self, service: Service, copy: &TempDir) {
        self.remove(service);
        fs::create_dir(self.files(service)).expect("the place is free");
        copy_files(copy.path(), &self.files(service));
    }

    /// Waits until the store says all this of what it waits for.
    fn waits_for(&self, parts: &[&str]) -> String {
        eventually(PATIENCE, &format!("it waits for {parts:?}"), || {
            let answer = http::get(self.cluster.front_end(), "/readyz").ok()?;
            let said = answer.text();
            (answer.status == 503 && parts.iter().all(|part| said.contains(part))).then_some(said)
        })
    }

    fn recover(&self, arguments: &[&str]) -> Finished {
        let mut command = toystore(["recover"]);
        command.args(arguments).arg("--config").arg(&self.cluster.config);
        finish(command)
    }

    fn close(mut self) {
        self.order(3);
        self.audit();
        self.cluster.all_in_sync();
        self.stop();
        let mut command = toystore(["inspect"]);
        command.arg(&self.cluster.data);
        let found = finish(command);
        assert_eq!(found.status, 0, "{}\n{}", found.stdout, found.stderr);
    }
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("a copy");
    }
}

const REPLICAS: [Service; 3] = [Service::Order(1), Service::Order(2), Service::Order(3)];

#[test]
fn a_replica_whose_directory_is_gone_joins_like_a_new_one() {
    let mut store = Store::open();
    for replica in REPLICAS {
        store.order(4);
        store.stop();
        store.remove(replica);
        store.cluster.start_all();
        store.audit();
        store.cluster.all_in_sync();
    }
    // Two at once.
    store.stop();
    store.remove(Service::Order(2));
    store.remove(Service::Order(3));
    store.cluster.start_all();
    store.audit();
    store.cluster.all_in_sync();
    store.close();
}

#[test]
fn a_leader_that_is_wiped_while_the_others_run_does_not_lead_with_nothing() {
    let mut store = Store::open();
    for _ in 0..2 {
        store.order(5);
        let leader = eventually(PATIENCE, "there is a leader", || store.cluster.leader());
        store.cluster.kill(leader);
        store.remove(leader);
        store.cluster.start(leader);
        store.audit();
        store.cluster.all_in_sync();
    }
    store.close();
}

#[test]
fn an_older_copy_of_a_replica_stands_for_nobody() {
    let mut store = Store::open();
    for replica in REPLICAS {
        store.order(3);
        store.stop();
        let copy = store.copy(replica);
        store.cluster.start_all();
        store.cluster.all_in_sync();
        store.order(3);
        store.stop();
        store.put_back(replica, &copy);
        store.cluster.start_all();
        store.audit();
        store.cluster.all_in_sync();
    }
    store.close();
}

#[test]
fn a_catalog_whose_memory_is_gone_or_older_sells_nothing_until_it_is_rebuilt() {
    let mut store = Store::open();
    store.order(3);
    store.stop();
    let copy = store.copy(Service::Catalog);
    for (older, sentence) in [(true, "its memory is older"), (false, "the catalog's memory is gone")] {
        for service in Service::ALL {
            store.cluster.start(service);
        }
        store.order(5);
        store.stop();
        if older {
            store.put_back(Service::Catalog, &copy);
        } else {
            store.remove(Service::Catalog);
        }
        for service in Service::ALL {
            store.cluster.start(service);
        }
        store.waits_for(&[sentence, "`toystore recover catalog`"]);
        let answer = http::order(store.cluster.front_end(), "too-early", "Tux", 1).expect("an answer");
        assert_eq!(answer.status, 503, "{}", answer.text());
        let rebuilt = eventually(PATIENCE, "the catalog is rebuilt", || {
            let done = store.recover(&["catalog"]);
            (done.status == 0).then_some(done)
        });
        let expected = format!("knows again what {} orders bought", store.orders);
        assert!(rebuilt.stdout.contains(&expected), "{rebuilt:?}");
        store.cluster.ready();
        // The refused order may have been placed since: under its key, it is the next.
        let number = eventually(PATIENCE, "it is placed", || {
            let answer = http::order(store.cluster.front_end(), "too-early", "Tux", 1).ok()?;
            (answer.status == 201).then(|| answer.data()["order_number"].as_u64())?
        });
        if older {
            assert_eq!(number, store.orders + 1);
            store.orders += 1;
            store.stop();
        }
    }
    let left = http::get(store.cluster.front_end(), "/products/Tux").expect("an answer").data();
    assert_eq!(left["quantity"], 100 - store.orders, "what was sold stays sold");
}

#[test]
fn when_all_books_are_lost_the_store_waits_and_no_number_is_given_again() {
    let mut store = Store::open();
    store.order(6);
    // The catalog hears of the last of them with the next batch, or soon after.
    store.cluster.all_in_sync();
    store.stop();
    REPLICAS.iter().for_each(|replica| store.remove(*replica));
    for service in Service::ALL {
        store.cluster.start(service);
    }
    store.waits_for(&["have not the file that was in sync", "order-1", "`toystore recover`"]);
    assert_eq!(store.place(7), None, "nobody sells");

    let plan = store.recover(&[]);
    assert_eq!(plan.status, 0, "{plan:?}");
    assert!(plan.stdout.contains("were acknowledged and would be lost"), "{plan:?}");
    assert!(plan.stdout.contains("nothing was changed"), "{plan:?}");
    store.waits_for(&["`toystore recover`"]);
    let done = store.recover(&["--yes"]);
    assert!(
        done.status == 0 && done.stdout.contains("are lost; their numbers are not given again"),
        "{done:?}"
    );
    let next = eventually(PATIENCE, "an order is acknowledged", || store.place(7));
    assert_eq!(next, 7);
    let lost = http::get(store.cluster.front_end(), "/orders/3").expect("an answer");
    assert_eq!(lost.status, 404, "{}", lost.text());
    store.cluster.all_in_sync();
    let again = store.recover(&["--yes"]);
    assert!(again.status == 3 && again.stderr.contains("leads and serves"), "{again:?}");
}

#[test]
fn the_only_replica_in_sync_is_gone_for_good() {
    let mut store = Store::open();
    store.order(4);
    for replica in [Service::Order(1), Service::Order(2)] {
        store.cluster.kill(replica);
    }
    // Order-3 goes on alone.
    store.order(3);
    store.cluster.kill(Service::Order(3));
    store.remove(Service::Order(3));
    store.cluster.start(Service::Order(1));
    store.cluster.start(Service::Order(2));
    store.waits_for(&["order-3"]);
    let refused = store.recover(&["--yes"]);
    assert!(refused.status == 3 && refused.stderr.contains("order-3 do not answer"), "{refused:?}");
    let alive = store.recover(&["--without", "1", "--without", "3", "--yes"]);
    assert!(alive.status == 3 && alive.stderr.contains("order-1 answer"), "{alive:?}");
    let done = store.recover(&["--without", "3", "--yes"]);
    assert_eq!(done.status, 0, "{done:?}");
    assert!(done.stdout.contains("order-3 counts for nothing any more"), "{done:?}");
    let next = eventually(PATIENCE, "an order is acknowledged", || store.place(8));
    assert_eq!(next, 8, "the numbers of the lost ones are not given again");
    store.cluster.start(Service::Order(3));
    store.cluster.all_in_sync();
    for number in 1..=4 {
        let found = http::get(store.cluster.front_end(), &format!("/orders/{number}")).expect("an answer");
        assert_eq!(found.status, 200, "order {number}: {}", found.text());
    }
}

#[test]
fn a_front_end_with_an_older_file_or_none_goes_on_from_what_the_others_know() {
    let mut store = Store::open();
    store.order(2);
    store.stop();
    let copy = store.copy(Service::FrontEnd);
    store.cluster.start_all();
    store.order(2);
    // Views have been saved since, one of them without a replica.
    store.cluster.kill(Service::Order(1));
    store.order(2);
    store.cluster.start(Service::Order(1));
    store.cluster.all_in_sync();
    for older in [true, false] {
        store.cluster.kill(Service::FrontEnd);
        if older {
            store.put_back(Service::FrontEnd, &copy);
        } else {
            store.remove(Service::FrontEnd);
        }
        store.cluster.start(Service::FrontEnd);
        store.cluster.ready();
        store.order(2);
        store.audit();
    }
    store.close();
}

#[test]
fn of_two_front_ends_of_one_store_one_ends() {
    let mut store = Store::open();
    store.order(3);
    let copy = tempfile::tempdir().expect("a temporary directory");
    // A copy of the running one's file: what a rolling update on a shared volume amounts to.
    let second = copy.path().join("front-end");
    fs::create_dir(&second).expect("a new directory");
    copy_files(&store.files(Service::FrontEnd), &second);
    let config = fs::read_to_string(&store.cluster.config).expect("it is there");
    let elsewhere = support::store::free_addresses(1)[0];
    let path = copy.path().join("second.toml");
    let first = store.cluster.front_end().to_string();
    fs::write(&path, config.replace(&first, &elsewhere.to_string())).expect("it is written");
    let mut command = toystore(["serve", "front-end", "--config"]);
    command.arg(&path).arg("--data").arg(copy.path());
    let mut second = support::process::Process::start(command);
    second.address("front-end");

    let ended = eventually(PATIENCE, "one of the two ends", || {
        let first = store.cluster.process(Service::FrontEnd).exited().map(|status| (true, status));
        first.or_else(|| second.exited().map(|status| (false, status)))
    });
    assert_eq!(ended.1.code(), Some(3));
    let complaints =
        if ended.0 { store.cluster.process(Service::FrontEnd).complaints() } else { second.complaints() };
    assert!(complaints.contains("another front-end of this store has taken over"), "{complaints}");
    let survivor = if ended.0 { elsewhere } else { store.cluster.front_end() };
    let placed = eventually(PATIENCE, "the other one sells", || {
        let answer = http::order(survivor, "key-4", "Tux", 1).ok()?;
        (answer.status == 201).then(|| answer.data()["order_number"].as_u64())?
    });
    assert_eq!(placed, 4);
}

#[test]
fn a_replica_that_leaves_the_configuration_and_comes_back_is_not_taken_for_in_sync() {
    let mut store = Store::open();
    store.order(3);
    store.stop();
    let all = fs::read_to_string(&store.cluster.config).expect("it is there");
    let place = all.find("[[order]]\nid = 3").expect("order-3 is configured");
    let end = all[place + 1..].find("[[").map_or(all.len(), |next| place + 1 + next);
    fs::write(&store.cluster.config, [&all[..place], &all[end..]].concat()).expect("it is written");
    for service in [Service::FrontEnd, Service::Catalog, Service::Order(1), Service::Order(2)] {
        store.cluster.start(service);
    }
    store.cluster.ready();
    store.order(3);
    store.stop();
    fs::write(&store.cluster.config, all).expect("it is written");
    store.cluster.start_all();
    store.audit();
    store.close();
}
