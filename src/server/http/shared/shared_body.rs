//! A body that many clients are given at the same time.

use actix_web::HttpResponse;
use bytes::Bytes;

use super::answer_memory::SharedReservation;
use super::shapes::ready_made;

/// A body that many have at the same time.
#[derive(Debug, Clone)]
pub struct SharedBody {
    body: Bytes,
    memory: SharedReservation,
}

impl SharedBody {
    /// Nobody has it yet.
    pub fn new(body: Bytes) -> SharedBody {
        SharedBody { body, memory: SharedReservation::default() }
    }
}

/// What is the same for whoever has it.
impl PartialEq for SharedBody {
    fn eq(&self, other: &SharedBody) -> bool {
        self.body == other.body
    }
}

/// As [`ready_made`], for such a body.
pub fn shared(shared: SharedBody) -> HttpResponse {
    let mut answer = ready_made(shared.body);
    answer.extensions_mut().insert(shared.memory);
    answer
}
