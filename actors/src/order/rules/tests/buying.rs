use crate::domain::Term;
use crate::messages::catalog::Refusal;
use crate::net::NetError;
use crate::order::rules::buying::{AfterCall, after_call};

/// Rule C5.
#[test]
fn a_buy_is_repeated_until_it_is_answered() {
    let superseded = Refusal::Superseded { term: Term::default(), batch: 3 };
    for (outcome, expected) in [
        (Ok(Ok("sold")), AfterCall::Take("sold")),
        (Ok(Err(superseded)), AfterCall::Superseded),
        (Ok(Err(Refusal::Starting)), AfterCall::Again(Some(Refusal::Starting))),
        (Ok(Err(Refusal::Lost)), AfterCall::Again(Some(Refusal::Lost))),
        (Err(NetError::TimedOut), AfterCall::Again(None)),
        (Err(NetError::Lost), AfterCall::Again(None)),
        (Err(NetError::Refused), AfterCall::Again(None)),
        (Err(NetError::Overloaded), AfterCall::Again(None)),
    ] {
        assert_eq!(after_call(outcome.clone()), expected, "{outcome:?}");
    }
}
