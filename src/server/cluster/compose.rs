//! Puts together what is shown of the services from what each said.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use toystore_actors::domain::View;
use toystore_actors::messages::front_end::Readiness;
use toystore_actors::net::NodeId;

use super::ask::Answer;
use super::shapes::{NodeShown, Observed, Reach};

/// What is known when the services have been asked.
pub struct Known<'a> {
    /// The front-end itself.
    pub me: NodeId,
    /// Where each service listens.
    pub addresses: &'a BTreeMap<NodeId, SocketAddr>,
    /// What the others answered.
    pub answers: &'a BTreeMap<NodeId, Answer>,
    /// What orders wait for; `None` if the front-end does not say.
    pub readiness: Option<&'a Readiness>,
    /// Who leads.
    pub view: Option<&'a View>,
}

impl Known<'_> {
    /// All services, as they are shown.
    pub fn nodes(&self) -> Vec<NodeShown> {
        self.addresses.iter().map(|(node, address)| self.node(*node, *address)).collect()
    }

    fn node(&self, node: NodeId, address: SocketAddr) -> NodeShown {
        let reach = self.reach(node);
        let observed = self.observed(node);
        let in_sync = self.is_in_sync(node);
        let mut waits = observed.map(|observed| observed.waits.clone()).unwrap_or_default();
        for why in [self.refusal(node), self.waits_of_leader(node), self.waits_of_follower(node)] {
            if let Some(why) = why.filter(|_| waits.is_empty()) {
                waits = why;
            }
        }
        NodeShown {
            node: node.to_string(),
            kind: match node {
                NodeId::FrontEnd(_) => "front-end",
                NodeId::Catalog => "catalog",
                NodeId::Order(_) => "order",
            },
            address: address.to_string(),
            state: reach,
            role: self.role(node, observed),
            epoch: if node == self.me {
                self.view.map(|view| view.epoch.get())
            } else {
                observed.map(|o| o.epoch)
            },
            last: observed.map(|observed| observed.last),
            acknowledged: observed.map(|observed| observed.acknowledged),
            lag: self.lag(node),
            in_sync,
            waits,
        }
    }

    fn reach(&self, node: NodeId) -> Reach {
        if node == self.me {
            return if self.readiness.is_some() { Reach::Up } else { Reach::Silent };
        }
        self.answers.get(&node).map_or(Reach::Silent, Answer::reach)
    }

    fn observed(&self, node: NodeId) -> Option<&Observed> {
        match self.answers.get(&node)? {
            Answer::Observed(observed) => Some(observed),
            Answer::Refused(_) | Answer::Silent | Answer::Down => None,
        }
    }

    fn refusal(&self, node: NodeId) -> Option<String> {
        if node == self.me {
            return self.readiness.map(|readiness| readiness.why.clone());
        }
        match self.answers.get(&node)? {
            Answer::Refused(why) => Some(why.clone()),
            Answer::Observed(_) | Answer::Silent | Answer::Down => None,
        }
    }

    /// What it says it does; of one that does not say, nothing is claimed but what the others take it for.
    fn role(&self, node: NodeId, observed: Option<&Observed>) -> String {
        match (node, observed) {
            (NodeId::FrontEnd(_), _) => "front-end".into(),
            (NodeId::Catalog, _) => "catalog".into(),
            (NodeId::Order(_), Some(observed)) => observed.role.clone(),
            (NodeId::Order(_), None) => "unknown".into(),
        }
    }

    fn is_in_sync(&self, node: NodeId) -> Option<bool> {
        match (node, self.view) {
            (NodeId::Order(replica), Some(view)) => {
                let member = view.in_sync.run(replica);
                let run = self.observed(node).and_then(|observed| observed.run);
                // With another file it is another, whatever its number.
                Some(member.is_some() && run.is_none_or(|run| member == Some(run)))
            }
            _ => None,
        }
    }

    fn leader(&self) -> Option<NodeId> {
        self.view.map(|view| NodeId::Order(view.leader))
    }

    fn lag(&self, node: NodeId) -> Option<u64> {
        let NodeId::Order(_) = node else { return None };
        let leader = self.observed(self.leader()?)?;
        Some(leader.last.saturating_sub(self.observed(node)?.last))
    }

    /// An acknowledgement needs all in sync: the leader waits for one that does not answer until it lets it go.
    fn waits_of_leader(&self, node: NodeId) -> Option<String> {
        if Some(node) != self.leader() {
            return None;
        }
        let view = self.view?;
        let missing: Vec<_> = view
            .in_sync
            .ids()
            .map(NodeId::Order)
            .filter(|member| *member != node && self.reach(*member) != Reach::Up)
            .map(|member| member.to_string())
            .collect();
        (!missing.is_empty()).then(|| {
            format!("orders wait for {}, which is in sync and does not answer", missing.join(" and "))
        })
    }

    fn waits_of_follower(&self, node: NodeId) -> Option<String> {
        let behind = self.is_in_sync(node) == Some(false) && self.reach(node) == Reach::Up;
        behind.then(|| match self.leader() {
            Some(leader) if self.reach(leader) == Reach::Up => {
                format!("is being brought in sync by {leader}")
            }
            Some(leader) => {
                format!("waits for {leader}, which leads and does not answer, to be brought in sync")
            }
            None => "waits for a leader".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::{Epoch, FrontEndId, Line, ReplicaId, Run, StoreId};

    use super::*;

    const ME: NodeId = NodeId::FrontEnd(FrontEndId::new(1));

    fn order(id: u8) -> NodeId {
        NodeId::Order(ReplicaId::new(id))
    }

    fn says(role: &str, last: u64) -> Answer {
        Answer::Observed(Observed {
            role: role.into(),
            run: Some(Run::new(7)),
            last,
            epoch: 5,
            ..Observed::default()
        })
    }

    /// order-3 leads epoch 5; these are in sync.
    fn view(in_sync: &[u8]) -> View {
        let in_sync = in_sync.iter().map(|id| (ReplicaId::new(*id), Run::new(7))).collect();
        let (store, by, line) = (StoreId::new(1), Run::new(1), Line::default());
        View { store, by, line, epoch: Epoch::new(5), leader: ReplicaId::new(3), in_sync }
    }

    /// What is said of order-2 and order-3: what each waits for, and its lag.
    fn said(in_sync: &[u8], second: Answer, third: Answer) -> Vec<(String, Option<u64>)> {
        let nodes = [ME, NodeId::Catalog, order(1), order(2), order(3)];
        let addresses = nodes.map(|node| (node, SocketAddr::from(([127, 0, 0, 1], 80)))).into();
        let well = Readiness { ready: true, waiting_for: Vec::new(), why: String::new() };
        let view = view(in_sync);
        let first = (order(1), says("follower", 10));
        let answers =
            [(NodeId::Catalog, says("catalog", 10)), first, (order(2), second), (order(3), third)].into();
        let (readiness, view) = (Some(&well), Some(&view));
        let nodes = Known { me: ME, addresses: &addresses, answers: &answers, readiness, view }.nodes();
        assert_eq!(nodes[0].in_sync, None, "a front-end is in no set");
        nodes[3..].iter().map(|node| (node.waits.clone(), node.lag)).collect()
    }

    #[test]
    fn who_waits_for_whom_is_said() {
        let (leads, behind) = (|| says("leader", 10), || says("follower", 4));
        let denied = || Answer::Refused("this is not the cluster's token".into());
        let waits = "orders wait for order-2, which is in sync and does not answer";
        let paused = "waits for order-3, which leads and does not answer, to be brought in sync";
        for (case, in_sync, second, third, expected) in [
            ("all well", &[1, 2, 3][..], says("follower", 9), leads(), [("", Some(1)), ("", Some(0))]),
            ("a member is down", &[1, 2, 3], Answer::Down, leads(), [("", None), (waits, Some(0))]),
            ("one that was let go is down", &[1, 3], Answer::Down, leads(), [("", None), ("", Some(0))]),
            (
                "one catches up",
                &[1, 3],
                behind(),
                leads(),
                [("is being brought in sync by order-3", Some(6)), ("", Some(0))],
            ),
            (
                "a member with a new file",
                &[1, 2, 3],
                Answer::Observed(Observed {
                    role: "follower".into(),
                    run: Some(Run::new(8)),
                    ..Observed::default()
                }),
                leads(),
                [("is being brought in sync by order-3", Some(10)), ("", Some(0))],
            ),
            ("the leader is paused", &[1, 3], behind(), Answer::Silent, [(paused, None), ("", None)]),
            (
                "another token",
                &[1, 2, 3],
                denied(),
                leads(),
                [("this is not the cluster's token", None), ("", Some(0))],
            ),
        ] {
            let expected: Vec<_> = expected.map(|(waits, lag)| (waits.to_owned(), lag)).into();
            assert_eq!(said(in_sync, second, third), expected, "{case}");
        }
    }
}
