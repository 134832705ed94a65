//! What a person is told to do about a service whose data is damaged or gone. Nothing that is said here loses an
//! order: files are set aside, not removed, and only where somebody else has what they held.

use toystore_actors::net::NodeId;
use toystore_actors::storage::OpenError;

use super::named_store::NamedStore;
use super::not_started::NotStarted;
use crate::console::failure::Failure;
use crate::files::ADVICE;

/// Why a service did not start, and what helps: one sentence.
pub fn sentence(id: NodeId, why: &NotStarted, store: &NamedStore) -> String {
    match help(id, why, store) {
        Some(help) => format!("{why}; {help}"),
        None => why.to_string(),
    }
}

/// The end of a command that could not do without the service.
pub fn failure(id: NodeId, why: NotStarted, store: &NamedStore) -> Failure {
    match why {
        NotStarted::Other(failure) => failure,
        NotStarted::File(OpenError::Products(why)) => Failure::Usage(why),
        why => Failure::CouldNotRun(sentence(id, &why, store)),
    }
}

/// What is added when a service's disk failed while it ran.
pub fn after_failure(id: NodeId, store: &NamedStore) -> String {
    match id {
        NodeId::Order(replica) => {
            format!("; if its file is of no use any more, {} sets it aside", store.recover_replica(replica))
        }
        _ => String::new(),
    }
}

/// `None` where the reason says itself what to do.
fn help(id: NodeId, why: &NotStarted, store: &NamedStore) -> Option<String> {
    let first = match why {
        NotStarted::Other(_)
        | NotStarted::File(
            OpenError::InUse { .. } | OpenError::Unconverted { .. } | OpenError::Products(_),
        ) => return None,
        NotStarted::Directory(_) => return Some(ADVICE.into()),
        NotStarted::File(OpenError::Damaged { .. } | OpenError::Apart { .. }) => "",
        NotStarted::File(OpenError::Foreign { .. }) => "put its own there; if that is lost, ",
        NotStarted::File(OpenError::Io { .. }) => "see to that; if the file is lost, ",
    };
    Some(format!("{first}{}", without_its_file(id, store)))
}

/// How a service whose file is of no use comes to another.
fn without_its_file(id: NodeId, store: &NamedStore) -> String {
    match id {
        NodeId::Order(replica) => format!(
            "{} sets its files aside, and it takes the orders from the others",
            store.recover_replica(replica)
        ),
        NodeId::Catalog => format!("{} rebuilds it from the order book", store.recover_catalog()),
        NodeId::FrontEnd(_) => {
            "move its directory elsewhere: without a file it asks every replica for the newest view".into()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use toystore_actors::domain::{FrontEndId, ReplicaId};

    use super::*;

    #[test]
    fn each_service_is_told_what_helps_it_and_nothing_that_loses_orders() {
        let file = || "some.redb".to_owned();
        let damaged = || OpenError::Damaged { file: file(), why: "torn".into() };
        let foreign = || OpenError::Foreign { file: file(), wanted: "x".into(), found: "y".into() };
        let refused = || OpenError::Io { file: file(), source: io::ErrorKind::PermissionDenied.into() };
        let in_use = OpenError::InUse { file: file() };
        for (id, why, expected) in [
            (
                NodeId::Order(ReplicaId::new(2)),
                damaged(),
                "as it is; `toystore recover replica 2` sets its files aside",
            ),
            (
                NodeId::Order(ReplicaId::new(2)),
                foreign(),
                "put its own there; if that is lost, `toystore recover replica 2`",
            ),
            (
                NodeId::Order(ReplicaId::new(2)),
                refused(),
                "see to that; if the file is lost, `toystore recover replica 2`",
            ),
            (NodeId::Catalog, damaged(), "as it is; `toystore recover catalog` rebuilds it"),
            (NodeId::FrontEnd(FrontEndId::new(1)), damaged(), "as it is; move its directory elsewhere"),
            (NodeId::Catalog, in_use, "stop that one first"),
        ] {
            let said = sentence(id, &why.into(), &NamedStore::default());
            assert!(said.contains(expected), "{said:?} does not say {expected:?}");
            assert!(!said.contains("empty") && !said.contains("remove"), "{said}");
        }
    }
}
