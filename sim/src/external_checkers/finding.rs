//! What a checker found.

use std::fmt;

/// What a checker found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The history fits.
    Kept,
    /// There were too many possibilities to try.
    Undecided,
    /// It does not fit; why, for a person.
    Broken(Vec<String>),
}

/// What one checker says of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckerReport {
    /// Of what.
    pub of: String,
    /// Who.
    pub by: &'static str,
    /// How many operations it was told of.
    pub operations: usize,
    /// What it found.
    pub finding: Finding,
}

impl fmt::Display for CheckerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CheckerReport { of, by, operations, finding } = self;
        match finding {
            Finding::Kept => write!(f, "{of}: {by} finds nothing wrong with {operations} operations"),
            Finding::Undecided => write!(f, "{of}: {operations} operations are too much for {by} to decide"),
            Finding::Broken(facts) => {
                write!(f, "{of}: {by} finds {operations} operations BROKEN")?;
                facts.iter().try_for_each(|fact| write!(f, "\n    - {fact}"))
            }
        }
    }
}
