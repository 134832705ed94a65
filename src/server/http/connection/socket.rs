//! What actix-http reads from and writes to.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::super::shared::answer_memory::AnswerMemory;
use super::super::shared::errors::ApiError;
use super::deadline::Deadline;
use super::exchange::Exchange;
use super::framing::BodyFraming;
use super::head::{self, Head, Parsed};
use super::limits::{
    HEAD_LIMIT, LINGER_BYTES, LINGER_LIMIT, READ_AHEAD, STALL_BYTES, STALL_LIMIT, TIGHT_STALL_LIMIT,
};
use crate::server::host::Hold;

/// What actix-http reads instead of a request that is refused. The services never see it: whoever is around them
/// answers it with the refusal.
const PLACEHOLDER: &[u8] = b"GET / HTTP/1.1\r\nhost: -\r\nconnection: close\r\n\r\n";

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A client's connection.
pub struct Connection {
    stream: TcpStream,
    exchange: Rc<Exchange>,
    keep_alive: Duration,
    memory: Arc<AnswerMemory>,
    hold: Hold,
    stage: Stage,
    /// What has been read and not been handed on.
    held: BytesMut,
    /// How much of it may be handed on now.
    cleared: usize,
    /// The client sends no more.
    ended: bool,
    /// This head is being timed.
    timed: bool,
    /// The answer to this request is written.
    written: bool,
    /// Nothing is handed on after this request.
    last: bool,
    deadline: Deadline,
    /// What there is to write still of the client's leave to send its body.
    leave: &'static [u8],
    stall: Option<Stall>,
    linger: Option<usize>,
}

enum Stage {
    /// The next request has not come, or not the whole of its head.
    Head,
    /// Its head is handed on, and not the whole of its body.
    Body { body: BodyFraming, waits: bool },
    /// It is handed on, and the answer is not written.
    Answer,
    /// Nothing more is handed on.
    Over,
}

/// An answer that is not being taken.
struct Stall {
    since: Instant,
    taken: usize,
}

/// What becomes of a read.
enum Step {
    Again,
    Read,
    Wait,
    End,
}

impl Connection {
    /// `keep_alive` is how long it may be idle between requests.
    pub fn new(stream: TcpStream, keep_alive: Duration, memory: Arc<AnswerMemory>, hold: Hold) -> Connection {
        let mut deadline = Deadline::default();
        deadline.set(Instant::now() + HEAD_LIMIT);
        let exchange = Rc::new(Exchange::default());
        exchange.begin(true, false);
        Connection {
            stream,
            exchange,
            keep_alive,
            memory,
            hold,
            stage: Stage::Head,
            held: BytesMut::new(),
            cleared: 0,
            ended: false,
            timed: true,
            written: false,
            last: false,
            deadline,
            leave: b"",
            stall: None,
            linger: None,
        }
    }

    /// What the services know of it.
    pub fn exchange(&self) -> &Rc<Exchange> {
        &self.exchange
    }

    fn step(&mut self) -> Step {
        match self.stage {
            Stage::Head => self.next_head(),
            Stage::Body { .. } => self.more_body(),
            Stage::Answer if self.written && self.last => self.over(),
            Stage::Answer if self.written => self.next_request(),
            Stage::Answer if self.ended && self.held.is_empty() => Step::End,
            // Read on, so that it is noticed when the client goes.
            Stage::Answer if !self.ended && !self.last && self.held.len() < READ_AHEAD => Step::Read,
            Stage::Answer => Step::Wait,
            Stage::Over => Step::End,
        }
    }

    fn over(&mut self) -> Step {
        self.stage = Stage::Over;
        Step::End
    }

    fn next_request(&mut self) -> Step {
        self.stage = Stage::Head;
        self.timed = false;
        self.deadline.set(Instant::now() + self.keep_alive);
        Step::Again
    }

    fn next_head(&mut self) -> Step {
        // Empty lines before a request are nothing (RFC 9112, 2.2): old clients send one behind a body.
        let empty = self.held.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.held.advance(empty);
        if !self.held.is_empty() {
            match head::parse(&self.held) {
                Parsed::Whole(head) => return self.begin(head),
                Parsed::Refused(error) => return self.refuse(error),
                Parsed::Partial if !self.timed => {
                    self.timed = true;
                    self.deadline.set(Instant::now() + HEAD_LIMIT);
                }
                Parsed::Partial => {}
            }
        }
        if self.ended { self.over() } else { Step::Read }
    }

    /// There is nothing to read.
    fn wait(&mut self, cx: &mut Context<'_>) -> Step {
        if !matches!(self.stage, Stage::Head) || !self.deadline.is_over(cx) {
            return Step::Wait;
        }
        if self.held.is_empty() { self.over() } else { self.refuse(ApiError::head_too_slow(HEAD_LIMIT)) }
    }

    /// Hands on a head that is held.
    fn begin(&mut self, head: Head) -> Step {
        let Head { length, body, waits, plain } = head;
        self.cleared = length;
        if let Some(plain) = plain {
            let rest = self.held.split_off(length);
            self.cleared = plain.len();
            self.held = BytesMut::from(&plain[..]);
            self.held.unsplit(rest);
        }
        self.enter(body, waits);
        Step::Again
    }

    fn enter(&mut self, body: Option<BodyFraming>, waits: bool) {
        self.exchange.begin(body.is_none(), waits);
        self.stage = body.map_or(Stage::Answer, |body| Stage::Body { body, waits });
        self.written = false;
        self.deadline.clear();
    }

