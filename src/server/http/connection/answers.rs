//! What is around the services of a server.

use std::error::Error;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready as ready_or_wait};

use actix_http::{ConnectionType, Method, Payload, Request, Response};
use actix_service::{IntoServiceFactory, Service as _, ServiceFactory, apply_fn_factory};
use actix_web::ResponseError as _;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::future::{Either, ready};
use futures_util::{FutureExt as _, Stream};

use super::super::shared::answer_memory::{AnswerMemory, Reservation, SharedReservation};
use super::super::shared::errors::ApiError;
use super::exchange::Exchange;
use super::limits::{LONG, PIECE};

/// Puts around the services what a connection's socket must know of them: whether they want the body, and when the
/// answer is ready. What the socket refused is answered here.
pub fn around<S, I>(
    services: I,
    memory: Arc<AnswerMemory>,
) -> impl ServiceFactory<
    Request,
    Config = (),
    Response = Response<PacedBody>,
    Error = S::Error,
    InitError = S::InitError,
    Service = impl actix_service::Service<Request, Response = Response<PacedBody>, Error = S::Error>,
>
where
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = ()>,
    S::Response: Into<Response<BoxBody>>,
    S::Error: Into<Response<BoxBody>>,
{
    apply_fn_factory(services, move |request: Request, services: &S::Service| {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let exchange = request.conn_data::<Rc<Exchange>>().cloned().unwrap_or_default();
        let answer = match exchange.refusal() {
            Some(refusal) => Either::Left(ready(refusal.error_response().into())),
            None => {
                let answer = services.call(demanding(request, &exchange));
                Either::Right(answer.map(|answer| answer.map_or_else(Into::into, Into::into)))
            }
        };
        let memory = memory.clone();
        async move {
            let response: Response<BoxBody> = answer.await;
            let (mut response, taken) = if reads { reserved(response, &memory) } else { (response, None) };
            if taken.is_some() {
                exchange.enlarge();
            }
            if !exchange.is_received() {
                response.head_mut().set_connection_type(ConnectionType::Close);
            }
            Ok(response.map_body(|_, body| PacedBody { body, piece: Bytes::new(), exchange, _taken: taken }))
        }
    })
}

/// The memory that an answer takes.
enum Reserved {
    Alone { _reservation: Reservation },
    Shared { _reservation: Arc<Reservation> },
}

/// Takes the memory that an answer needs, or says that there is none. That may be said of answers to questions only: what
/// was asked for otherwise is done.
fn reserved(
    response: Response<BoxBody>,
    memory: &Arc<AnswerMemory>,
) -> (Response<BoxBody>, Option<Reserved>) {
    let length = match response.body().size() {
        BodySize::Sized(length) => usize::try_from(length).unwrap_or(usize::MAX),
        _ => 0,
    };
    if length <= LONG {
        return (response, None);
    }
    let common = response.extensions().get::<SharedReservation>().cloned();
    let taken = match common {
        Some(common) => {
            common.take(memory, length).map(|reservation| Reserved::Shared { _reservation: reservation })
        }
        None => memory.take(length).map(|reservation| Reserved::Alone { _reservation: reservation }),
    };
    if taken.is_some() {
        return (response, taken);
    }
    let full = ApiError::unavailable("there is no room for long answers at the moment; ask again");
    (full.error_response().into(), None)
}

/// The request, with a body that is read when it is asked for.
fn demanding(mut request: Request, exchange: &Rc<Exchange>) -> Request {
    let body = request.take_payload();
    if !matches!(body, Payload::None) {
        let exchange = exchange.clone();
        *request.payload() = Payload::Stream { payload: Box::pin(Demand { body, exchange }) };
    }
    request
}

struct Demand {
    body: Payload,
    exchange: Rc<Exchange>,
}

impl Stream for Demand {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.body).poll_next(cx);
        if next.is_pending() && self.exchange.want() {
            cx.waker().wake_by_ref();
        }
        next
    }
}

/// The body of an answer. actix-http copies what it is given into a buffer before it writes it, and keeps the buffer; so it is
/// given a piece at a time.
pub struct PacedBody {
    body: BoxBody,
    piece: Bytes,
    exchange: Rc<Exchange>,
    _taken: Option<Reserved>,
}

impl MessageBody for PacedBody {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.piece.is_empty() {
            match ready_or_wait!(Pin::new(&mut self.body).poll_next(cx)) {
                Some(Ok(piece)) => self.piece = piece,
                end => return Poll::Ready(end),
            }
        }
        let length = self.piece.len().min(PIECE);
        Poll::Ready(Some(Ok(self.piece.split_to(length))))
    }
}

/// actix-http drops the body when it has the last of it, or needs none of it.
impl Drop for PacedBody {
    fn drop(&mut self) {
        self.exchange.answer();
    }
}

#[cfg(test)]
mod tests {
    use actix_web::HttpResponse;

    use super::*;

    #[test]
    fn long_answers_take_room() {
        let memory = Arc::new(AnswerMemory::default());
        let (first, second) = (SharedReservation::default(), SharedReservation::default());
        let mut all = Vec::new();
        for (length, common, takes, status) in [
            (LONG, None, false, 200),
            (LONG + 1, None, true, 200),
            (31 << 20, None, true, 200),
            (31 << 20, Some(&first), true, 200),
            // Now there is memory for less than this.
            (2 << 20, None, false, 503),
            (2 << 20, Some(&second), false, 503),
            // This has its memory already.
            (31 << 20, Some(&first), true, 200),
            (LONG, None, false, 200),
        ] {
            let mut response = HttpResponse::Ok().body(vec![b' '; length]);
            if let Some(common) = common {
                response.extensions_mut().insert(common.clone());
            }
            let (response, taken) = reserved(response.into(), &memory);
            assert_eq!((taken.is_some(), response.status().as_u16()), (takes, status), "{length}");
            all.push(taken);
        }
        drop(all);
        assert!(second.take(&memory, 2 << 20).is_some(), "that there was none once says nothing of now");
        assert!(memory.take(64 << 20).is_some(), "all of it is given back");
    }
}
