//! What both ends of a connection know: the shapes of public answers, and when a body is whole.

pub mod answers;
pub mod backup;
pub mod http_client;
pub mod operator;
pub mod paths;
pub mod peer_calls;
pub mod whole_body;
