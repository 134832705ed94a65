//! What is found: markdown on stdout as it comes, and in a file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One thing that the store is to reach.
#[derive(Debug)]
struct Bar {
    what: String,
    measured: String,
    wanted: String,
    reached: bool,
}

/// The report of a run.
#[derive(Debug)]
pub struct Report {
    dir: PathBuf,
    file: File,
    bars: Vec<Bar>,
}

impl Report {
    /// Starts `report.md` in a directory, which is made if needed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(dir: &Path) -> Result<Report> {
        let create = || {
            std::fs::create_dir_all(dir)?;
            File::create(dir.join("report.md"))
        };
        let file = create().with_context(|| format!("cannot write to {}", dir.display()))?;
        Ok(Report { dir: dir.to_owned(), file, bars: Vec::new() })
    }

    /// Where further files of the report go.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes text as it is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn text(&mut self, text: &str) -> Result<()> {
        println!("{text}");
        writeln!(self.file, "{text}")?;
        Ok(())
    }

    /// Writes a table; all columns but the first are numbers, or short.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn table(&mut self, header: &[&str], rows: &[Vec<String>]) -> Result<()> {
        let mut text = format!("| {} |\n|---|{}", header.join(" | "), "---:|".repeat(header.len() - 1));
        for row in rows {
            write!(text, "\n| {} |", row.join(" | "))?;
        }
        text.push('\n');
        self.text(&text)
    }

    /// Notes a bar for the table at the end.
    pub fn bar(&mut self, what: impl Into<String>, measured: String, wanted: &str, reached: bool) {
        self.bars.push(Bar { what: what.into(), measured, wanted: wanted.into(), reached });
    }

    /// Writes all bars.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<()> {
        let row = |bar: &Bar| {
            let reached = if bar.reached { "yes" } else { "**no**" };
            vec![bar.what.clone(), bar.measured.clone(), bar.wanted.clone(), reached.into()]
        };
        let rows: Vec<_> = self.bars.iter().map(row).collect();
        self.text("## The bars\n")?;
        self.table(&["what", "measured", "bar", "reached"], &rows)
    }
}

/// A number of things a second, for people.
pub fn rate(rate: f64) -> String {
    let digits = format!("{rate:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds, to three digits.
pub fn ms(ms: f64) -> String {
    match ms {
        ms if ms < 1.0 => format!("{ms:.3}"),
        ms if ms < 10.0 => format!("{ms:.2}"),
        ms if ms < 100.0 => format!("{ms:.1}"),
        ms => format!("{ms:.0}"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn rates_have_commas() {
        for (rate, expected) in [(0.4, "0"), (999.0, "999"), (1000.0, "1,000"), (1_234_567.0, "1,234,567")] {
            assert_eq!(super::rate(rate), expected);
        }
    }
}
