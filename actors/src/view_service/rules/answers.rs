//! Whether the answers of the replicas are all that an operator's command needs.

use crate::domain::ReplicaId;
use crate::messages::view_service::NotRecovered;
use crate::net::NodeId;
use crate::view_service::views::Answers;

/// Every configured replica has answered, or is named; and nobody is named who answers.
pub fn check_silent(
    replicas: &[ReplicaId],
    answers: &Answers,
    without: &[ReplicaId],
) -> Result<(), NotRecovered> {
    let missing = |id: &&ReplicaId| !answers.contains_key(id) && !without.contains(id);
    let silent: Vec<_> = replicas.iter().filter(missing).collect();
    if !silent.is_empty() {
        return Err(NotRecovered::Silent(names(silent)));
    }
    let alive: Vec<_> = without.iter().filter(|id| answers.contains_key(id)).collect();
    if alive.is_empty() { Ok(()) } else { Err(NotRecovered::Alive(names(alive))) }
}

/// The replicas' names, for a sentence.
pub fn names<'a>(replicas: impl IntoIterator<Item = &'a ReplicaId>) -> String {
    let names: Vec<_> = replicas.into_iter().map(|id| NodeId::Order(*id).to_string()).collect();
    names.join(", ")
}
