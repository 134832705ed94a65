//! What happened, in order: a hash of all of it, and the lines themselves when somebody wants to read them.

use std::hash::{DefaultHasher, Hasher};

use toystore_checks::time::Nanos;

use super::note::TraceNote;
use crate::outcome::TraceLine;
use crate::platform::process::ProcessId;

/// The trace of a run. Two runs with equal hashes did the same at the same times.
#[derive(Debug, Default)]
pub struct Trace {
    hasher: DefaultHasher,
    lines: Option<Vec<TraceLine>>,
}

impl Trace {
    /// A trace that also keeps its lines.
    #[must_use]
    pub fn recording() -> Trace {
        Trace { lines: Some(Vec::new()), ..Trace::default() }
    }

    /// Notes something; its text is only made when lines are kept.
    pub fn note(&mut self, at: Nanos, process: Option<ProcessId>, note: &TraceNote<'_>) {
        self.hasher.write_u64(at);
        self.hasher.write_u32(process.map_or(u32::MAX, ProcessId::number));
        note.hash(&mut self.hasher);
        if let Some(lines) = &mut self.lines {
            let node = process.map(|process| process.to_string());
            lines.push(TraceLine { at, node, text: note.to_string() });
        }
    }

    /// The hash so far.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    /// The lines kept so far; none are left.
    pub fn take_lines(&mut self) -> Vec<TraceLine> {
        self.lines.take().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use toystore_actors::net::NodeId;
    use toystore_actors::probe::{Event, ReplicaEvent};

    use super::*;
    use crate::examples::{epoch, replica};

    #[test]
    fn an_event_is_its_name_and_a_sentence() {
        let mut trace = Trace::recording();
        let process = ProcessId::from(NodeId::Order(replica(2)));
        trace.note(
            5,
            Some(process),
            &TraceNote::Event(&Event::Replica(ReplicaEvent::Deposed { epoch: epoch(8) })),
        );
        assert_eq!(trace.take_lines()[0].text, "Deposed: leads no longer, since epoch 8 is over");
    }
}
