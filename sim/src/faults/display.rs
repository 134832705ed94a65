//! Faults as a person reads them.

use std::fmt;

use toystore_actors::net::NodeId;

use super::fault::{CopyTime, Direction, Fault, LostFiles};
use super::schedule::ScheduledFault;

impl fmt::Display for ScheduledFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[allow(clippy::cast_precision_loss, reason = "for people")]
        let seconds = self.at_ms as f64 / 1000.0;
        write!(f, "{seconds:>8.3} s  {}", self.fault)
    }
}

impl fmt::Display for Fault {
    // One line for each kind: longer than other functions, so that it is seen that none is missing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Crash { node, down_ms, silent } => {
                write!(f, "{node} crashes, {}for {down_ms} ms", if *silent { "silently, " } else { "" })
            }
            Fault::CrashAll { down_ms } => write!(f, "all nodes crash, for {down_ms} ms"),
            Fault::CrashLoop { node, times, up_ms, down_ms } => {
                write!(f, "{node} crashes {times} times, {up_ms} ms up and {down_ms} ms down")
            }
            Fault::CrashMidWrite { node, operations, down_ms } => {
                write!(
                    f,
                    "{node} crashes in the middle of a disk operation, after {operations} more; for {down_ms} ms"
                )
            }
            Fault::CrashAt { node, of: None, event, down_ms } => {
                write!(f, "{node} crashes at its next {}, for {down_ms} ms", event.name())
            }
            Fault::CrashAt { node, of: Some(of), event, down_ms } => {
                write!(f, "{node} crashes at the next {} of {of}, for {down_ms} ms", event.name())
            }
            Fault::CrashPair { node, of, event, both, down_ms } => {
                let who = if *both { format!("{node} and {of} crash") } else { format!("{node} crashes") };
                write!(f, "{who} at the next {} of {of}, for {down_ms} ms", event.name())
            }
            Fault::Stop { node, operations: None, down_ms } => {
                write!(f, "{node} is stopped and closes its files, for {down_ms} ms")
            }
            Fault::Stop { node, operations: Some(operations), down_ms } => {
                write!(
                    f,
                    "{node} is stopped, and crashes after {operations} disk operations of its closing; for {down_ms} ms"
                )
            }
            Fault::LoseDisk { node, down_ms, files } => {
                let what = match files {
                    LostFiles::All => "disk",
                    LostFiles::Data => "data file, not the journal",
                    LostFiles::Journal => "journal, not the data file",
                };
                write!(f, "{node} crashes and loses its {what}, for {down_ms} ms")
            }
            Fault::OldDisk { node, copied, after_ms, down_ms } => {
                let copied = match copied {
                    CopyTime::Run => "is stopped, copied and started again",
                    CopyTime::Moment => "is copied while it runs",
                };
                write!(
                    f,
                    "the disk of {node} {copied}; {after_ms} ms later it crashes and has that copy, for {down_ms} ms"
                )
            }
            Fault::SwapDisks { one, other, down_ms } => {
                write!(f, "{one} and {other} crash and get each other's disk, for {down_ms} ms")
            }
            Fault::Misaddress { at, one, other, exchanged, for_ms } => {
                let both = if *exchanged { ", and the other way round," } else { "" };
                write!(f, "{at} has the address of {other} for {one}{both} for {for_ms} ms")
            }
            Fault::SecondProcess { node, empty, after_ms, reached_by, shoppers, for_ms } => {
                let files = if *empty { "no files" } else { "a copy made now of its files" };
                write!(
                    f,
                    "a second {node} runs with {files}, from {after_ms} to {for_ms} ms after this, reached by "
                )?;
                match (&reached_by[..], shoppers) {
                    ([], false) => write!(f, "nobody"),
                    ([], true) => write!(f, "every other shopper"),
                    (_, false) => write!(f, "{}", names_of(reached_by)),
                    (_, true) => write!(f, "{} and every other shopper", names_of(reached_by)),
                }
            }
            Fault::Reconfigure { without, at, gap_ms, for_ms } => {
                let at = if at.is_empty() { "everyone".to_owned() } else { names_of(at) };
                write!(
                    f,
                    "{at} is configured without {without} for {for_ms} ms, restarted {gap_ms} ms after one another"
                )
            }
            Fault::Pause { node, for_ms } => write!(f, "{node} is paused for {for_ms} ms"),
            Fault::Partition { side, direction, for_ms } => {
                let what = match direction {
                    Direction::Both => "cut off",
                    Direction::Out => "cut off, outgoing only,",
                    Direction::In => "cut off, incoming only,",
                };
                write!(f, "{} {what} for {for_ms} ms", names_of(side))
            }
            Fault::Clog { from, to, for_ms } => write!(f, "{from} to {to} clogged for {for_ms} ms"),
            Fault::Loss { percent, for_ms } => write!(f, "{percent} % of messages lost for {for_ms} ms"),
            Fault::Duplicate { percent, for_ms } => {
                write!(f, "{percent} % of requests arrive twice for {for_ms} ms")
            }
            Fault::Delay { percent, up_to_ms, for_ms } => {
                write!(f, "{percent} % of messages late by up to {up_to_ms} ms, for {for_ms} ms")
            }
            Fault::Reorder { for_ms } => write!(f, "messages overtake one another for {for_ms} ms"),
            Fault::DiskBroken { node, for_ms } => write!(f, "the disk of {node} fails for {for_ms} ms"),
            Fault::DiskSyncOnce { node } => write!(f, "the next sync of the disk of {node} fails"),
            Fault::DiskFull { node, for_ms } => write!(f, "the disk of {node} is full for {for_ms} ms"),
            Fault::DiskSlow { node, factor, for_ms } => {
                write!(f, "the disk of {node} is {factor} times slower for {for_ms} ms")
            }
        }
    }
}

fn names_of(nodes: &[NodeId]) -> String {
    let names: Vec<_> = nodes.iter().map(ToString::to_string).collect();
    names.join(", ")
}
