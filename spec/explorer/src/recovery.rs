//! Whether from every state a path without faults leads to a good one: known only when all states and steps are.

/// States by number, in the order in which they were found.
#[derive(Default)]
pub struct Graph {
    good: Vec<u32>,
    /// Where the steps without fault begin, by state, in `steps`.
    begins: Vec<usize>,
    /// The state to which each leads.
    steps: Vec<u32>,
}

impl Graph {
    pub fn good(&mut self, state: u32) {
        self.good.push(state);
    }

    /// The steps that follow are of the next state.
    pub fn expand(&mut self) {
        self.begins.push(self.steps.len());
    }

    pub fn step(&mut self, to: u32) {
        self.steps.push(to);
    }

    /// The first state that no such path leaves.
    pub fn stuck(self) -> Option<u32> {
        let states = self.begins.len();
        let (begins, back) = self.reversed();
        let mut recovers = vec![false; states];
        let mut open = self.good;
        for state in &open {
            recovers[*state as usize] = true;
        }
        while let Some(state) = open.pop() {
            let state = state as usize;
            for &before in &back[begins[state]..begins[state + 1]] {
                if !recovers[before as usize] {
                    recovers[before as usize] = true;
                    open.push(before);
                }
            }
        }
        recovers.iter().position(|recovers| !recovers).map(|state| state as u32)
    }

    /// For each state where those before it begin, and these.
    fn reversed(&self) -> (Vec<usize>, Vec<u32>) {
        let states = self.begins.len();
        let mut begins = vec![0; states + 1];
        for to in &self.steps {
            begins[*to as usize + 1] += 1;
        }
        for state in 0..states {
            begins[state + 1] += begins[state];
        }
        let mut next = begins.clone();
        let mut back = vec![0; self.steps.len()];
        let ends = self.begins.iter().skip(1).copied().chain([self.steps.len()]);
        for (state, (begin, end)) in self.begins.iter().zip(ends).enumerate() {
            for to in &self.steps[*begin..end] {
                back[next[*to as usize]] = state as u32;
                next[*to as usize] += 1;
            }
        }
        (begins, back)
    }
}