    fn refuse(&mut self, error: ApiError) -> Step {
        self.enter(None, false);
        self.exchange.refuse(error);
        self.last = true;
        self.held = BytesMut::from(PLACEHOLDER);
        self.cleared = PLACEHOLDER.len();
        Step::Again
    }

    fn more_body(&mut self) -> Step {
        let Stage::Body { body, waits } = &mut self.stage else { return Step::Again };
        // Nobody will read the rest.
        if self.exchange.is_answered() {
            return self.over();
        }
        let allowed = self.exchange.allowed();
        if allowed == 0 {
            return Step::Wait;
        }
        if self.held.is_empty() {
            if self.ended {
                return self.over();
            }
            if *waits && self.exchange.is_wanted() {
                *waits = false;
                self.leave = CONTINUE;
            }
            return Step::Read;
        }
        *waits = false;
        let Ok(taken) = body.take(&self.held[..allowed.min(self.held.len())]) else { return self.over() };
        self.exchange.handed_on(taken);
        self.cleared = taken;
        if body.is_complete() {
            self.exchange.receive();
            self.stage = Stage::Answer;
        }
        Step::Again
    }

    fn hand_on(&mut self, buffer: &mut ReadBuf<'_>) {
        let count = self.cleared.min(buffer.remaining());
        buffer.put_slice(&self.held[..count]);
        self.held.advance(count);
        self.cleared -= count;
        if self.held.is_empty() {
            // Most connections are idle most of the time.
            self.held = BytesMut::new();
        }
    }

    /// Reads what there is. Says whether it may stay in the buffer: nearly always it is one whole request.
    fn read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let read = &buffer.filled()[before..];
        if read.is_empty() {
            self.ended = true;
            return Poll::Ready(Ok(false));
        }
        if self.held.is_empty() && matches!(self.stage, Stage::Head) && head::is_one_request(read) {
            self.enter(None, false);
            return Poll::Ready(Ok(true));
        }
        self.held.extend_from_slice(read);
        buffer.set_filled(before);
        Poll::Ready(Ok(false))
    }

    /// Tells the client to send its body.
    fn poll_leave(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.leave.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, self.leave))?;
            self.leave = &self.leave[written..];
        }
        Poll::Ready(Ok(()))
    }

    /// The client takes nothing at the moment.
    fn stalled(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        loop {
            let now = Instant::now();
            let since = self.stall.get_or_insert(Stall { since: now, taken: 0 }).since;
            let gives_way = self.exchange.is_large() && self.memory.is_tight();
            let limit = since + if gives_way { TIGHT_STALL_LIMIT } else { STALL_LIMIT };
            if now >= limit {
                // Without this the system would keep what was not taken for minutes.
                self.stream.set_zero_linger()?;
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not take its answer"));
            }
            self.deadline.set(limit.min(now + TIGHT_STALL_LIMIT));
            if !self.deadline.is_over(cx) {
                return Ok(());
            }
        }
    }

    fn taken(&mut self, bytes: usize) {
        if let Some(stall) = &mut self.stall {
            stall.taken += bytes;
            if stall.taken >= STALL_BYTES {
                self.stall = None;
            }
        }
    }

    /// Reads what the client still sends, so that it can read its answer.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending if self.is_at_rest() || self.deadline.is_over(cx) => {
                    return Poll::Ready(Ok(()));
                }
                Poll::Pending => return Poll::Pending,
            }
            self.last = true;
            let left = self.linger.get_or_insert(0);
            *left = left.saturating_sub(buffer.filled().len());
            if *left == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Whether the client has sent nothing that was not answered.
    fn is_at_rest(&self) -> bool {
        !self.last && self.held.is_empty() && self.exchange.is_received()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.hold.poll_open(cx));
        loop {
            if this.cleared > 0 {
                this.hand_on(buffer);
                return Poll::Ready(Ok(()));
            }
            let mut step = this.step();
            if let Step::Read = step {
                let _ = this.poll_leave(cx)?;
                step = match this.read(cx, buffer)? {
                    Poll::Ready(true) => return Poll::Ready(Ok(())),
                    Poll::Ready(false) => Step::Again,
                    Poll::Pending => this.wait(cx),
                };
            }
            match step {
                Step::Wait => return Poll::Pending,
                Step::End => return Poll::Ready(Ok(())),
                Step::Again | Step::Read => {}
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.hold.poll_open(cx));
        if this.poll_leave(cx)?.is_ready()
            && let Poll::Ready(written) = Pin::new(&mut this.stream).poll_write(cx, bytes)?
        {
            this.taken(written);
            return Poll::Ready(Ok(written));
        }
        this.stalled(cx)?;
        Poll::Pending
    }

    /// actix-http flushes when it has written all that it had.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.stall = None;
        if this.exchange.is_answered() && !this.written {
            this.written = true;
            let idle = matches!(this.stage, Stage::Answer) && this.held.is_empty() && !this.ended;
            if idle && !this.last {
                // Whoever reads has found nothing and will not look again before something comes: from now on it is the timer
                // that wakes the task.
                this.next_request();
                let _ = this.deadline.is_over(cx);
            } else if !idle {
                cx.waker().wake_by_ref();
            }
        }
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.hold.poll_open(cx));
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            this.linger = Some(LINGER_BYTES);
            this.deadline.set(Instant::now() + LINGER_LIMIT);
        }
        this.poll_linger(cx)
    }
}
