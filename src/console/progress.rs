//! Shows how far a long piece of work is: a bar on a terminal, plain lines elsewhere. Both on standard
//! error, so that standard output holds the result alone.

use std::cell::Cell;
use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

const LINE_EVERY: Duration = Duration::from_secs(5);

/// Work that is done sooner is not worth a line.
const LONG: Duration = Duration::from_secs(1);

/// A piece of work in `total` steps.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    total: u64,
    done: Cell<u64>,
    started: Instant,
    said: Cell<Instant>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins; `what` says what the steps are, as in "1200 of 5000 rounds".
    pub fn start(what: &'static str, total: u64) -> Progress {
        let bar = stderr().is_terminal().then(|| {
            // Work that fails takes its bar with it: the next line is the one that says why.
            let bar = ProgressBar::new(total).with_prefix(what).with_finish(ProgressFinish::AndClear);
            // A template that does not parse would leave the default one, which does as well.
            if let Ok(style) =
                ProgressStyle::with_template("{prefix:8} {wide_bar} {pos}/{len} {msg} {eta:>4}")
            {
                bar.set_style(style);
            }
            bar
        });
        let started = Instant::now();
        Progress { what, total, done: Cell::new(0), started, said: Cell::new(started), bar }
    }

    /// One step is done; `note` tells more, and is made only when it is shown.
    pub fn step(&self, note: impl FnOnce() -> String) {
        self.advance(1, note);
    }

    /// So many steps are done at once; for steps that are too short to tell of each.
    pub fn advance(&self, steps: u64, note: impl FnOnce() -> String) {
        let done = self.done.get() + steps;
        self.done.set(done);
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            if self.due(Duration::from_millis(100)) {
                bar.set_message(note());
            }
        } else if self.due(LINE_EVERY) {
            let note = Some(note()).filter(|note| !note.is_empty());
            let comma = if note.is_some() { ", " } else { "" };
            say(&format!("{done} of {} {}{comma}{}", self.total, self.what, note.unwrap_or_default()));
        }
    }

    /// The work is over, whether or not all steps were done.
    pub fn finish(&self) {
        match &self.bar {
            Some(bar) => bar.finish_and_clear(),
            None if self.started.elapsed() < LONG => {}
            None => say(&format!("{} of {} {}", self.done.get(), self.total, self.what)),
        }
    }

    fn due(&self, pause: Duration) -> bool {
        let now = Instant::now();
        let due = now.duration_since(self.said.get()) >= pause;
        if due {
            self.said.set(now);
        }
        due
    }
}

fn say(line: &str) {
    // Nobody reads standard error any more: the work goes on all the same.
    let _ = writeln!(stderr(), "{line}");
}
