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
        (Bug::Oversell, "Let shoppers buy everything: more is sold than there was."),
        (
            Bug::HolderForgotten,
            "Let shoppers buy: for up to two seconds after a sale, whoever asks for the toy is told the stock of before.",
        ),
        (
            Bug::LeaseIgnored,
            "Cut the front-end off from the catalog while shoppers buy: what it shows is the stock of before, for ever.",
        ),
        (
            Bug::VisibleUnconfirmed,
            "Cut the front-end off from the catalog while shoppers buy: for up to two seconds it shows the stock of before.",
        ),
        (
            Bug::NoDeduplication,
            "Crash the leader while shoppers buy: an order that is asked for again under its key is placed twice.",
        ),
        (
            Bug::NumberReused,
            "Crash the leader: the next order has the number of the last one, which is gone.",
        ),
        (
            Bug::TakeoverForgetsUnsettled,
            "Crash the leader while many shoppers buy: toys are sold for which there is no order.",
        ),
        (
            Bug::AckBeforeFollowers,
            "Make the leader's links to both followers slow, let many shoppers buy, crash the leader: the orders of the last \
             moment are gone.",
        ),
        (
            Bug::FollowerSkipped,
            "Crash one follower, make the leader's link to the other slow, let many shoppers buy, crash the leader: the orders \
             of the last moment are gone.",
        ),
        (
            Bug::LookupsSeeTail,
            "Make the leader's links to both followers slow, let shoppers buy and look up the numbers that come next: an order \
             is found before anybody is told of it.",
        ),
        (
            Bug::BatchNumberIgnored,
            "Make the link between the leader and the catalog lossy while shoppers buy: what is asked for twice is sold \
             twice.",
        ),
        (
            Bug::BuyGivenUp,
            "Make the link between the leader and the catalog lossy while shoppers buy: toys are sold for which there is \
             no order.",
        ),
        (
            Bug::SyncGivenUp,
            "Cut a follower off from the leader for some seconds and heal: it never comes in sync again.",
        ),
        (
            Bug::NoDropInTakeover,
            "Crash the leader and a follower at once: the third does not take orders, although it has all of them.",
        ),
        (Bug::ShortMemorySells, "Wipe the catalog: it sells at once, from the stock that it began with."),
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
