//! A network without anybody.

use bytes::Bytes;
use futures_util::future::{LocalBoxFuture, ready};

use crate::net::{NetError, NodeId, Transport};

/// Nobody listens anywhere.
#[derive(Debug)]
pub struct NobodyListens;

impl Transport for NobodyListens {
    fn call(&self, _: NodeId, _: &'static str, _: Bytes) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
        Box::pin(ready(Err(NetError::Refused)))
    }
}
