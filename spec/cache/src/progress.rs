//! Progress: from every state, the catalog alone finishes what it has begun within a lease and its margin; and then
//! every front-end can cache every product again. It is shown by doing it.

use explorer::Violation;

use crate::state::State;
use crate::step::{Action, Model};

const STUCK: Violation =
    "STUCK: a lease and its margin have passed, and the catalog alone cannot complete the change";
const USELESS: Violation = "USELESS: all is quiet, and a front-end cannot cache";

impl Model {
    pub fn progress(&self, state: &State) -> Option<Violation> {
        let Some(quiet) = self.quiet(*state) else { return Some(STUCK) };
        let caches = |front_end| self.caches(quiet, front_end).is_some();
        (!(0..self.bounds.front_ends).all(caches)).then_some(USELESS)
    }

    fn take(&self, state: &mut State, action: Action) {
        *state = self.step(state, action).0;
    }

    /// Time passes, and no front-end is heard of.
    fn quiet(&self, mut state: State) -> Option<State> {
        for _ in 0..=self.bounds.wait {
            self.take(&mut state, Action::Tick);
        }
        if state.starting {
            if state.wait > 0 {
                return None;
            }
            self.take(&mut state, Action::Ready);
        }
        while state.durable < state.committed {
            self.take(&mut state, Action::Sync);
        }
        while self.is_changing(&state) {
            let mut actions = Vec::new();
            self.catalog_actions(&state, &mut actions);
            let show = actions.into_iter().find(|action| matches!(action, Action::Show(_)))?;
            self.take(&mut state, show);
        }
        Some(state)
    }

    fn caches(&self, mut state: State, front_end: usize) -> Option<()> {
        for product in self.products() {
            self.take(&mut state, Action::FailFill { front_end, product });
        }
        if self.bounds.front_end_leases {
            self.take(&mut state, Action::AskRenewal(front_end));
            self.take(&mut state, Action::Grant(front_end));
            self.take(&mut state, Action::Renew(front_end));
        }
        for product in self.products() {
            if self.hits(&state.front_ends[front_end], product).is_some() {
                continue;
            }
            state.front_ends[front_end].network.answers[product] = Default::default();
            self.take(&mut state, Action::Query { front_end, product });
            self.take(&mut state, Action::Answer { front_end, product });
            let version = state.visible[product];
            self.take(&mut state, Action::Fill { front_end, product, version, cacheable: true });
            let hit = self.hits(&state.front_ends[front_end], product)?;
            if hit.version != state.coming[product] {
                return None;
            }
        }
        Some(())
    }
}
