//! Messages as a person reads them in a trace.

use std::fmt::Debug;
use std::hash::{DefaultHasher, Hasher};

use bytes::Bytes;
use toystore_actors::net::{self, NodeId, Rpc};
use toystore_actors::{catalog, front_end, order};

use crate::network::{Content, Endpoint, Packet};
use crate::process::ProcessId;

/// What stands for a message in the trace's hash.
#[must_use]
pub fn fingerprint(packet: &Packet) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(packet.name.as_bytes());
    hasher.write_u64(packet.call);
    match &packet.content {
        Content::Request(body) | Content::Reply(Ok(body)) => hasher.write(body),
        Content::Reply(Err(error)) => hasher.write(error.to_string().as_bytes()),
    }
    hasher.finish()
}

/// One line for a message that arrives.
#[must_use]
pub fn line(packet: &Packet) -> String {
    let (service, body, arrow) = match &packet.content {
        Content::Request(body) => (packet.to, Ok(body), "asks"),
        Content::Reply(Ok(body)) => (packet.from, Ok(body), "answers"),
        Content::Reply(Err(error)) => (packet.from, Err(error), "fails"),
    };
    let text = match body {
        Err(error) => error.to_string(),
        Ok(body) => {
            let reply = matches!(packet.content, Content::Reply(_));
            decode(service, packet.name, body, reply).unwrap_or_else(|| format!("{} bytes", body.len()))
        }
    };
    format!("{} {arrow} {} #{} {}: {text}", packet.from, packet.to, packet.call, packet.name)
}

fn show<M: Rpc + Debug>(body: &Bytes, reply: bool) -> Option<String>
where
    M::Reply: Debug,
{
    if reply {
        net::decode::<M::Reply>(body).ok().map(|reply| format!("{reply:?}"))
    } else {
        let (_, message) = net::open(body).ok()?;
        net::decode::<M>(&message).ok().map(|message| format!("{message:?}"))
    }
}

fn decode(service: Endpoint, name: &str, body: &Bytes, reply: bool) -> Option<String> {
    macro_rules! shown {
        ($($message:ty),* $(,)?) => {{
            $(if name == <$message>::NAME { return show::<$message>(body, reply); })*
            None
        }};
    }
    match service {
        Endpoint::Process(ProcessId { node: NodeId::Catalog, .. }) => {
            use catalog::messages::{
                Buy, Import, Inventory, List, Query, Rebuild, Register, Restock, TakeOver,
            };
            shown!(Query, List, Import, Buy, TakeOver, Restock, Register, Rebuild, Inventory)
        }
        Endpoint::Process(ProcessId { node: NodeId::FrontEnd(_), .. }) => {
            use front_end::messages::{
                ChangeView, FindOrder, GetReadiness, GetView, ImportProducts, Invalidate, ListOrders,
                ListProducts, PlaceOrder, QueryProduct, Vouch,
            };
            shown!(
                QueryProduct,
                ListProducts,
                ImportProducts,
                PlaceOrder,
                FindOrder,
                ListOrders,
                GetView,
                GetReadiness,
                ChangeView,
                Invalidate,
                Vouch
            )
        }
        Endpoint::Process(ProcessId { node: NodeId::Order(_), .. }) => {
            use order::messages::{Announce, Join, Last, Lookup, Page, Place, Status, Sync, SyncFrom};
            shown!(Place, Lookup, Page, Status, Last, Announce, Sync, SyncFrom, Join)
        }
        Endpoint::Client(_) => None,
    }
}
