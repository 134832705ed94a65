//! What happened, in order: a hash of all of it, and the lines themselves when somebody wants to read them.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hasher};

use serde::Serialize;
use toystore_actors::net;
use toystore_actors::probe::Event;

use crate::clock::Nanos;
use crate::process::ProcessId;

/// One line of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When, in virtual nanoseconds.
    pub at: Nanos,
    /// At which process; none for what concerns the world.
    pub node: Option<String>,
    /// What.
    pub text: String,
}

/// The trace of a run. Two runs with equal hashes did the same at the same times.
#[derive(Debug, Default)]
pub struct Trace {
    hasher: DefaultHasher,
    /// How many things were noted.
    pub length: u64,
    lines: Option<Vec<Line>>,
}

impl Trace {
    /// A trace that also keeps its lines.
    #[must_use]
    pub fn recording() -> Trace {
        Trace { lines: Some(Vec::new()), ..Trace::default() }
    }

    /// Notes something: `bytes` stand for it in the hash, `text` is only made when lines are kept.
    pub fn note(
        &mut self,
        at: Nanos,
        process: Option<ProcessId>,
        bytes: &[u8],
        text: impl FnOnce() -> String,
    ) {
        self.length += 1;
        self.hasher.write_u64(at);
        self.hasher.write_u32(process.map_or(u32::MAX, ProcessId::number));
        self.hasher.write(bytes);
        if let Some(lines) = &mut self.lines {
            lines.push(Line { at, node: process.map(|process| process.to_string()), text: text() });
        }
    }

    /// Notes an actor's event.
    pub fn event(&mut self, at: Nanos, process: ProcessId, event: &Event) {
        self.note(at, Some(process), &net::encode(event), || format!("{}: {event}", name(event)));
    }

    /// The hash so far.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    /// The lines kept so far; none are left.
    pub fn take_lines(&mut self) -> Vec<Line> {
        self.lines.take().unwrap_or_default()
    }
}

/// An event's name, without its fields.
#[must_use]
pub fn name(event: &Event) -> String {
    struct Name(String);
    impl Write for Name {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
            self.0.push_str(&text[..end]);
            // The error ends the formatting where the name ends.
            if end == text.len() { Ok(()) } else { Err(std::fmt::Error) }
        }
    }
    let mut name = Name(String::new());
    let _ = write!(name, "{event:?}");
    name.0
}

#[cfg(test)]
mod tests {
    use toystore_actors::net::NodeId;

    use super::*;

    #[test]
    fn an_event_is_its_name_and_a_sentence() {
        let event = Event::Deposed { epoch: 8 };
        assert_eq!(name(&event), "Deposed");
        let mut trace = Trace::recording();
        let process = ProcessId { node: NodeId::Order(2), copy: 0 };
        trace.event(5, process, &event);
        assert_eq!(trace.take_lines()[0].text, "Deposed: leads no longer, since epoch 8 is over");
    }
}
