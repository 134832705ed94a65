//! What a leader does when a call to the catalog comes back, or does not (C5): whatever the shopper was told meanwhile, it
//! is repeated until it is answered, for as long as the term lasts.

use crate::bugs::order as bent;
use crate::messages::catalog::Refusal;
use crate::net::NetError;

/// What to do after a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AfterCall<T> {
    /// It is answered.
    Take(T),
    /// The catalog knows a newer leader: the term is over.
    Superseded,
    /// Ask again, after a pause. The catalog may have said why it does nothing.
    Again(Option<Refusal>),
    /// Ask no more.
    GiveUp,
}

/// Judges the outcome of one call.
pub fn after_call<T>(outcome: Result<Result<T, Refusal>, NetError>) -> AfterCall<T> {
    match outcome {
        Ok(Ok(answer)) => AfterCall::Take(answer),
        Ok(Err(Refusal::Superseded { .. })) => AfterCall::Superseded,
        Ok(Err(why)) => AfterCall::Again(Some(why)),
        Err(_) if bent::gives_up_buying() => AfterCall::GiveUp,
        Err(_) => AfterCall::Again(None),
    }
}
