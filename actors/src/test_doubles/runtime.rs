//! A runtime whose time is virtual, and nodes on it.

use std::time::Duration;

use actix::{Actor, Addr, System};
use tokio::task::{JoinHandle, spawn_local};

use crate::host::Node;

/// A test that takes longer, in virtual time, hangs.
const LONGEST: Duration = Duration::from_secs(600);

/// Runs a test that starts actors.
pub fn on_virtual_time(test: impl AsyncFnOnce()) {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().expect("a runtime")
    };
    System::with_tokio_rt(runtime)
        .block_on(async { tokio::time::timeout(LONGEST, test()).await.expect("the test ends") });
}

/// Runs a node until it ends or its task is aborted, which is a crash.
pub fn run_node<A: Actor>(node: Node<A>) -> (Addr<A>, JoinHandle<()>) {
    (node.addr, spawn_local(node.run))
}
