//! The course of a run: first the store suffers, then all heals, and it has to come back; then it is audited.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use toystore_actors::domain::{OrderNumber, Quantity, ReplicaId, RequestId, View};
use toystore_actors::front_end::messages::{GetView, PlaceOrder};
use toystore_actors::net::{Net, NodeId};
use toystore_actors::order::messages::{ReplicaStatus, Role, Status};

use crate::audit::{self, Audit};
use crate::checks;
use crate::clock::Nanos;
use crate::cluster::spare_toy;
use crate::history::{Asked, Operation, Told};
use crate::operator::Operator;
use crate::report::{Violation, seconds};
use crate::workload::{self, Crowd};
use crate::world::World;

const MILLI: Nanos = 1_000_000;
const AUDITOR: u8 = 255;

/// The promise that a store breaks that waits, rightly or not.
pub const COMES_BACK: &str = "it comes back";

const CALL: Duration = Duration::from_secs(2);

/// Sends in the shoppers and lets the run take its course.
pub fn begin(world: &Rc<World>) {
    let crowd = Rc::new(Crowd::default());
    for number in 0..world.setup.clients {
        crowd.inside.set(crowd.inside.get() + 1);
        world.executor.spawn(None, Box::pin(workload::shop(world.clone(), crowd.clone(), number)));
    }
    world.executor.spawn(None, Box::pin(direct(world.clone(), crowd)));
}

async fn direct(world: Rc<World>, crowd: Rc<Crowd>) {
    world.timeline.sleep(world.setup.faults_ms * MILLI).await;
    world.heal();
    let healed = world.now();
    let outcome = recover(&world, &crowd, healed).await;
    let found = match outcome {
        Ok(audit) => {
            let remembered = world.setup.sizes.catalog_refusals;
            let forgiven = world.watch.borrow().forgive(&mut world.history.borrow_mut(), &audit, remembered);
            (0..forgiven).for_each(|_| world.count("refusal forgotten, and the order sold after all"));
            let mut undecided = 0;
            let found = checks::judge(&world.setup, &world.history.borrow(), &audit, &mut undecided);
            (0..undecided).for_each(|_| world.count("products whose linearizability was too much to decide"));
            found
        }
        // Even when it does not come back, what it has done can be wrong as well; that comes first.
        Err(slow) => {
            let mut found = checks::judge_history(&world.history.borrow());
            found.push(slow);
            found
        }
    };
    for violation in found {
        world.broken(violation);
    }
    world.finish();
}

async fn recover(world: &Rc<World>, crowd: &Crowd, healed: Nanos) -> Result<Audit, Violation> {
    let bound = healed + world.setup.recovery_ms * MILLI;
    let auditor = Auditor { net: world.client_net(AUDITOR).0, world: world.clone(), tries: Cell::new(0) };
    let (all, operator) = (&world.setup.replicas, Operator::default());
    wait(world, bound, async || {
        let outcome = auditor.in_sync(all).await;
        if outcome.is_err() {
            operator.act(world, &auditor.net).await;
        }
        outcome
    })
    .await?;
    world.note(None, || format!("in sync {} after all healed", seconds(world.now() - healed)));
    let number = wait(world, bound, async || {
        let outcome = auditor.order().await;
        if outcome.is_err() {
            operator.act(world, &auditor.net).await;
        }
        outcome
    })
    .await?;
    world.note(None, || {
        format!("order {number} succeeded {} after all healed", seconds(world.now() - healed))
    });
    world.recovered(world.now() - healed);
    if all.len() > 1 {
        without_one(world, &auditor).await?;
    }
    let bound = world.now() + world.setup.recovery_ms * MILLI;
    crowd.closing.set(true);
    wait(world, bound, async || match crowd.inside.get() {
        0 => Ok(()),
        left => Err(format!("{left} shoppers still wait for an answer")),
    })
    .await?;
    wait(world, bound, async || auditor.in_sync(all).await).await?;
    let idle = wait(world, bound, async || world.idle()).await;
    idle.map_err(|busy| Violation::new("nothing leaks", busy.facts))?;
    wait(world, bound, async || audit::quiet(world)).await
}

