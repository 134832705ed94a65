//! The simulated network: what is sent travels on its own, and a reply belongs to the very call it answers.
//!
//! Nothing recalls a request: its caller may give up, or crash, and it arrives all the same. A request can be
//! lost, late, doubled, overtaken, held or refused; a reply can be all of that but doubled, because a
//! connection delivers one reply. Which of it happens is drawn per link, so that traffic elsewhere does not
//! change what one link does.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::{Poll, Waker};

use bytes::Bytes;
use futures_util::future::{self, LocalBoxFuture};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use toystore_actors::net::NetError;
use toystore_checks::time::Nanos;

use super::conditions::NetworkConditions;
use super::packet::{Endpoint, Packet, PacketContent};

/// What the network did to messages.
#[derive(Debug, Clone, Copy, Default)]
#[allow(missing_docs, reason = "the fields say what they count")]
pub struct NetworkCounts {
    pub sent: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub delayed: u64,
    pub overtaken: u64,
    pub cut: u64,
    pub held: u64,
}

const SHORTEST_NANOS: Nanos = 50_000;
const SHUFFLE_NANOS: Nanos = 50_000_000;

#[derive(Debug)]
struct LinkState {
    rng: SmallRng,
    last_arrival: Nanos,
}

#[derive(Default)]
struct PendingReply {
    reply: Option<Result<Bytes, NetError>>,
    waker: Option<Waker>,
}

#[derive(Default)]
struct NetworkState {
    conditions: NetworkConditions,
    links: BTreeMap<(Endpoint, Endpoint), LinkState>,
    under_way: BTreeMap<u64, Packet>,
    held: Vec<Packet>,
    calls: BTreeMap<u64, Rc<RefCell<PendingReply>>>,
    next: u64,
    counts: NetworkCounts,
}

/// The network of a world. Scheduling the arrivals is the world's part.
pub struct Network {
    seed: u64,
    state: Rc<RefCell<NetworkState>>,
}

/// When a packet of some number arrives.
pub type Arrival = (Nanos, u64);

impl Network {
    /// A network whose fates follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Network {
        Network { seed, state: Rc::default() }
    }

    /// Sets what happens to messages from now on. Returns what is released by it.
    pub fn set_conditions(&self, conditions: NetworkConditions) -> Vec<Packet> {
        let mut state = self.state.borrow_mut();
        state.conditions = conditions;
        let NetworkState { conditions, held, .. } = &mut *state;
        held.extract_if(.., |packet| !conditions.clogged.contains(&(packet.from, packet.to))).collect()
    }

    /// Opens a call. Its future is the reply; dropping it only stops the waiting.
    pub fn open_call(&self) -> (u64, LocalBoxFuture<'static, Result<Bytes, NetError>>) {
        let mut state = self.state.borrow_mut();
        let call = state.next;
        state.next += 1;
        let pending = Rc::<RefCell<PendingReply>>::default();
        state.calls.insert(call, pending.clone());
        let waiting = WaitingCall { call, state: self.state.clone() };
        let reply = future::poll_fn(move |cx| {
            let mut pending = pending.borrow_mut();
            match pending.reply.take() {
                Some(reply) => Poll::Ready(reply),
                None => {
                    pending.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        });
        (
            call,
            Box::pin(async move {
                let reply = reply.await;
                drop(waiting);
                reply
            }),
        )
    }

    /// Sends a message; returns when it arrives: never, once, or twice.
    pub fn send(&self, now: Nanos, packet: &Packet) -> Vec<Arrival> {
        let mut state = self.state.borrow_mut();
        let NetworkState { conditions, links, under_way, next, counts, .. } = &mut *state;
        counts.sent += 1;
        let link_id = (packet.from, packet.to);
        if conditions.cut.contains(&link_id) {
            counts.cut += 1;
            return Vec::new();
        }
        let seed = self.seed;
        let link = links.entry(link_id).or_insert_with(|| LinkState {
            rng: SmallRng::seed_from_u64(seed ^ link_number(link_id)),
            last_arrival: 0,
        });
        if link.rng.random_bool(conditions.loss) {
            counts.lost += 1;
            return Vec::new();
        }
        let doubled =
            matches!(packet.content, PacketContent::Request(_)) && link.rng.random_bool(conditions.duplicate);
        counts.duplicated += u64::from(doubled);
        (0..=u8::from(doubled))
            .map(|_| {
                let arrival = arrival(now, link, conditions, counts);
                let number = *next;
                *next += 1;
                under_way.insert(number, packet.clone());
                (arrival, number)
            })
            .collect()
    }

    /// Takes a packet that arrives; `None` when it was lost on the way or is held.
    pub fn arrive(&self, number: u64) -> Option<Packet> {
        let mut state = self.state.borrow_mut();
        let packet = state.under_way.remove(&number)?;
        let link_id = (packet.from, packet.to);
        if state.conditions.cut.contains(&link_id) {
            state.counts.cut += 1;
            return None;
        }
        if state.conditions.clogged.contains(&link_id) {
            state.counts.held += 1;
            state.held.push(packet);
            return None;
        }
        Some(packet)
    }

    /// Hands a reply to its call, if somebody still waits for it and has had none.
    pub fn answer(&self, call: u64, reply: Result<Bytes, NetError>) -> bool {
        let Some(pending) = self.state.borrow_mut().calls.remove(&call) else { return false };
        let mut pending = pending.borrow_mut();
        pending.reply = Some(reply);
        if let Some(waker) = pending.waker.take() {
            waker.wake();
        }
        true
    }

    /// What the network did so far.
    #[must_use]
    pub fn counts(&self) -> NetworkCounts {
        self.state.borrow().counts
    }
}

/// Forgets a call that nobody waits for any more.
struct WaitingCall {
    call: u64,
    state: Rc<RefCell<NetworkState>>,
}

impl Drop for WaitingCall {
    fn drop(&mut self) {
        self.state.borrow_mut().calls.remove(&self.call);
    }
}

fn arrival(
    now: Nanos,
    link: &mut LinkState,
    conditions: &NetworkConditions,
    counts: &mut NetworkCounts,
) -> Nanos {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a positive number of nanoseconds"
    )]
    let mut travel =
        SHORTEST_NANOS + (-(1.0 - link.rng.random::<f64>()).ln() * conditions.mean_nanos as f64) as Nanos;
    if link.rng.random_bool(conditions.delay) {
        counts.delayed += 1;
        travel += link.rng.random_range(0..=conditions.delay_nanos);
    }
    if conditions.shuffle {
        travel += link.rng.random_range(0..=SHUFFLE_NANOS);
    }
    let arrival = now + travel;
    if arrival < link.last_arrival {
        if conditions.reorder || conditions.shuffle {
            counts.overtaken += 1;
        } else {
            return link.last_arrival;
        }
    }
    link.last_arrival = link.last_arrival.max(arrival);
    arrival
}

fn link_number((from, to): (Endpoint, Endpoint)) -> u64 {
    let number = |endpoint| match endpoint {
        Endpoint::Process(process) => u64::from(process.number()),
        Endpoint::Client(number) => 0x400 + u64::from(number),
    };
    (number(from) << 32 | number(to)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
