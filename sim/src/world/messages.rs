//! Messages in a world: how they leave an endpoint, travel, and reach an actor.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use toystore_actors::domain::ReplicaId;
use toystore_actors::net::{self, BridgeError, Net, NetError, NodeId};
use toystore_actors::probe::Limit;
use toystore_checks::data::{Promise, Violation};
use toystore_checks::time::ClockSetting;

use super::note::TraceNote;
use super::process::Running;
use super::state::World;
use super::transport::SimTransport;
use crate::coverage::Occurrence;
use crate::platform::clock::NodeClock;
use crate::platform::network::{Endpoint, Packet, PacketContent};
use crate::platform::process::ProcessId;
use crate::platform::timeline::NodeDue;

impl World {
    /// Calls a node on behalf of an endpoint.
    pub fn call(
        &self,
        from: Endpoint,
        to: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
        let (call, reply) = self.network.open_call();
        let to = Endpoint::Process(self.faults.borrow().address(from, to));
        self.send(Packet { call, from, to, name, content: PacketContent::Request(body) });
        reply
    }

    /// The way into the store for a shopper, and its clock, which does not drift.
    pub fn client_net(&self, number: u8) -> (Net, Arc<NodeClock>) {
        let clock = Arc::new(NodeClock::new(self.timeline.clone(), ClockSetting::default()));
        let transport = SimTransport {
            world: self.me.clone(),
            from: Endpoint::Client(number),
            alive: Rc::new(Cell::new(true)),
        };
        (Net::of_a_stranger(Rc::new(transport), clock.clone()), clock)
    }

    pub(super) fn send(&self, packet: Packet) {
        let arrivals = self.network.send(self.now(), &packet);
        if arrivals.len() != 1 {
            let lost = arrivals.is_empty();
            self.record
                .note(None, &if lost { TraceNote::Lost(&packet) } else { TraceNote::Doubled(&packet) });
        }
        for (arrival, number) in arrivals {
            self.timeline.at(arrival, NodeDue::Packet(number));
        }
    }

    /// A message has arrived.
    pub fn deliver(&self, packet: Packet) {
        let at = match packet.to {
            Endpoint::Process(id) => Some(id),
            Endpoint::Client(_) => None,
        };
        self.record.note(at, &TraceNote::Arrives(&packet));
        match (packet.content, packet.to) {
            (PacketContent::Reply(reply), _) => {
                if let Err(NetError::Malformed(why)) = &reply {
                    self.record.broken(Violation::new(
                        Promise::WellFormed,
                        [format!("{} {}: {why}", packet.to, packet.name)],
                    ));
                }
                self.network.answer(packet.call, reply);
            }
            (PacketContent::Request(_), Endpoint::Client(_)) => {}
            (PacketContent::Request(body), Endpoint::Process(id)) => {
                let packet = Packet { content: PacketContent::Request(body.clone()), ..packet };
                self.receive(id, packet, body);
            }
        }
    }

    fn receive(&self, id: ProcessId, packet: Packet, body: Bytes) {
        let mut processes = self.processes.borrow_mut();
        let Some(process) = processes.get_mut(&id) else { return };
        if process.paused {
            process.inbox.push(packet);
            return;
        }
        let bridge = match &process.running {
            running @ Running::Up { bridge, .. } => {
                let over = running.gauges().into_iter().find(|(_, now, limit)| now > limit);
                if let Some((what, now, limit)) = over {
                    let fact = format!("{id} has {now} under way, of {what:?}, and may have {limit}");
                    self.record.broken(Violation::new(Promise::WithinLimits, [fact]));
                }
                bridge.clone()
            }
            Running::Down { silent } => {
                let silent = *silent;
                drop(processes);
                if !silent {
                    self.reply(&packet, Err(NetError::Refused));
                }
                return;
            }
        };
        let number = process.next;
        process.next += 1;
        let name = packet.name;
        let meant = is_meant(&body, id, &process.replicas);
        process.under_way.insert(number, packet);
        drop(processes);
        let world = self.rc();
        let dispatch = async move {
            let reply = bridge.dispatch(name, body).await;
            match (&reply, meant) {
                (Ok(_), false) => world
                    .record
                    .broken(Violation::new(Promise::OnlyReceiverAnswers, [format!("{id} {name}")])),
                (Err(BridgeError::Misdirected(_)), _) => world.record.count(Occurrence::Misdirected),
                (Err(BridgeError::Overloaded), _) => world.record.count(Limit::Calls),
                _ => {}
            }
            let packet = {
                let mut processes = world.processes.borrow_mut();
                processes.get_mut(&id).and_then(|process| process.under_way.remove(&number))
            };
            if let Some(packet) = packet {
                world.reply(&packet, reply.map_err(NetError::from));
            }
        };
        self.executor.spawn(Some(id), Box::pin(dispatch));
    }

    pub(super) fn reply(&self, request: &Packet, reply: Result<Bytes, NetError>) {
        let Packet { call, from, to, name, .. } = *request;
        self.send(Packet { call, from: to, to: from, name, content: PacketContent::Reply(reply) });
    }
}

/// Whether a process is whom a call is for, and its sender one whom it knows.
fn is_meant(call: &Bytes, id: ProcessId, replicas: &[ReplicaId]) -> bool {
    // What is no call at all is seen elsewhere.
    net::open(call).is_ok_and(|(envelope, _)| {
        let known = !matches!(envelope.from, Some(NodeId::Order(from)) if !replicas.contains(&from));
        envelope.to == id.node && known
    })
}
