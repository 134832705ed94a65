//! What runs have shown: a run proves nothing about a state that it never reached.

mod counts;
mod observation;
mod occurrence;
mod rare;

pub use counts::Counts;
pub use observation::Observation;
pub use occurrence::Occurrence;
pub use rare::RareStates;
