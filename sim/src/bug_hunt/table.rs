//! What became of the hunts, as a table in Markdown: on the terminal, and with a sentence for each bug in a file.

use std::fmt::{self, Write};

use super::hunt::Hunt;
use super::scenarios::directed;

/// What is above the rows on the terminal.
pub const HEADING: &str = "\
| bug | rule | caught by | after | seconds | fired |
|---|---|---|---:|---:|---:|";

impl Hunt {
    /// What caught the bug.
    fn caught_by(&self) -> &'static str {
        self.caught.as_ref().map_or("NOT CAUGHT", |catch| catch.promise.name())
    }

    /// After how many runs.
    fn after(&self) -> String {
        let of = if directed(self.bug).is_some() { " of its scenario" } else { "" };
        format!("{} seed{}{of}", self.runs, if self.runs == 1 { "" } else { "s" })
    }
}

impl fmt::Display for Hunt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, rule) = (self.bug.name(), self.bug.rule());
        let (by, after, seconds) = (self.caught_by(), self.after(), self.took.as_secs_f64());
        write!(f, "| {name} | {rule} | {by} | {after} | {seconds:.1} | {} |", self.fired)
    }
}

/// A page with the table of all hunts; `command` says how it was made.
#[must_use]
pub fn page(hunts: &[Hunt], command: &str) -> String {
    let mut page = format!(
        "# Planted bugs\n\nMade by `{command}`; [checks.md](checks.md) says what the columns mean.\n\n"
    );
    page += "| bug | rule | what is wrong | caught by | after | seconds | fired |\n";
    page += "|---|---|---|---|---:|---:|---:|\n";
    for hunt in hunts {
        let (bug, by, after, seconds) = (hunt.bug, hunt.caught_by(), hunt.after(), hunt.took.as_secs_f64());
        let (name, rule, sentence) = (bug.name(), bug.rule(), bug.sentence());
        let _ = writeln!(
            page,
            "| {name} | {rule} | {sentence} | {by} | {after} | {seconds:.1} | {} |",
            hunt.fired
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use toystore_actors::bugs::Bug;
    use toystore_checks::data::Promise;

    use super::*;
    use crate::bug_hunt::Catch;

    #[test]
    fn a_page_has_a_heading_its_command_and_a_row_for_each_hunt() {
        let hunt = |bug, caught| Hunt { bug, caught, runs: 1, took: Duration::from_millis(1250), fired: 7 };
        let catch = Catch { promise: Promise::NoOversell, seed: 3 };
        let hunts = [hunt(Bug::Oversell, Some(catch)), hunt(Bug::TermKept, None)];
        let page = page(&hunts, "toystore-sim bugs --table x.md");
        let lines: Vec<&str> = page.lines().collect();
        assert_eq!(lines[0], "# Planted bugs");
        assert!(lines[2].contains("`toystore-sim bugs --table x.md`"), "{page}");
        let oversell =
            format!("| oversell | stock | {} | no oversell | 1 seed | 1.2 | 7 |", Bug::Oversell.sentence());
        assert_eq!(lines[6], oversell);
        assert!(lines[7].contains("| NOT CAUGHT | 1 seed of its scenario |"), "{page}");
        assert_eq!(lines.len(), 8);
    }
}
