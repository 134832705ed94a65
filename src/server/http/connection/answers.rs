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

use super::super::shared::answer_memory::{Common, Place, Room};
use super::super::shared::errors::ApiError;
use super::exchange::Exchange;
use super::{LONG, PIECE};

/// Puts around the services what a connection's socket must know of them: whether they want the body, and when the
/// answer is ready. What the socket refused is answered here.
pub fn around<S, I>(
    services: I,
    room: Arc<Room>,
) -> impl ServiceFactory<
    Request,
    Config = (),
    Response = Response<Answer>,
    Error = S::Error,
    InitError = S::InitError,
    Service = impl actix_service::Service<Request, Response = Response<Answer>, Error = S::Error>,
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
        let room = room.clone();
        async move {
            let response: Response<BoxBody> = answer.await;
            let (mut response, taken) = if reads { placed(response, &room) } else { (response, None) };
            if taken.is_some() {
                exchange.enlarge();
            }
            if !exchange.is_received() {
                response.head_mut().set_connection_type(ConnectionType::Close);
            }
            Ok(response.map_body(|_, body| Answer { body, piece: Bytes::new(), exchange, _taken: taken }))
        }
    })
}

/// The room that an answer takes.
enum Taken {
    Alone { _place: Place },
    Together { _place: Arc<Place> },
}

/// Takes the room that an answer needs, or says that there is none. That may be said of answers to questions only: what
/// was asked for otherwise is done.
fn placed(response: Response<BoxBody>, room: &Arc<Room>) -> (Response<BoxBody>, Option<Taken>) {
    let length = match response.body().size() {
        BodySize::Sized(length) => usize::try_from(length).unwrap_or(usize::MAX),
        _ => 0,
    };
    if length <= LONG {
        return (response, None);
    }
    let common = response.extensions().get::<Common>().cloned();
    let taken = match common {
        Some(common) => common.take(room, length).map(|place| Taken::Together { _place: place }),
        None => room.take(length).map(|place| Taken::Alone { _place: place }),
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
pub struct Answer {
    body: BoxBody,
    piece: Bytes,
    exchange: Rc<Exchange>,
    _taken: Option<Taken>,
}

impl MessageBody for Answer {
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
impl Drop for Answer {
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
        let room = Arc::new(Room::default());
        let (first, second) = (Common::default(), Common::default());
        let mut all = Vec::new();
        for (length, common, takes, status) in [
            (LONG, None, false, 200),
            (LONG + 1, None, true, 200),
            (31 << 20, None, true, 200),
            (31 << 20, Some(&first), true, 200),
            // Now there is room for less than this.
            (2 << 20, None, false, 503),
            (2 << 20, Some(&second), false, 503),
            // This has its room already.
            (31 << 20, Some(&first), true, 200),
            (LONG, None, false, 200),
        ] {
            let mut response = HttpResponse::Ok().body(vec![b' '; length]);
            if let Some(common) = common {
                response.extensions_mut().insert(common.clone());
            }
            let (response, taken) = placed(response.into(), &room);
            assert_eq!((taken.is_some(), response.status().as_u16()), (takes, status), "{length}");
            all.push(taken);
        }
        drop(all);
        assert!(second.take(&room, 2 << 20).is_some(), "that there was none once says nothing of now");
        assert!(room.take(64 << 20).is_some(), "all of it is given back");
    }
}
