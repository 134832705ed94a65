//! The operator: does what the store says that only a person may do.
//!
//! A store that cannot tell whether somebody remembers more waits, and says so. In a run, this is who reads that, and
//! sends the command that is named there, as the deployed command line does; whoever waits for the store asks again
//! afterwards. (Files on which a process does not start are seen to at once: `World::see_to`.)

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use toystore_actors::front_end::messages::{GetReadiness, Recover, RecoverCatalog};
use toystore_actors::net::{Net, NodeId};

use crate::world::World;

const CALL: Duration = Duration::from_secs(2);
const FRONT_END: NodeId = NodeId::FrontEnd(1);

/// How often the store must say the same before the operator believes that it does not get on by itself.
const PATIENCE: u32 = 20;

/// Whoever looks after the store.
#[derive(Debug, Default)]
pub struct Operator {
    /// What the store said last, and how often in a row.
    said: RefCell<(String, u32)>,
}

impl Operator {
    /// Reads what the store waits for, and does what it asks for. Nobody is gone for good in a run that has healed, so
    /// nothing is gone on without.
    pub async fn act(&self, world: &Rc<World>, net: &Net) {
        if !world.setup.operator {
            return;
        }
        let Ok(readiness) = net.send(FRONT_END, &GetReadiness {}, CALL).await else { return };
        if readiness.ready || !self.says_again(&readiness.why) {
            return;
        }
        world.note(None, || format!("the store waits: {}", readiness.why));
        let says = |command: &str| readiness.why.contains(&format!("`toystore {command}`"));
        if says("recover catalog") {
            let rebuilt = net.send(FRONT_END, &RecoverCatalog { without: Vec::new() }, CALL).await;
            world.note(None, || format!("recover catalog: {rebuilt:?}"));
            if matches!(rebuilt, Ok(Ok(_))) {
                world.count("operator rebuilt the catalog");
            }
        } else if says("recover") {
            let recover = Recover { without: Vec::new(), confirmed: true };
            let recovered = net.send(FRONT_END, &recover, CALL).await;
            world.note(None, || format!("recover: {recovered:?}"));
            if matches!(recovered, Ok(Ok(_))) {
                world.count("operator went on");
            }
        }
    }

    /// Whether the store has said the same for a while.
    fn says_again(&self, why: &str) -> bool {
        let (said, times) = &mut *self.said.borrow_mut();
        if said == why {
            *times += 1;
        } else {
            (*said, *times) = (why.to_owned(), 1);
        }
        *times >= PATIENCE
    }
}
