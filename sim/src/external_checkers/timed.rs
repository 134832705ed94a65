//! Operations and their times, as a checker is told of them.

use toystore_checks::time::Nanos;

/// One operation, as a checker is told of it.
#[derive(Debug, Clone)]
pub(crate) struct TimedOperation<A> {
    /// What it did or saw.
    pub act: A,
    /// It took place no earlier.
    pub from: Nanos,
    /// And no later; no limit if nobody was told of it.
    pub until: Option<Nanos>,
    /// Its line in the file, for people.
    pub line: usize,
}

/// When each operation begins (false) and ends (true), in time: by its place in `operations`. Of what happens at
/// the same time the beginning comes first: such operations overlap.
pub(super) fn moments<A>(operations: &[TimedOperation<A>]) -> Vec<(Nanos, bool, usize)> {
    let both = operations.iter().enumerate().flat_map(|(index, operation)| {
        [(operation.from, false, index), (operation.until.unwrap_or(Nanos::MAX), true, index)]
    });
    let mut moments: Vec<_> = both.collect();
    moments.sort_unstable();
    moments
}
