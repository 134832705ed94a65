//! The rules as switches, and how much of the world a run explores.

use explorer::{bounds, rules};

pub const KEYS: usize = 3;

rules! {
    outcome_when_applied "R1" "an order's outcome is decided when its entry is applied, not when it is proposed"
    key_when_applied "R1" "a known key is found when its entry is applied, not when it is proposed"
    refusal_kept "R2" "a refused key stays refused"
    told_when_applied "R3" "nothing is told or shown that is not applied, and so committed"
    mark_applied_first "R4" "a new leader answers nothing before its own mark is applied"
    restart_is_new_leadership "R4" "a leader that restarts in its old term begins a new leadership, with a new mark"
    entries_name_leadership "R5" "an entry that is applied after another leadership's mark is void"
    round_after_arrival "R6" "a query is answered after a quorum round that began after it arrived"
    decided_in_one_step "R7" "value, cacheable or not, and the note of the lease are one step, after the round"
    lease_from_send "L1" "the front-end counts its lease from before it sent the query"
    lease_ends "L1" "the front-end uses nothing past its lease"
    lease_noted "L2" "the leader notes who may hold which product until when"
    stopped_while_asking "L3" "no cacheable answer about a product while its holders are asked to drop it"
    stopped_while_proposed "L3" "no cacheable answer about a product while a change of it is proposed and not applied"
    dropped_first "L4" "a change is proposed only when every holder has dropped the product or its lease has run out"
    holders_asked "L4" "every holder is asked to drop it, at once"
    confirmation_of_call "L5" "a confirmation counts for the very call that it answers"
    confirmation_of_named "L5" "a confirmation counts for the products that its call named"
    fill_marked "L6" "told to drop, a front-end marks its fills under way too, and caches none that is marked"
    answer_of_fill "L7" "an answer belongs to its very query"
    no_late_join "L7" "a fill answers only queries that came before it was sent"
    session_applied "S1" "cacheable answers only to a session whose opening is applied"
    closed_when_free "S2" "a session is closed only when it can hold nothing that this leadership granted"
    closed_when_known "S2" "nor anything that this leadership has to assume"
    silent_closed "S2" "and one that stays silent is closed"
    closing_gets_none "S3" "no cacheable answer to a session whose closing is proposed"
    held_assumed "S4" "a new leadership assumes that every session holds every product, for a lease and its margin"
    sessions_at_mark "S4" "every session: those of the state when the mark is applied"
    counted_from_mark "S4" "the assumed lease is counted from when the mark is applied, not from before the election"
    all_asked "S5" "a new leadership asks every session to drop everything"
    asked_after_mark "S5" "the answer ends the assumption only if it was asked after the mark was applied"
    assumption_only "S5" "and it ends nothing else: what was granted since stays noted"
    session_itself "S6" "only the session itself confirms, not another process in its place"
}

bounds! {
    front_ends: usize = 2, "front-ends, 3 at most"
    products: usize = 1, "products, 2 at most"
    terms: u8 = 2, "terms, the first included: elections and restarts of a leader"
    unnoticed: u8 = 0, "how many of them may begin with a leader of before, whose code does not notice that it was deposed meanwhile"
    log: u8 = 4, "entries in a log at most, the marks included"
    stock: i8 = 1, "pieces of each product"
    copies: [u8; KEYS] = [2, 0, 0], "a digit for each key, how often it may be in a log: copies of the order, through any front-end and leader"
    refusals: u8 = 0, "how often each of these keys may be in a log as a refuse-only order, which is proposed without asking holders"
    restocks: u8 = 0, "restocks"
    opens: u8 = 0, "sessions that are opened"
    closes: u8 = 0, "sessions that are closed"
    late: u8 = 0, "entries of an older leadership that reach the log after a newer one's mark"
    sessions: u8 = 0b11, "bit f: front-end f begins with an open session"
    lease: u8 = 2, "a front-end's lease in ticks, by its slowest clock"
    wait: u8 = 2, "the leader's count of that lease, by its fastest clock"
    slow: bool = false, "a confirmation travels, instead of counting when it is given; without a broken rule it makes no difference, and is checked not to"
    gated: bool = false, "a variant to compare with: a new leader answers nothing as long as it assumes anything"
    states: usize = 200_000_000, "states at most"
}

impl Bounds {
    /// The product that a key's order takes a piece of.
    pub fn product(&self, key: u8) -> usize {
        if key == 2 { 1 % self.products } else { 0 }
    }
}
