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

use super::super::errors::ApiError;
use super::exchange::Exchange;
use super::room::{Place, Room};
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
            let (mut response, place) = if reads { placed(response, &room) } else { (response, None) };
            if place.is_some() {
                exchange.enlarge();
            }
            if !exchange.is_received() {
                response.head_mut().set_connection_type(ConnectionType::Close);
            }
            Ok(response.map_body(|_, body| Answer { body, piece: Bytes::new(), exchange, _place: place }))
        }
    })
}

/// Marks an answer that many clients share.
pub struct Common;

/// Takes the room that an answer needs, or says that there is none. That may be said of answers to questions only: what
/// was asked for otherwise is done.
fn placed(response: Response<BoxBody>, room: &Arc<Room>) -> (Response<BoxBody>, Option<Place>) {
    let length = match response.body().size() {
        BodySize::Sized(length) => usize::try_from(length).unwrap_or(usize::MAX),
        _ => 0,
    };
    if length <= LONG || response.extensions().contains::<Common>() {
        return (response, None);
    }
    match room.take(length) {
        Some(place) => (response, Some(place)),
        None => {
            let full = ApiError::unavailable("there is no room for long answers at the moment; ask again");
            (full.error_response().into(), None)
        }
    }
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
    _place: Option<Place>,
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
    fn long_answers_that_nobody_shares_take_room() {
        let room = Arc::new(Room::default());
        let mut places = Vec::new();
        for (length, common, placed_at, status) in [
            (LONG, false, false, 200),
            (LONG + 1, false, true, 200),
            (63 << 20, false, true, 200),
            // Now there is room for less than this.
            (2 << 20, false, false, 503),
            (2 << 20, true, false, 200),
            (LONG, false, false, 200),
        ] {
            let mut response = HttpResponse::Ok().body(vec![b' '; length]);
            if common {
                response.extensions_mut().insert(Common);
            }
            let (response, place) = placed(response.into(), &room);
            assert_eq!(
                (place.is_some(), response.status().as_u16()),
                (placed_at, status),
                "{length} {common}"
            );
            places.push(place);
        }
    }
}
