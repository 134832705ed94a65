//! The network between the nodes: cut, slow, or losing what it carries, for each two of them.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{LocalBoxFuture, pending};
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::oneshot;
use toystore_actors::net::{NetError, NodeId, Transport};

use super::incarnation::Incarnation;
use super::node::Nodes;

/// What is wrong between two nodes, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkFault {
    /// Nothing arrives, as with a cable that was pulled out: who asks hears nothing until its own limit.
    Cut,
    /// Everything takes so much longer, each way.
    Slow(Duration),
    /// So many calls in a hundred do not arrive, and as many answers.
    Lossy(u32),
}

/// Two nodes, the lower first.
type Link = (NodeId, NodeId);

fn link(a: NodeId, b: NodeId) -> Link {
    if a < b { (a, b) } else { (b, a) }
}

/// All links that are not as they should be.
#[derive(Debug)]
pub struct Network {
    faults: Mutex<BTreeMap<Link, LinkFault>>,
    chance: Mutex<StdRng>,
}

impl Network {
    /// A network on which all is well; what gets lost later is drawn from this seed.
    pub fn new(seed: u64) -> Network {
        Network { faults: Mutex::default(), chance: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// How it is between two nodes from now on; `None` is well.
    pub fn set(&self, a: NodeId, b: NodeId, fault: Option<LinkFault>) {
        let mut faults = self.faults.lock();
        match fault {
            Some(fault) => faults.insert(link(a, b), fault),
            None => faults.remove(&link(a, b)),
        };
    }

    /// All is well from now on.
    pub fn heal(&self) {
        self.faults.lock().clear();
    }

    /// The links that are not well, and how they are.
    pub fn faults(&self) -> Vec<(Link, LinkFault)> {
        self.faults.lock().iter().map(|(link, fault)| (*link, *fault)).collect()
    }

    fn between(&self, a: NodeId, b: NodeId) -> Option<LinkFault> {
        self.faults.lock().get(&link(a, b)).copied()
    }

    /// What becomes of a message that is sent now.
    fn passage(&self, a: NodeId, b: NodeId) -> Passage {
        match self.between(a, b) {
            None => Passage::After(Duration::ZERO),
            Some(LinkFault::Cut) => Passage::Lost,
            Some(LinkFault::Slow(span)) => Passage::After(span),
            Some(LinkFault::Lossy(percent)) if self.chance.lock().random_ratio(percent.min(100), 100) => {
                Passage::Lost
            }
            Some(LinkFault::Lossy(_)) => Passage::After(Duration::ZERO),
        }
    }

    /// Carries one message, or an answer. It is lost, too, when the link is cut before it has arrived.
    async fn carry(&self, from: NodeId, to: NodeId) {
        match self.passage(from, to) {
            Passage::After(Duration::ZERO) => {}
            Passage::After(span) => {
                tokio::time::sleep(span).await;
                if self.between(from, to) == Some(LinkFault::Cut) {
                    pending().await
                }
            }
            Passage::Lost => pending().await,
        }
    }
}

/// What becomes of a message.
enum Passage {
    After(Duration),
    Lost,
}

/// The calls of one node.
pub struct LabTransport {
    me: NodeId,
    /// `None` for a node that is never taken down.
    incarnation: Option<Arc<Incarnation>>,
    network: Arc<Network>,
    nodes: Arc<Nodes>,
    carrier: Rc<dyn Transport>,
}

impl LabTransport {
    /// The calls of `me`, which `carrier` carries as far as the network lets them through.
    pub fn new(
        me: NodeId,
        network: Arc<Network>,
        nodes: Arc<Nodes>,
        carrier: Rc<dyn Transport>,
    ) -> LabTransport {
        let incarnation = nodes.get(me).map(|node| node.incarnation());
        LabTransport { me, incarnation, network, nodes, carrier }
    }
}

impl Transport for LabTransport {
    fn call(
        &self,
        to: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
        if self.incarnation.as_ref().is_some_and(|incarnation| incarnation.is_gone()) {
            return Box::pin(pending());
        }
        let (me, network, nodes, carrier) =
            (self.me, self.network.clone(), self.nodes.clone(), self.carrier.clone());
        let is_slow = matches!(network.between(me, to), Some(LinkFault::Slow(_)));
        let call = async move {
            network.carry(me, to).await;
            let answer = carrier.call(to, name, body).await;
            let answer = nodes.once_moving(to, answer).await;
            network.carry(to, me).await;
            answer
        };
        if !is_slow {
            return Box::pin(call);
        }
        // What is on its way arrives although the sender no longer waits for it.
        let (arrived, answer) = oneshot::channel();
        actix::spawn(async move {
            // The sender no longer waits.
            let _ = arrived.send(call.await);
        });
        Box::pin(async move {
            match answer.await {
                Ok(answer) => answer,
                Err(_) => pending().await,
            }
        })
    }

    fn place(&self, node: NodeId) -> Option<String> {
        self.carrier.place(node)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Instant;

    use futures_util::FutureExt as _;
    use toystore_actors::domain::ReplicaId;

    use super::*;

    const A: NodeId = NodeId::Order(ReplicaId::new(1));
    const B: NodeId = NodeId::Catalog;

    /// Answers every call, and counts what arrived.
    #[derive(Default)]
    struct Carrier(RefCell<u32>);

    impl Transport for Carrier {
        fn call(
            &self,
            _: NodeId,
            _: &'static str,
            _: Bytes,
        ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
            *self.0.borrow_mut() += 1;
            Box::pin(async { Ok(Bytes::from_static(b"answer")) })
        }
    }

    struct Rig {
        network: Arc<Network>,
        nodes: Arc<Nodes>,
        carrier: Rc<Carrier>,
        transport: LabTransport,
    }

    fn rig() -> Rig {
        let (network, nodes) = (Arc::new(Network::new(1)), Arc::new(Nodes::new([A, B])));
        let carrier = Rc::new(Carrier::default());
        let transport = LabTransport::new(A, network.clone(), nodes.clone(), carrier.clone());
        Rig { network, nodes, carrier, transport }
    }

    impl Rig {
        fn call(&self) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
            self.transport.call(B, "status", Bytes::new())
        }

        fn arrived(&self) -> u32 {
            *self.carrier.0.borrow()
        }
    }

    #[test]
    fn a_cut_link_is_silent_in_both_directions_until_it_is_healed() {
        for (a, b) in [(A, B), (B, A)] {
            let rig = rig();
            assert!(rig.call().now_or_never().is_some_and(|answer| answer.is_ok()));
            rig.network.set(a, b, Some(LinkFault::Cut));
            assert!(rig.call().now_or_never().is_none(), "not even that nobody is there");
            assert_eq!(rig.arrived(), 1);
            rig.network.heal();
            assert!(rig.call().now_or_never().is_some_and(|answer| answer.is_ok()));
        }
    }

    #[test]
    fn a_lossy_link_loses_calls_and_answers() {
        let rig = rig();
        rig.network.set(A, B, Some(LinkFault::Lossy(50)));
        let answered = (0..1000).filter(|_| rig.call().now_or_never().is_some()).count();
        let arrived = rig.arrived();
        assert!((400..600).contains(&arrived), "{arrived} of 1000 calls arrived");
        assert!((180..320).contains(&answered), "{answered} of 1000 calls were answered");
        rig.network.set(A, B, Some(LinkFault::Lossy(100)));
        assert!(rig.call().now_or_never().is_none());
        rig.network.set(A, B, None);
        assert!(rig.call().now_or_never().is_some());
    }

    #[test]
    fn what_is_slow_arrives_later_also_when_nobody_waits_for_it() {
        actix::System::new().block_on(async {
            let rig = rig();
            let each_way = Duration::from_millis(20);
            rig.network.set(A, B, Some(LinkFault::Slow(each_way)));
            let started = Instant::now();
            assert!(rig.call().await.is_ok());
            assert!(started.elapsed() >= 2 * each_way);
            drop(rig.call());
            let deadline = Instant::now() + Duration::from_secs(10);
            while rig.arrived() < 2 {
                assert!(Instant::now() < deadline, "it does not arrive");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }

    #[test]
    fn a_node_that_is_held_still_takes_a_call_and_does_not_answer_it() {
        let rig = rig();
        let node = rig.nodes.get(B).expect("it is in the lab").incarnation();
        node.pause();
        let mut call = rig.call();
        assert!((&mut call).now_or_never().is_none());
        assert_eq!(rig.arrived(), 1);
        node.resume();
        assert!(call.now_or_never().is_some_and(|answer| answer.is_ok()));
        node.pause();
        let mut call = rig.call();
        assert!((&mut call).now_or_never().is_none());
        node.kill();
        assert_eq!(call.now_or_never(), Some(Err(NetError::Lost)), "its connection breaks");
    }

    #[test]
    fn who_is_gone_sends_nothing_more() {
        let rig = rig();
        rig.nodes.get(A).expect("it is in the lab").incarnation().kill();
        assert!(rig.call().now_or_never().is_none());
        assert_eq!(rig.arrived(), 0);
    }
}