/// The store goes on without a replica that does not come back, be it the leader, while shoppers shop.
async fn without_one(world: &Rc<World>, auditor: &Auditor) -> Result<(), Violation> {
    let bound = world.now() + world.setup.recovery_ms * MILLI;
    let view = wait(world, bound, async || auditor.settled().await).await?;
    let dice = world.setup.stream("the replica that dies");
    let others: Vec<_> = view.in_sync.ids().filter(|id| *id != view.leader).collect();
    let pick = usize::try_from(dice / 4).unwrap_or(0) % others.len().max(1);
    let dead =
        if dice.is_multiple_of(2) { view.leader } else { others.get(pick).copied().unwrap_or(view.leader) };
    world.kill(NodeId::Order(dead), (dice / 2).is_multiple_of(2));
    let rest: Vec<_> = world.setup.replicas.iter().copied().filter(|id| *id != dead).collect();
    // The order comes first: nobody misses a follower while nothing is ordered.
    wait(world, bound, async || auditor.order().await).await?;
    wait(world, bound, async || auditor.in_sync(&rest).await).await?;
    world.revive();
    wait(world, bound, async || auditor.in_sync(&world.setup.replicas).await).await
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
            return Err(Violation::new(COMES_BACK, facts));
        }
        world.timeline.sleep(100 * MILLI).await;
    }
}

/// Asks the store how it is, from outside.
struct Auditor {
    net: Net,
    world: Rc<World>,
    tries: Cell<u32>,
}

impl Auditor {
    /// The view, if all are in sync and no change of that is under way: of two replicas, the one that is about
    /// to drop the other must not die for good.
    async fn settled(&self) -> Result<View, String> {
        let setup = &self.world.setup;
        self.in_sync(&setup.replicas).await?;
        let before = self.view().await?;
        self.world.timeline.sleep((setup.call_limit_ms + 2 * setup.drop_after_ms) * MILLI).await;
        let view = self.view().await?;
        if view == before { Ok(view) } else { Err(format!("the view still changes: {before}, {view}")) }
    }

    async fn view(&self) -> Result<View, String> {
        let view = self.net.send(NodeId::FrontEnd(1), &GetView {}, CALL).await;
        view.map_err(|error| format!("view: {error}"))?.ok_or("the front-end has no view".to_owned())
    }

    /// Whether these replicas are in sync, and no others.
    async fn in_sync(&self, expected: &[ReplicaId]) -> Result<(), String> {
        let view = self.view().await?;
        if !view.in_sync.ids().eq(expected.iter().copied()) {
            return Err(format!("not {expected:?} are in sync: {view}"));
        }
        let mut statuses: Vec<ReplicaStatus> = Vec::new();
        for id in expected {
            let status = self.net.send(NodeId::Order(*id), &Status {}, CALL).await;
            statuses.push(status.map_err(|error| format!("order-{id}: {error}"))?);
        }
        for status in &statuses {
            let follows = status.view.as_ref().is_some_and(|followed| followed.is(&view));
            let is_member = view.in_sync.run(status.id) == Some(status.run);
            if (status.role == Role::Leader) != (status.id == view.leader) || !follows || !is_member {
                return Err(format!("{view}, but {status:?}"));
            }
        }
        Ok(())
    }

    async fn order(&self) -> Result<OrderNumber, String> {
        self.tries.set(self.tries.get() + 1);
        let key = RequestId::new(format!("probe-{}", self.tries.get())).map_err(|error| error.to_string())?;
        let quantity = Quantity::new(1).map_err(|error| error.to_string())?;
        let place = PlaceOrder { key: key.clone(), name: spare_toy(), quantity };
        let invoked = self.world.now();
        let placed = self.net.send(NodeId::FrontEnd(1), &place, self.world.setup.patience()).await;
        let told = match placed {
            Ok(Ok(number)) => Told::Placed { number },
            _ => Told::Unknown,
        };
        let asked = Asked::Place { key, name: spare_toy(), quantity };
        let returned = self.world.now();
        let operation = Operation { client: AUDITOR, asked, invoked, returned, told };
        self.world.history.borrow_mut().operations.push(operation);
        let placed = placed.map_err(|error| format!("no order succeeds: {error}"))?;
        placed.map_err(|error| format!("no order succeeds: {error}"))
    }
}
