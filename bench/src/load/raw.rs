//! The client for HTTP and RESP: one thread, one `epoll`, requests made beforehand, two system calls a request.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::wire::Wire;
use super::{Done, Outcome, Plan, Recorder};
use crate::stop;

/// How long an answer may take until the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// One kind of request.
#[derive(Debug, Clone)]
pub struct Kind {
    /// How often it is drawn, beside the others.
    pub weight: u32,
    /// Ready to be sent; each is drawn as often as the others.
    pub requests: Vec<Vec<u8>>,
}

/// Whom to drive, with what.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// How it answers.
    pub wire: Wire,
    /// What it is asked.
    pub kinds: Vec<Kind>,
}

impl Target {
    /// Measures a load.
    ///
    /// # Errors
    /// When the connection breaks or answers cannot be understood.
    pub fn measure(&self, plan: &Plan) -> Result<Outcome> {
        let mut recorder = Recorder::new(plan, self.kinds.len());
        let until = recorder.until();
        self.drive(plan.clients, until, |done| recorder.note(done))?;
        Ok(recorder.outcome())
    }

    /// Drives it until a time, or until told to break.
    ///
    /// # Errors
    /// When the connection breaks, answers cannot be understood or do not come, or the run is to end.
    pub fn drive(
        &self,
        clients: usize,
        until: Instant,
        mut on_done: impl FnMut(Done) -> ControlFlow<()>,
    ) -> Result<()> {
        let mut poll = Poll::new()?;
        let mut draw = Draw::new(&self.kinds);
        let mut connections = Vec::with_capacity(clients);
        for index in 0..clients {
            let stream = std::net::TcpStream::connect(self.address)
                .with_context(|| format!("cannot connect to {}", self.address))?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(index), Interest::READABLE)?;
            connections.push(Connection::new(stream));
        }
        for connection in &mut connections {
            connection.send(&mut draw)?;
        }
        let mut events = Events::with_capacity(1024);
        let mut answered = Instant::now();
        let mut refusal_shown = false;
        loop {
            if let Err(error) = poll.poll(&mut events, Some(Duration::from_millis(50)))
                && error.kind() != ErrorKind::Interrupted
            {
                return Err(error.into());
            }
            stop::check()?;
            let now = Instant::now();
            if now >= until {
                return Ok(());
            }
            if now > answered + PATIENCE {
                bail!("{} has not answered for {PATIENCE:?}", self.address);
            }
            for event in &events {
                let connection = &mut connections[event.token().0];
                let Some(ok) = connection.receive(self.wire)? else { continue };
                answered = Instant::now();
                if !ok && !refusal_shown {
                    refusal_shown = true;
                    eprintln!("  note: {} answered {}", self.address, connection.shown());
                }
                let done = Done { kind: connection.kind, sent: connection.sent, at: answered, ok };
                if on_done(done).is_break() {
                    return Ok(());
                }
                connection.send(&mut draw)?;
            }
        }
    }
}

/// Draws the next request.
struct Draw<'a> {
    kinds: &'a [Kind],
    weights: u32,
    random: fastrand::Rng,
}

impl<'a> Draw<'a> {
    fn new(kinds: &'a [Kind]) -> Draw<'a> {
        let weights = kinds.iter().map(|kind| kind.weight).sum();
        Draw { kinds, weights, random: fastrand::Rng::with_seed(1) }
    }

    fn next(&mut self) -> (usize, &'a [u8]) {
        let mut ticket = self.random.u32(0..self.weights);
        let mut chosen = 0;
        while ticket >= self.kinds[chosen].weight {
            ticket -= self.kinds[chosen].weight;
            chosen += 1;
        }
        let requests = &self.kinds[chosen].requests;
        (chosen, &requests[self.random.usize(0..requests.len())])
    }
}

struct Connection {
    stream: TcpStream,
    kind: usize,
    sent: Instant,
    buffer: Box<[u8; 4096]>,
    filled: usize,
}

impl Connection {
    fn new(stream: TcpStream) -> Connection {
        Connection { stream, kind: 0, sent: Instant::now(), buffer: Box::new([0; 4096]), filled: 0 }
    }

    fn send(&mut self, draw: &mut Draw<'_>) -> Result<()> {
        let (kind, request) = draw.next();
        self.kind = kind;
        self.filled = 0;
        self.sent = Instant::now();
        // Nothing else is in the socket's buffer, and a request is far smaller than it.
        let written = self.stream.write(request).context("a request was not taken")?;
        if written < request.len() {
            bail!("a request was taken only in part");
        }
        Ok(())
    }

    /// Whether the answer is there, and whether it is the one wanted.
    fn receive(&mut self, wire: Wire) -> Result<Option<bool>> {
        loop {
            match self.stream.read(&mut self.buffer[self.filled..]) {
                Ok(0) => bail!("the connection was closed by the other side"),
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("no answer"),
            }
            if let Some(answer) = wire.answer(&self.buffer[..self.filled])? {
                if answer.length != self.filled {
                    bail!("more than one answer to a request");
                }
                return Ok(Some(answer.ok));
            }
            if self.filled == self.buffer.len() {
                bail!("an answer of more than {} bytes", self.filled);
            }
        }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.buffer[..self.filled]).escape_debug().take(300).collect()
    }
}
