//! Everything that a trace can tell, and in which words.

use std::fmt::{self, Debug};
use std::hash::{DefaultHasher, Hasher};

use toystore_actors::domain::OrderNumber;
use toystore_actors::host::Failure;
use toystore_actors::net::{self, NodeId};
use toystore_actors::probe::Event;
use toystore_actors::storage::OpenError;
use toystore_checks::data::{Operation, Violation};
use toystore_checks::time::{Nanos, seconds};

use super::packet_text;
use crate::faults::Fault;
use crate::platform::network::Packet;

/// Something that a trace tells. Displayed, it is a line for a person.
#[derive(Debug)]
pub enum TraceNote<'a> {
    /// An actor tells of an event.
    Event(&'a Event),
    /// A message arrives.
    Arrives(&'a Packet),
    /// A message is lost.
    Lost(&'a Packet),
    /// A request will arrive twice.
    Doubled(&'a Packet),
    /// A process starts.
    Starts,
    /// A process crashes before it has started.
    CrashesWhileStarting,
    /// A process cannot start, because its disk fails.
    CannotStart(&'a OpenError),
    /// A process does not start on files that were not its last.
    DoesNotStart(&'a OpenError),
    /// A process stops by itself.
    Stops(&'a Failure),
    /// A process crashes.
    Crashes,
    /// A process is stopped in peace.
    IsStopped,
    /// A process crashes while it closes its files.
    CrashesWhileClosing,
    /// A paused process goes on.
    GoesOn,
    /// A node crashes and stays down until it is revived.
    StaysDown(NodeId),
    /// A fault begins.
    FaultBegins(&'a Fault),
    /// A fault ends.
    FaultEnds(&'a Fault),
    /// A memory fault does not take place.
    NotAdmitted(&'a str),
    /// Disks that were exchanged are exchanged back.
    DisksPutRight([NodeId; 2]),
    /// The files on which a process does not start are set aside.
    FilesSetAside,
    /// Nothing goes wrong any more.
    AllHeals,
    /// All are in sync, so long after all healed.
    InSync(Nanos),
    /// An order succeeded, so long after all healed.
    OrderSucceeded(OrderNumber, Nanos),
    /// What the store says that it waits for.
    StoreWaits(&'a str),
    /// The operator had the catalog rebuilt, with this result.
    CatalogRecovery(&'a dyn Debug),
    /// The operator had the store go on, with this result.
    Recovery(&'a dyn Debug),
    /// A shopper was told something.
    Shopper(&'a Operation),
    /// A promise broke.
    Broken(&'a Violation),
}

impl TraceNote<'_> {
    /// Adds what it has besides its time and process to a trace's hash. Most have nothing: what leads to them does.
    pub(super) fn hash(&self, hasher: &mut DefaultHasher) {
        match self {
            TraceNote::Event(event) => hasher.write(&net::encode(*event)),
            TraceNote::Arrives(packet) => hasher.write(&packet_text::fingerprint(packet).to_le_bytes()),
            TraceNote::Lost(_)
            | TraceNote::Doubled(_)
            | TraceNote::Starts
            | TraceNote::CrashesWhileStarting
            | TraceNote::CannotStart(_)
            | TraceNote::DoesNotStart(_)
            | TraceNote::Stops(_)
            | TraceNote::Crashes
            | TraceNote::IsStopped
            | TraceNote::CrashesWhileClosing
            | TraceNote::GoesOn
            | TraceNote::StaysDown(_)
            | TraceNote::FaultBegins(_)
            | TraceNote::FaultEnds(_)
            | TraceNote::NotAdmitted(_)
            | TraceNote::DisksPutRight(_)
            | TraceNote::FilesSetAside
            | TraceNote::AllHeals
            | TraceNote::InSync(_)
            | TraceNote::OrderSucceeded(..)
            | TraceNote::StoreWaits(_)
            | TraceNote::CatalogRecovery(_)
            | TraceNote::Recovery(_)
            | TraceNote::Shopper(_)
            | TraceNote::Broken(_) => {}
        }
    }
}

impl fmt::Display for TraceNote<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TraceNote::Event(event) => write!(f, "{}: {event}", event.kind().name()),
            TraceNote::Arrives(packet) => f.write_str(&packet_text::line(packet)),
            TraceNote::Lost(packet) => write!(f, "LOST: {}", packet_text::line(packet)),
            TraceNote::Doubled(packet) => write!(f, "DOUBLED: {}", packet_text::line(packet)),
            TraceNote::Starts => write!(f, "starts"),
            TraceNote::CrashesWhileStarting => write!(f, "crashes while it starts"),
            TraceNote::CannotStart(error) => write!(f, "cannot start: {error}"),
            TraceNote::DoesNotStart(error) => write!(f, "does not start: {error}"),
            TraceNote::Stops(failure) => write!(f, "stops: {failure}"),
            TraceNote::Crashes => write!(f, "crashes"),
            TraceNote::IsStopped => write!(f, "is stopped"),
            TraceNote::CrashesWhileClosing => write!(f, "crashes while it closes its files"),
            TraceNote::GoesOn => write!(f, "goes on"),
            TraceNote::StaysDown(node) => write!(f, "FAULT: {node} dies and stays dead"),
            TraceNote::FaultBegins(fault) => write!(f, "FAULT: {fault}"),
            TraceNote::FaultEnds(fault) => write!(f, "ends: {fault}"),
            TraceNote::NotAdmitted(why) => write!(f, "not admitted: {why}"),
            TraceNote::DisksPutRight([one, other]) => {
                write!(f, "the disks of {one} and {other} are put right")
            }
            TraceNote::FilesSetAside => write!(f, "its files are set aside"),
            TraceNote::AllHeals => write!(f, "ALL HEALS"),
            TraceNote::InSync(after) => write!(f, "in sync {} after all healed", seconds(*after)),
            TraceNote::OrderSucceeded(number, after) => {
                write!(f, "order {number} succeeded {} after all healed", seconds(*after))
            }
            TraceNote::StoreWaits(why) => write!(f, "the store waits: {why}"),
            TraceNote::CatalogRecovery(result) => write!(f, "recover catalog: {result:?}"),
            TraceNote::Recovery(result) => write!(f, "recover: {result:?}"),
            TraceNote::Shopper(operation) => write!(
                f,
                "client-{} {:?} -> {:?}",
                operation.client, operation.invocation, operation.response
            ),
            TraceNote::Broken(violation) => write!(f, "BROKEN: {violation}"),
        }
    }
}
