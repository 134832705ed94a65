//! What the catalog says of who has registered last.

use super::world::*;
use crate::clock::Timestamp;
use crate::domain::{OrderNumber, Run, StoreId, Term};
use crate::messages::catalog::Recalled;
use crate::view_service::rules::{CheckRegistration, Command, Next, Procedure, Reply, Step, Task};

const ALL: &[u8] = &[1, 2, 3];

fn asked(rules: &mut crate::view_service::rules::ViewRules, at_ms: u64) -> bool {
    rules.tick(Timestamp::default() + MS * u32::try_from(at_ms).expect("a few seconds"));
    rules.take_commands().contains(&Command::Start(Task::CheckRegistration))
}

// Rule M6.
#[test]
fn the_catalog_is_asked_now_and_then_and_only_by_one_that_has_begun() {
    let mut before = started(file(Some(view_by(2, 4, 3, ALL))));
    assert!(!asked(&mut before, 9000), "it registers itself first");
    let mut rules = rules(view(5, 3, ALL));
    let asked: Vec<_> = [1999, 2000, 2001, 3999, 4000].map(|at| asked(&mut rules, at)).to_vec();
    assert_eq!(asked, [false, true, false, false, true]);
}

// Rule M6.
#[test]
fn a_front_end_ends_when_the_catalog_remembers_one_that_it_does_not_know() {
    let own = rules(view(5, 3, ALL)).views.file().clone();
    let (store, run) = (own.store.expect("it has begun"), own.line.last().expect("a run"));
    let stranger = Run::new(0xbad);
    for (case, remembered, ends) in [
        ("itself", Some((store, run)), false),
        ("another", Some((store, stranger)), true),
        ("another store's", Some((StoreId::new(0xbad), stranger)), false),
        ("nobody: its memory is gone", None, false),
    ] {
        let mut rules = rules(view(5, 3, ALL));
        let mut check = CheckRegistration::default();
        assert_eq!(check.resume(&mut rules, Reply::Begun, Timestamp(0)), Next::Step(Step::Recall));
        let (term, settled) = (Term::default(), OrderNumber::NONE);
        let recalled = Recalled { store: remembered, term, settled, purchases: settled };
        let reply = Reply::Recalled(Some(recalled));
        assert_eq!(check.resume(&mut rules, reply, Timestamp(0)), Next::Done(()), "{case}");
        let ended = matches!(rules.take_commands()[..], [Command::End(_)]);
        assert_eq!(ended, ends, "{case}");
    }
}
