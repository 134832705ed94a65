//! What a front-end that cannot go on waits for, in a sentence that says who is missing and what can be done.

use crate::domain::ReplicaId;
use crate::net::NodeId;

/// What must happen before there can be a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// These replicas must tell which view they know.
    Answers(Vec<ReplicaId>),
    /// These replicas' files are new, and the store is not.
    Blank(Vec<ReplicaId>),
    /// The catalog must answer.
    Catalog,
    /// The catalog belongs to a store, and everybody else's files are new.
    NotNew,
    /// A run of a front-end registered at the catalog last of which no replica has heard.
    AnotherFrontEnd,
    /// There is a view, and nobody who is up may lead by it: of its members, these do not answer, the files of these are
    /// new, older or another's, and these lack what is acknowledged.
    NobodyLeads { silent: Vec<ReplicaId>, strangers: Vec<ReplicaId>, unfit: Vec<ReplicaId> },
}

impl Waiting {
    /// Whom one waits for, and why as a sentence.
    #[must_use]
    pub fn told(&self) -> (Vec<NodeId>, String) {
        let go_on = "if they are gone for good, `toystore recover` goes on without them";
        match self {
            Waiting::Answers(missing) => {
                let why =
                    "there is no view yet; one is taken when these have told the newest that they know: ";
                let (nodes, why) = named(missing, why);
                (nodes, format!("{why}; {go_on}"))
            }
            Waiting::Blank(blank) => {
                let why = "there is no view yet, and these have new files although the store is not new: ";
                let (nodes, why) = named(blank, why);
                (nodes, format!("{why}; put their files back, or `toystore recover` goes on without them"))
            }
            Waiting::NobodyLeads { silent, strangers, unfit } => {
                let mut parts = Vec::new();
                for (replicas, what) in [
                    (silent, "do not answer: "),
                    (strangers, "have not the file that was in sync, but a new, older or another one: "),
                    (unfit, "lack orders that the catalog knows to be acknowledged: "),
                ] {
                    if !replicas.is_empty() {
                        parts.push(named(replicas, what).1);
                    }
                }
                let members: Vec<_> = silent.iter().chain(strangers).chain(unfit).copied().collect();
                let (nodes, _) = named(&members, "");
                let why = format!(
                    "no replica that is up has every order; of those in sync, some {}",
                    parts.join("; some ")
                );
                (nodes, format!("{why}; start one with its own file; {go_on}"))
            }
            Waiting::Catalog => {
                (vec![NodeId::Catalog], "the catalog must answer before this front-end may begin".into())
            }
            Waiting::NotNew => {
                let why = "the catalog has sold before, or is another store's, but the front-end's and all \
                           replicas' files are new: put their files back, or `toystore recover` goes on without them";
                (vec![NodeId::Catalog], why.into())
            }
            Waiting::AnotherFrontEnd => {
                let why = "another front-end has begun on this store, and no replica has heard of it yet: stop this \
                           one if that one runs, or if it is gone for good, `toystore recover` goes on without it";
                (vec![NodeId::Catalog], why.into())
            }
        }
    }
}

/// Nodes, and a sentence that ends with their names.
pub fn named(replicas: &[ReplicaId], why: &str) -> (Vec<NodeId>, String) {
    let nodes: Vec<_> = replicas.iter().map(|id| NodeId::Order(*id)).collect();
    let names: Vec<_> = nodes.iter().map(NodeId::to_string).collect();
    let why = format!("{why}{}", names.join(", "));
    (nodes, why)
}
