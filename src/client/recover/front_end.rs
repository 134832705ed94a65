//! What the front-end of the running store says: who leads, and whether it serves.

use std::time::{Duration, Instant};

use serde::Deserialize;
use toystore_actors::domain::ReplicaId;

use crate::client::front_end::{FrontEndClient, NoAnswer};

/// How long a store that does not serve may take to do so: a takeover is over long before.
const PATIENCE: Duration = Duration::from_secs(5);

/// How soon it is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Why nobody is known who has every order. Sentences without their end.
#[derive(Debug, thiserror::Error)]
pub enum NoLeader {
    /// The front-end does not say.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// It is the very one.
    #[error(
        "it leads itself, by the front-end's view; stop it first, and another takes over if one is in sync"
    )]
    Itself,
}

impl NoLeader {
    /// Whether it may be otherwise in a moment.
    fn may_change(&self) -> bool {
        match self {
            NoLeader::NoAnswer(why) => why.may_change(),
            NoLeader::Itself => true,
        }
    }
}

/// The part of `GET /leader` that matters here.
#[derive(Debug, Deserialize)]
struct LeaderAnswer {
    leader: ReplicaId,
}

/// Who other than `replica` leads and serves. A takeover is waited for.
///
/// # Errors
/// When there is nobody.
pub async fn leader_other_than(
    front_end: &FrontEndClient,
    replica: ReplicaId,
) -> Result<ReplicaId, NoLeader> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look(front_end, replica).await {
            Err(why) if why.may_change() && Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
            outcome => return outcome,
        }
    }
}

async fn look(front_end: &FrontEndClient, replica: ReplicaId) -> Result<ReplicaId, NoLeader> {
    let LeaderAnswer { leader } = front_end.get("/leader", ANSWER_LIMIT).await?;
    if leader == replica {
        return Err(NoLeader::Itself);
    }
    // After the leader was named: what is ready is ready under that leader, or under a later one.
    let _: serde_json::Value = front_end.get("/readyz", ANSWER_LIMIT).await?;
    Ok(leader)
}
