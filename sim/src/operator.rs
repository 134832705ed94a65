//! The operator: does what the store says that only a person may do.
//!
//! A store that cannot tell whether somebody remembers more waits, and says so. In a run, this is who reads that. What it
//! does is one command at a time, as the deployed command line sends it; whoever waits for the store asks again
//! afterwards. (Files on which a process does not start are seen to at once: `World::see_to`.)

use std::rc::Rc;
use std::time::Duration;

use toystore_actors::front_end::messages::GetReadiness;
use toystore_actors::net::{Net, NodeId};

use crate::world::World;

const CALL: Duration = Duration::from_secs(2);

/// Reads what the store waits for, and does what it asks for. There is no command yet: it only takes note.
pub async fn act(world: &Rc<World>, net: &Net) {
    let Ok(readiness) = net.send(NodeId::FrontEnd(1), &GetReadiness {}, CALL).await else { return };
    if !readiness.ready {
        world.note(None, || format!("the store waits: {}", readiness.why));
    }
}
