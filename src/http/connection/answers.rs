//! What is around the services of a server.

use std::error::Error;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready as ready_or_wait};

use actix_http::{ConnectionType, Payload, Request, Response};
use actix_service::{IntoServiceFactory, Service as _, ServiceFactory, apply_fn_factory};
use actix_web::ResponseError as _;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::future::{Either, ready};
use futures_util::{FutureExt as _, Stream};

use super::PIECE;
use super::exchange::Exchange;

/// Puts around the services what a connection's socket must know of them: whether they want the body, and when the
/// answer is ready. What the socket refused is answered here.
pub fn around<S, I>(
    services: I,
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
    apply_fn_factory(services, |request: Request, services: &S::Service| {
        let exchange = request.conn_data::<Rc<Exchange>>().cloned().unwrap_or_default();
        let answer = match exchange.refusal() {
            Some(refusal) => Either::Left(ready(refusal.error_response().into())),
            None => {
                let answer = services.call(demanding(request, &exchange));
                Either::Right(answer.map(|answer| answer.map_or_else(Into::into, Into::into)))
            }
        };
        async move {
            let mut response: Response<BoxBody> = answer.await;
            if !exchange.is_received() {
                response.head_mut().set_connection_type(ConnectionType::Close);
            }
            Ok(response.map_body(|_, body| Answer { body, piece: Bytes::new(), exchange }))
        }
    })
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
