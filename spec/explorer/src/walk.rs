//! Random walks: they go further than a search, and prove nothing.

use crate::world::{Violation, World};

const STEPS: usize = 400;
/// Faults are left out of all choices but one in so many, so that something gets done between them.
const FAULTS_ONE_IN: usize = 6;

/// Choices that are the same in each run.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below the limit.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % limit as u64) as usize
    }
}

/// What came of random walks.
#[derive(Debug)]
pub struct Walked {
    /// How many there were, and of what.
    pub counts: String,
    /// What was wrong first, and what happened in that walk.
    pub wrong: Option<(String, String)>,
}

/// Walks from the beginning until nothing more can happen, or something is wrong.
pub fn random_walk<W: World>(world: &W, walks: u64) -> Walked {
    let (mut steps, mut good) = (0, 0);
    for seed in 1..=walks {
        let mut random = Random::new(seed);
        let mut state = world.initial();
        let mut taken = Vec::new();
        let mut wrong: Option<Violation> = None;
        while taken.len() < STEPS && wrong.is_none() {
            let faults = random.below(FAULTS_ONE_IN) == 0;
            let mut choices = Vec::new();
            world.successors(&state, &mut |action, next, violation| {
                if faults || !world.is_fault(action) {
                    choices.push((action, next, violation));
                }
            });
            if choices.is_empty() {
                break;
            }
            let (action, next, violation) = choices.swap_remove(random.below(choices.len()));
            taken.push(world.describe_action(action, &state));
            wrong = violation.or_else(|| world.violation(&next));
            state = next;
        }
        steps += taken.len();
        good += u64::from(world.is_good(&state));
        if let Some(violation) = wrong {
            let numbered = taken.iter().enumerate().map(|(index, step)| format!("{:4}. {step}", index + 1));
            let trace = numbered.collect::<Vec<_>>().join("\n");
            return Walked {
                counts: format!("{seed} walks, {steps} steps"),
                wrong: Some((format!("walk {seed}: {violation}"), trace)),
            };
        }
    }
    Walked { counts: format!("{walks} walks, {steps} steps, {good} ended well"), wrong: None }
}
