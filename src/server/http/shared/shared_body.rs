//! A body that many clients are given at the same time.

use actix_web::HttpResponse;
use bytes::Bytes;

use super::answer_memory::Common;
use super::shapes::ready_made;

/// A body that many have at the same time.
#[derive(Debug, Clone)]
pub struct Shared {
    body: Bytes,
    place: Common,
}

impl Shared {
    /// Nobody has it yet.
    pub fn new(body: Bytes) -> Shared {
        Shared { body, place: Common::default() }
    }
}

/// What is the same for whoever has it.
impl PartialEq for Shared {
    fn eq(&self, other: &Shared) -> bool {
        self.body == other.body
    }
}

/// As [`ready_made`], for such a body.
pub fn shared(shared: Shared) -> HttpResponse {
    let mut answer = ready_made(shared.body);
    answer.extensions_mut().insert(shared.place);
    answer
}
