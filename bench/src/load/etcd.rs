//! The client for etcd: its gRPC put over HTTP/2, encoded by hand.
//!
//! A general gRPC library would take more of the two cores that etcd shares with its client.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::future::join_all;
use h2::client::SendRequest;
use http::Request;
use tokio::net::TcpStream;
use tokio::task::spawn_local;

use super::{Done, Outcome, Plan, Recorder, on_this_thread};
use crate::stop;

/// Which of etcd's nodes to drive, and over how many connections each.
#[derive(Debug, Clone)]
pub struct Target {
    /// Client addresses.
    pub nodes: Vec<SocketAddr>,
    /// HTTP/2 connections to each, shared by all clients.
    pub connections: usize,
    /// What every key starts with, so that each run puts keys of its own.
    pub prefix: String,
}

impl Target {
    /// Measures puts, each of a new key.
    ///
    /// # Errors
    /// When a connection breaks or a put fails.
    pub fn measure(&self, plan: &Plan) -> Result<Outcome> {
        on_this_thread(self.drive(plan))
    }

    async fn drive(&self, plan: &Plan) -> Result<Recorder> {
        let mut channels = Vec::new();
        for address in &self.nodes {
            for _ in 0..self.connections {
                channels.push((*address, connect(*address).await?));
            }
        }
        let recorder = Rc::new(RefCell::new(Recorder::new(plan, 1)));
        let clients = (0..plan.clients).map(|client| {
            let (address, channel) = channels[client % channels.len()].clone();
            put_in_turn(address, channel, format!("{}/{client}", self.prefix), recorder.clone())
        });
        for ended in join_all(clients).await {
            ended?;
        }
        Rc::into_inner(recorder).map(RefCell::into_inner).context("a client still runs")
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Bytes>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (channel, connection) = h2::client::handshake(stream).await?;
    // It ends with the channel; what breaks it, the requests under way report.
    spawn_local(connection);
    Ok(channel)
}

async fn put_in_turn(
    address: SocketAddr,
    mut channel: SendRequest<Bytes>,
    prefix: String,
    recorder: Rc<RefCell<Recorder>>,
) -> Result<()> {
    for number in 0_u64.. {
        stop::check()?;
        let body = put_request(&format!("{prefix}/{number}"), r#"{"name":"Tux","quantity":1}"#);
        let sent = std::time::Instant::now();
        channel = put(address, channel, body).await?;
        let done = Done { kind: 0, sent, at: std::time::Instant::now(), ok: true };
        if recorder.borrow_mut().note(done) == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(())
}

async fn put(address: SocketAddr, channel: SendRequest<Bytes>, body: Bytes) -> Result<SendRequest<Bytes>> {
    let request = Request::post(format!("http://{address}/etcdserverpb.KV/Put"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())?;
    let mut channel = channel.ready().await?;
    let (response, mut stream) = channel.send_request(request, false)?;
    stream.send_data(body, true)?;
    let mut answer = response.await?.into_body();
    while let Some(data) = answer.data().await {
        let length = data?.len();
        answer.flow_control().release_capacity(length)?;
    }
    let trailers = answer.trailers().await?.context("an answer without a gRPC status")?;
    match trailers.get("grpc-status") {
        Some(status) if status == "0" => Ok(channel),
        _ => bail!("etcd refused a put: {trailers:?}"),
    }
}

/// `PutRequest { key = 1, value = 2 }` in gRPC's framing: not compressed, length, message.
fn put_request(key: &str, value: &str) -> Bytes {
    let mut message = BytesMut::with_capacity(16 + key.len() + value.len());
    message.put_u8(0);
    message.put_u32(0);
    for (tag, field) in [(0x0a, key), (0x12, value)] {
        message.put_u8(tag);
        // Shorter than 128 bytes, so that its length is one byte.
        message.put_u8(u8::try_from(field.len()).unwrap_or(0) & 0x7f);
        message.put_slice(field.as_bytes());
    }
    let length = u32::try_from(message.len() - 5).unwrap_or(0);
    message[1..5].copy_from_slice(&length.to_be_bytes());
    message.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_put_is_framed() {
        assert_eq!(&put_request("k", "vw")[..], b"\0\0\0\0\x07\x0a\x01k\x12\x02vw");
    }
}
