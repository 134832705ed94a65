//! The rules that can be switched off in a running store: those whose breaking a person can bring out with what the lab
//! has. The others need a disk that forgets, a clock that drifts or a moment that only the simulator finds.

use serde::Serialize;

use super::refusal::Refusal;

/// A bug that can be planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LabBug {
    /// Its name, as the simulator has it.
    pub name: &'static str,
    /// What is wrong then.
    pub sentence: &'static str,
    /// What to do to see it.
    pub how: &'static str,
}

/// The bugs that can be planted; `None` in a program that was built without them.
pub fn all() -> Option<Vec<LabBug>> {
    armed::all()
}

/// Plants a bug on all nodes, or none; returns its name.
///
/// # Errors
/// When there is none of that name, or this program has none.
pub fn plant(name: Option<&str>) -> Result<Option<&'static str>, Refusal> {
    armed::plant(name)
}

#[cfg(not(feature = "planted-bugs"))]
mod armed {
    use super::{LabBug, Refusal};

    pub fn all() -> Option<Vec<LabBug>> {
        None
    }

    pub fn plant(name: Option<&str>) -> Result<Option<&'static str>, Refusal> {
        match name {
            None => Ok(None),
            Some(_) => Err(Refusal::NotNow(
                "this program was built without planted bugs; build it with `cargo build --release --features planted-bugs`"
                    .into(),
            )),
        }
    }
}

#[cfg(feature = "planted-bugs")]
mod armed {
    use toystore_actors::bugs::{self, Bug};

    use super::{LabBug, Refusal};

    /// The bugs that a person can bring out, and how.
    const SHOWN: &[(Bug, &str)] = &[
        (Bug::Oversell, "Let shoppers buy everything, or order more than there is: it is sold."),
        (
            Bug::HolderForgotten,
            "Look at a toy, order some, and look again: for up to two seconds the stock of before is shown.",
        ),
        (
            Bug::LeaseIgnored,
            "Look at a toy, cut the front-end off from the catalog, and order some: the stock of before is \
             shown as long as the link is cut.",
        ),
        (
            Bug::VisibleUnconfirmed,
            "Look at a toy, cut the front-end off from the catalog, and order some: the order does not wait \
             for the lease to run out, and the stock of before is shown for up to two seconds.",
        ),
        (
            Bug::LookupsSeeTail,
            "Make the leader's links to both followers slow, order, and look up the next number at once: the \
             order is found before anybody is told of it.",
        ),
        (
            Bug::NoDeduplication,
            "Crash the leader while shoppers buy: the same requests are ordered again and again, until \
             everything is sold out.",
        ),
        (
            Bug::NumberReused,
            "Place some orders and crash the leader: another begins by giving the last number once more, \
             finds that its book lacks what is acknowledged, and the store waits.",
        ),
        (
            Bug::TakeoverForgetsUnsettled,
            "Crash the leader while many shoppers buy: toys were sold for which there is no order, and one \
             leader follows another without taking any.",
        ),
        (
            Bug::AckBeforeFollowers,
            "Make the leader's links to both followers slow, and crash it while many shoppers buy: what was \
             acknowledged last is on its disk alone, and the store waits for it.",
        ),
        (
            Bug::FollowerSkipped,
            "Crash one follower, make the leader's link to the other slow, and crash the leader while many \
             shoppers buy: what was acknowledged last is on its disk alone, and the store waits for it.",
        ),
        (
            Bug::BuyGivenUp,
            "Make the link between the leader and the catalog lossy while shoppers buy: toys are sold for \
             which there is no order, and no other is placed.",
        ),
        (
            Bug::SyncGivenUp,
            "Cut a follower off from the leader while shoppers buy: no order is placed any more.",
        ),
    ];

    pub fn all() -> Option<Vec<LabBug>> {
        Some(
            SHOWN
                .iter()
                .map(|(bug, how)| LabBug { name: bug.name(), sentence: bug.sentence(), how })
                .collect(),
        )
    }

    pub fn plant(name: Option<&str>) -> Result<Option<&'static str>, Refusal> {
        let bug = name.map(find).transpose()?;
        bugs::plant_everywhere(bug);
        Ok(bug.map(Bug::name))
    }

    fn find(name: &str) -> Result<Bug, Refusal> {
        let mut shown = SHOWN.iter().map(|(bug, _)| *bug);
        shown.find(|bug| bug.name() == name).ok_or_else(|| {
            let names: Vec<_> = SHOWN.iter().map(|(bug, _)| bug.name()).collect();
            Refusal::Unknown(format!("there is no bug of that name to plant; there are {}", names.join(", ")))
        })
    }
}
