//! Tables of runs, with what is expected of each.

use crate::search::{End, Found, search};
use crate::settings::{self, Rule, Switches};
use crate::world::World;

/// One setting, and what is expected of it.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// What it shows; empty for a broken rule, which says it itself.
    what: &'static str,
    setting: &'static str,
    holds: bool,
}

/// With this setting nothing goes wrong.
#[must_use]
pub const fn holds(what: &'static str, setting: &'static str) -> Run {
    Run { what, setting, holds: true }
}

/// The first rule that this setting names is needed.
#[must_use]
pub const fn breaks(setting: &'static str) -> Run {
    Run { what: "", setting, holds: false }
}

/// With this setting something goes wrong.
#[must_use]
pub const fn fails(what: &'static str, setting: &'static str) -> Run {
    Run { what, setting, holds: false }
}

/// Runs that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// How the settings are explored.
    pub how: How,
    /// The settings.
    pub runs: &'static [Run],
}

/// How a table's settings are explored.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// Everything that can happen.
    Search,
    /// So many random walks, unless the command line says how many.
    Walks(u64),
}

impl Run {
    fn title<R: Switches>(&self) -> String {
        let rule = |word: &str| R::ALL.iter().find(|rule| rule.name == word);
        match self.setting.split_whitespace().find_map(rule) {
            Some(Rule { name, number, .. }) if self.what.is_empty() => format!("without {number} {name}"),
            _ => self.what.to_string(),
        }
    }

    /// The line about it, and whether the result is the expected one.
    pub(crate) fn line<W: World>(&self, how: How) -> (String, bool) {
        let (rules, bounds, progress) = settings::read(self.setting.split_whitespace())
            .unwrap_or_else(|word| panic!("no rule and no bound in a table: {word}"));
        let world = W::new(rules, bounds, progress);
        let (result, expected) = match how {
            How::Search => {
                let found = search(&world);
                let expected = match found.end {
                    End::Exhausted => self.holds,
                    End::Violation(..) => !self.holds,
                    End::Full => false,
                };
                (found.summary(), expected)
            }
            How::Walks(walks) => {
                let walked = world.walk(walks);
                let verdict = walked.wrong.as_ref().map_or("nothing wrong", |(wrong, _)| wrong);
                (format!("{}: {verdict}", walked.counts), walked.wrong.is_none() == self.holds)
            }
        };
        let mark = if expected { "  " } else { "??" };
        (format!("{mark} {:68} {result}", self.title::<W::Rules>()), expected)
    }
}

impl<W: World> Found<W> {
    pub(crate) fn summary(&self) -> String {
        let counts = format!(
            "{} states, {} steps, {} deep, {:.0} s",
            self.states, self.steps, self.depth, self.seconds
        );
        match &self.end {
            End::Exhausted => format!("holds: {counts}"),
            End::Full => format!("too many states: {counts}"),
            End::Violation(violation, steps) => format!("{} steps to {violation} ({counts})", steps.len()),
        }
    }
}
