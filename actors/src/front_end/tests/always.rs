//! What holds whatever else is under way: at a start, and while orders wait.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future;

use super::world::{MS, World, toy};
use crate::messages::front_end::Invalidate;
use crate::test_doubles::on_virtual_time;

// Rule cache 9.
#[test]
fn an_invalidation_is_answered_while_orders_are_under_way() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.start();
        world.led_by(3).await;
        world.peers.with(3, |replica| replica.frozen = true);
        let order = world.order("k");
        let invalidated = async {
            tokio::time::sleep(5 * MS).await;
            let began = world.host.clock.elapsed();
            world.ask(Invalidate { products: vec![toy()] }).await;
            world.peers.with(3, |replica| replica.frozen = false);
            world.host.clock.elapsed() - began
        };
        let (placed, waited) = future::join(order, invalidated).await;
        assert_eq!((placed, waited), (Ok(1), Duration::ZERO));
    });
}

// Rule M1.
#[test]
fn each_start_of_a_front_end_is_in_its_file_before_it_says_anything() {
    on_virtual_time(async || {
        let mut world = World::new();
        let mut runs = BTreeSet::new();
        for starts in 1..=3 {
            world.start();
            world.kill().await;
            let line = world.line_in_file();
            runs.extend(line.last());
            assert_eq!(runs.len(), starts);
            assert!(runs.iter().all(|run| line.has(*run)));
        }
    });
}
