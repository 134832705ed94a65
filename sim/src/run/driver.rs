//! The course of a run: first things go wrong, then all heals, and the store has to come back; then it is audited.

use std::rc::Rc;

use toystore_actors::net::NodeId;
use toystore_checks::data::{Promise, StoreAudit, Violation};
use toystore_checks::promises;
use toystore_checks::time::{MILLI, Nanos};

use super::health_client::HealthClient;
use super::operator::Operator;
use super::shopper::{self, Shoppers};
use super::simulation::Simulation;
use crate::coverage::Occurrence;
use crate::plan::products::products;
use crate::world::{TraceNote, World, quiet_audit};

/// Sends in the shoppers and lets the run take its course.
pub(super) fn begin(simulation: &Rc<Simulation>) {
    let world = &simulation.world;
    let shoppers = Rc::new(Shoppers::default());
    for number in 0..world.setup.clients {
        shoppers.present.set(shoppers.present.get() + 1);
        world.executor.spawn(None, Box::pin(shopper::shop(world.clone(), shoppers.clone(), number)));
    }
    world.executor.spawn(None, Box::pin(course(simulation.clone(), shoppers)));
}

async fn course(simulation: Rc<Simulation>, shoppers: Rc<Shoppers>) {
    let world = &simulation.world;
    world.timeline.sleep(world.setup.faults_ms * MILLI).await;
    simulation.injector.heal(world);
    let found = match recover(&simulation, &shoppers).await {
        Ok(audit) => {
            let found = judge(&simulation, &audit);
            world.record.audit.replace(Some(audit));
            found
        }
        // Even when it does not come back, what it has done can be wrong as well; that comes first.
        Err(slow) => {
            let mut found = promises::judge_history(&world.record.history.borrow());
            found.push(slow);
            found
        }
    };
    for violation in found {
        world.record.broken(violation);
    }
    world.record.finish();
}

/// What is wrong with a run in which the store came back and is quiet.
fn judge(simulation: &Simulation, audit: &StoreAudit) -> Vec<Violation> {
    let world = &simulation.world;
    let forgotten = simulation.observer.make_forgotten_unknown(world, audit);
    let (mut undecided, clock) = (0, world.setup.clock(NodeId::Catalog));
    let found = promises::judge(
        &products(&world.setup),
        world.setup.restock_to,
        &world.record.history.borrow(),
        audit,
        |at| clock.wall(at),
        &mut undecided,
    );
    (0..forgotten).for_each(|_| world.record.count(Occurrence::RefusalForgotten));
    (0..undecided).for_each(|_| world.record.count(Occurrence::Undecided));
    found
}

async fn recover(simulation: &Simulation, shoppers: &Shoppers) -> Result<StoreAudit, Violation> {
    let world = &simulation.world;
    let healed = world.now();
    let bound = healed + world.setup.recovery_ms * MILLI;
    let health = HealthClient::new(world);
    let (all, operator) = (&world.setup.replicas, Operator::default());
    wait(world, bound, async || {
        let outcome = health.in_sync(all).await;
        if outcome.is_err() {
            operator.act(simulation, &health.net).await;
        }
        outcome
    })
    .await?;
    world.record.note(None, &TraceNote::InSync(world.now() - healed));
    let number = wait(world, bound, async || {
        let outcome = health.order().await;
        if outcome.is_err() {
            operator.act(simulation, &health.net).await;
        }
        outcome
    })
    .await?;
    world.record.note(None, &TraceNote::OrderSucceeded(number, world.now() - healed));
    world.record.recovered(world.now() - healed);
    if all.len() > 1 {
        without_one(world, &health).await?;
    }
    come_to_rest(world, &health, shoppers).await
}

/// Everyone is answered, and then nothing is under way any more.
async fn come_to_rest(
    world: &Rc<World>,
    health: &HealthClient,
    shoppers: &Shoppers,
) -> Result<StoreAudit, Violation> {
    let bound = world.now() + world.setup.recovery_ms * MILLI;
    shoppers.closing.set(true);
    wait(world, bound, async || match shoppers.present.get() {
        0 => Ok(()),
        left => Err(format!("{left} shoppers still wait for an answer")),
    })
    .await?;
    wait(world, bound, async || health.in_sync(&world.setup.replicas).await).await?;
    let idle = wait(world, bound, async || world.idle()).await;
    idle.map_err(|busy| Violation::new(Promise::NothingLeaks, busy.facts))?;
    wait(world, bound, async || quiet_audit(&world.disks)).await
}

/// The store goes on without a replica that does not come back, be it the leader, while shoppers shop.
async fn without_one(world: &Rc<World>, health: &HealthClient) -> Result<(), Violation> {
    let bound = world.now() + world.setup.recovery_ms * MILLI;
    let view = wait(world, bound, async || health.settled().await).await?;
    let dice = world.setup.stream("the replica that dies");
    let others: Vec<_> = view.in_sync.ids().filter(|id| *id != view.leader).collect();
    let pick = usize::try_from(dice / 4).unwrap_or(0) % others.len().max(1);
    let dead =
        if dice.is_multiple_of(2) { view.leader } else { others.get(pick).copied().unwrap_or(view.leader) };
    world.kill(NodeId::Order(dead), (dice / 2).is_multiple_of(2));
    let rest: Vec<_> = world.setup.replicas.iter().copied().filter(|id| *id != dead).collect();
    // The order comes first: nobody misses a follower while nothing is ordered.
    wait(world, bound, async || health.order().await).await?;
    wait(world, bound, async || health.in_sync(&rest).await).await?;
    world.revive();
    wait(world, bound, async || health.in_sync(&world.setup.replicas).await).await
}

/// Tries something again and again until it succeeds, or the time for recovery is over.
async fn wait<T>(
    world: &Rc<World>,
    bound: Nanos,
    attempt: impl AsyncFn() -> Result<T, String>,
) -> Result<T, Violation> {
    loop {
        let why = match attempt().await {
            Ok(done) => return Ok(done),
            Err(why) => why,
        };
        if world.now() >= bound {
            let mut facts = vec![format!("{} ms after all healed: {why}", world.setup.recovery_ms)];
            facts.extend(world.unanswered());
            return Err(Violation::new(Promise::ComesBack, facts));
        }
        world.timeline.sleep(100 * MILLI).await;
    }
}
