//! Why a call has no reply, as who sent it sees it, and as whom it reached.

use super::names::Misdirected;

/// Why a call has no reply. In every case but [`NetError::Overloaded`], [`NetError::Refused`],
/// [`NetError::Misdirected`] and [`NetError::Denied`] the peer may have acted on the call all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Nobody listens there: the call was certainly not received.
    #[error("refused")]
    Refused,
    /// The connection broke, or the peer stopped before it answered.
    #[error("connection lost")]
    Lost,
    /// The peer has too many calls under way and took no notice of this one.
    #[error("overloaded")]
    Overloaded,
    /// No reply within the time given.
    #[error("no answer in time")]
    TimedOut,
    /// The peer answered something that is not a reply to this message.
    #[error("malformed reply: {0}")]
    Malformed(String),
    /// The message was not for who got it, and it took no notice. Whom it was for is as silent as ever: it may well run,
    /// so this is no reason to give it up any sooner than another's silence.
    #[error("not for whom it reached: {0}")]
    Misdirected(#[from] Misdirected),
    /// The peer's door did not let the call in.
    #[error("{0}")]
    Denied(Denied),
}

/// Why a peer's door did not let a call in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It demands a token, and none was shown.
    #[error("the peer demands the cluster's token")]
    NoToken,
    /// It demands another token.
    #[error("the peer refuses the token")]
    OtherToken,
}

/// Why a call that arrived has no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BridgeError {
    /// The service has no message of that name.
    #[error("this service has no message {0:?}")]
    UnknownMessage(String),
    /// The body is not that message.
    #[error("not a well-formed message: {0}")]
    Malformed(String),
    /// Too many calls are under way; this one was not taken.
    #[error("too many requests are under way")]
    Overloaded,
    /// The actor has stopped, perhaps after it acted on this call.
    #[error("the service has stopped")]
    Stopped,
    /// It is not for this node.
    #[error(transparent)]
    Misdirected(#[from] Misdirected),
}

impl From<BridgeError> for NetError {
    fn from(error: BridgeError) -> NetError {
        match error {
            BridgeError::Overloaded => NetError::Overloaded,
            BridgeError::Stopped => NetError::Lost,
            BridgeError::Misdirected(answer) => NetError::Misdirected(answer),
            BridgeError::UnknownMessage(_) | BridgeError::Malformed(_) => {
                NetError::Malformed(error.to_string())
            }
        }
    }
}
