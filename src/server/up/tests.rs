//! A store of which parts fail.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, Context};
use tokio::sync::mpsc;
use toystore_actors::domain::{FrontEndId, ReplicaId};
use toystore_actors::host::{Host, Node};
use toystore_actors::net::{Bridge, Identity, NetError, NodeId};

use super::bound::BoundServices;
use super::open::open_all;
use super::store::{LocalStore, environment};
use super::supervise::until_stopped;
use crate::advice::NamedStore;
use crate::config::{Config, Overrides};
use crate::server::host::Links;
use crate::server::node;
use crate::server::service::{self, OpenedService};
use crate::server::transport::Registry;

/// A service whose disk fails as soon as it runs.
struct Unlucky(Host);

impl Actor for Unlucky {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        self.0.fail("the disk is full");
    }
}

#[test]
fn a_service_that_fails_leaves_the_others() {
    actix::System::new().block_on(async {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let overrides = Overrides { data: Some(directory.path().to_owned()), ..Overrides::default() };
        let config = Config::load(None, &overrides).expect("the built-in configuration");
        let registry = Registry::default();
        let id = NodeId::Order(ReplicaId::new(2));
        let (failures, mut failed) = mpsc::unbounded_channel();
        let environment = environment(&config, &registry, &NamedStore::default(), failures);
        let bridge = move || Bridge::new(Arc::new(Identity::new(id, [])), 1);
        registry.insert(id, Arc::new(bridge()));
        let started =
            node::start(&environment, id, move |host| Ok((Node::new(Unlucky(host), 1, |_| bridge()), ())));
        let (running, actor, ()) = started.await.expect("it starts");
        let deadline = Instant::now() + Duration::from_secs(10);
        while actor.addr.connected() {
            assert!(Instant::now() < deadline, "the actor goes on");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let call = registry.transport().call(id, "status", bytes::Bytes::new());
        assert_eq!(call.await, Err(NetError::Refused));
        assert_eq!(failed.recv().await, Some(id));
        running.stop().await;
    });
}

#[test]
fn a_store_that_cannot_sell_any_more_stops() {
    actix::System::new().block_on(async {
        for (failures, expected) in [
            (vec![NodeId::Catalog], "nothing is sold without its catalog"),
            (
                vec![NodeId::Order(ReplicaId::new(2)), NodeId::FrontEnd(FrontEndId::new(1))],
                "nothing is sold without its front-end",
            ),
            (
                vec![
                    NodeId::Order(ReplicaId::new(1)),
                    NodeId::Order(ReplicaId::new(2)),
                    NodeId::Order(ReplicaId::new(3)),
                ],
                "no order replica is left",
            ),
        ] {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let data = directory.path().join("data");
            for id in 1..=3 {
                let book = data.join(format!("order-{id}"));
                std::fs::create_dir_all(&book).expect("a directory");
                std::fs::write(book.join("book.redb"), "damaged").expect("a file");
            }
            let overrides = Overrides { data: Some(data), ..Overrides::default() };
            let config = Config::load(None, &overrides).expect("the built-in configuration");
            let (registry, named) = (Registry::default(), NamedStore::default());
            let (failed, failing) = mpsc::unbounded_channel();
            let environment = environment(&config, &registry, &named, failed.clone());
            let store = LocalStore { config, named, listen: BTreeMap::new(), registry, environment };
            failures.iter().for_each(|id| failed.send(*id).expect("somebody listens"));
            let ended = until_stopped(&store, Vec::new(), failing, &mut Vec::new()).await;
            let why = ended.expect_err(expected).to_string();
            assert!(why.contains(expected), "{why:?} does not say {expected:?}");
        }
    });
}

#[test]
fn a_replica_that_failed_is_started_again_once_its_files_are_set_aside() {
    actix::System::new().block_on(async {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = directory.path().join("data");
        let overrides = Overrides { data: Some(data.clone()), ..Overrides::default() };
        let config = Config::load(None, &overrides).expect("the built-in configuration");
        let listen = config.addresses.keys().map(|id| (*id, SocketAddr::from(([127, 0, 0, 1], 0)))).collect();
        let (registry, named) = (Registry::default(), NamedStore::default());
        let (failures, failed) = mpsc::unbounded_channel();
        let environment = environment(&config, &registry, &named, failures.clone());
        let store = LocalStore { config, named, listen, registry, environment };
        let bound = BoundServices::new(&store.config, &store.listen).expect("free addresses");
        let (opened, without) = open_all(&store, bound, None).await.expect("new files");
        assert!(without.is_empty());
        let serve = |service: OpenedService| service.serve(&store.config).expect("threads");
        let mut serving: Vec<_> = opened.into_iter().map(serve).collect();

        let id = NodeId::Order(ReplicaId::new(2));
        let story = async {
            store.registry.remove(id);
            failures.send(id).expect("somebody listens");
            std::fs::rename(data.join("order-2"), data.join("order-2.aside-1")).expect("it is there");
            let deadline = Instant::now() + Duration::from_secs(30);
            while store.registry.transport().call(id, "status", bytes::Bytes::new()).await
                == Err(NetError::Refused)
            {
                assert!(Instant::now() < deadline, "it is not started");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let keeping = until_stopped(&store, without, failed, &mut serving);
        futures_util::future::select(std::pin::pin!(story), std::pin::pin!(keeping)).await;
        assert!(data.join("order-2/book.redb").exists());
        assert_eq!(serving.iter().filter(|service| service.id == id).count(), 1);
        service::stop(serving).await;
    });
}
