//! What keeps a node from its peers that is no silence: said once, by name, and kept for who asks (rule M11).

use std::collections::BTreeMap;

use super::errors::{Denied, NetError};
use super::names::{Identity, Misdirected, Mismatch};
use super::node_id::NodeId;

/// The newest complaint about each peer.
#[derive(Debug, Default)]
pub struct Complaints(BTreeMap<NodeId, Complaint>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Complaint {
    sentence: String,
    /// The message that was not understood, if that is what is wrong: other messages may be.
    about: Option<&'static str>,
}

impl Complaints {
    /// Takes note of the outcome of a call. `place` is where the peer is supposed to be. Returns a sentence that has
    /// not been said yet.
    pub fn note(
        &mut self,
        me: Option<&Identity>,
        to: NodeId,
        place: Option<String>,
        name: &'static str,
        error: Option<&NetError>,
    ) -> Option<&str> {
        let before = self.0.get(&to);
        let peer = || place.map_or_else(|| to.to_string(), |place| format!("{to} at {place}"));
        let complaint = match error {
            Some(NetError::Misdirected(answer)) => {
                Complaint { sentence: misdirected(me, to, &peer(), answer), about: None }
            }
            Some(NetError::Denied(denied)) => {
                Complaint { sentence: denied_by(&peer(), *denied), about: None }
            }
            // One message that is not understood says as much as several.
            Some(NetError::Malformed(_)) if before.is_some_and(|before| before.about.is_some()) => {
                return None;
            }
            Some(NetError::Malformed(why)) => {
                Complaint { sentence: not_understood(&peer(), name, why), about: Some(name) }
            }
            // What is wrong there may still be; that it is silent now says nothing about it.
            Some(NetError::Lost | NetError::TimedOut | NetError::Overloaded) => return None,
            Some(NetError::Refused) => {
                self.0.remove(&to);
                return None;
            }
            None => {
                if before.is_some_and(|before| before.about.is_none_or(|about| about == name)) {
                    self.0.remove(&to);
                }
                return None;
            }
        };
        if before == Some(&complaint) {
            return None;
        }
        self.0.insert(to, complaint);
        self.about(to)
    }

    /// What keeps this node from that peer.
    #[must_use]
    pub fn about(&self, peer: NodeId) -> Option<&str> {
        self.0.get(&peer).map(|complaint| complaint.sentence.as_str())
    }
}

fn misdirected(me: Option<&Identity>, to: NodeId, peer: &str, answer: &Misdirected) -> String {
    let Misdirected { why, node, store } = *answer;
    let own = me.and_then(Identity::store);
    let of = match own.zip(store) {
        Some((ours, theirs)) if ours == theirs => " of this store",
        Some(_) => " of another store",
        None => "",
    };
    match why {
        Mismatch::Receiver => {
            format!("{peer} is {node}{of}: the configuration here has a wrong address for {to}")
        }
        Mismatch::Store => {
            format!(
                "{peer} belongs to another store: the configuration here has a wrong address for it, or one of the two \
                 has another store's data"
            )
        }
        Mismatch::Sender => {
            let me = me.map_or_else(|| "who asks".to_owned(), |me| me.id().to_string());
            format!("{peer} does not know {me}, which is not in its configuration")
        }
    }
}

fn denied_by(peer: &str, denied: Denied) -> String {
    match denied {
        Denied::NoToken => format!("{peer} demands the cluster's token, and there is none here"),
        Denied::OtherToken => format!("{peer} refuses the token from here: the two have different ones"),
    }
}

fn not_understood(peer: &str, name: &str, why: &str) -> String {
    format!(
        "{peer} answers {name:?} in a way that is not understood here ({why}): it is another build's, or no service of \
         a toystore"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FrontEndId, ReplicaId, StoreId};

    const TO: NodeId = order(2);

    fn here() -> Identity {
        let me = Identity::new(NodeId::FrontEnd(FrontEndId::new(1)), [TO]);
        me.belongs_to(StoreId::new(1));
        me
    }

    fn is(why: Mismatch, node: NodeId, store: u64) -> NetError {
        NetError::Misdirected(Misdirected { why, node, store: Some(StoreId::new(store)) })
    }

    const fn order(id: u8) -> NodeId {
        NodeId::Order(ReplicaId::new(id))
    }

    #[test]
    fn each_reason_is_a_sentence() {
        for (error, expected) in [
            (is(Mismatch::Receiver, order(3), 1), "order-2 at there is order-3 of this store: the config"),
            (
                is(Mismatch::Receiver, NodeId::Catalog, 2),
                "order-2 at there is catalog of another store: the config",
            ),
            (is(Mismatch::Store, TO, 2), "order-2 at there belongs to another store"),
            (is(Mismatch::Sender, TO, 1), "order-2 at there does not know front-end-1, which is not in its"),
            (NetError::Denied(Denied::NoToken), "order-2 at there demands the cluster's token"),
            (NetError::Denied(Denied::OtherToken), "order-2 at there refuses the token from here"),
            (NetError::Malformed("404".into()), "order-2 at there answers \"status\" in a way that is not"),
        ] {
            let mut complaints = Complaints::default();
            let said = complaints.note(Some(&here()), TO, Some("there".into()), "status", Some(&error));
            assert!(said.is_some_and(|said| said.starts_with(expected)), "{said:?}, not {expected:?}");
        }
    }

    #[test]
    fn it_is_said_once_until_it_changes_or_heals() {
        let wrong = is(Mismatch::Receiver, order(3), 1);
        let stranger = is(Mismatch::Sender, TO, 1);
        let unknown = NetError::Malformed("404".into());
        let mut complaints = Complaints::default();
        // The message, its outcome, whether that is said, whether there is a complaint afterwards.
        for (case, name, error, said, kept) in [
            ("all is well", "status", None, false, false),
            ("a wrong address", "status", Some(&wrong), true, true),
            ("still", "leader", Some(&wrong), false, true),
            ("no answer", "leader", Some(&NetError::TimedOut), false, true),
            ("and again", "status", Some(&wrong), false, true),
            ("another reason", "status", Some(&stranger), true, true),
            ("it heals", "leader", None, false, false),
            ("and comes back", "status", Some(&stranger), true, true),
            ("nobody is there", "status", Some(&NetError::Refused), false, false),
            ("a message that it does not know", "vouch", Some(&unknown), true, true),
            ("it knows others", "status", None, false, true),
            ("but not these two", "view", Some(&unknown), false, true),
            ("still", "vouch", Some(&unknown), false, true),
            ("now it does", "vouch", None, false, false),
        ] {
            assert_eq!(complaints.note(None, TO, None, name, error).is_some(), said, "{case}");
            assert_eq!(complaints.about(TO).is_some(), kept, "{case}");
        }
    }
}
