//! Messages as a person reads them in a trace.

use std::fmt::Debug;
use std::hash::{DefaultHasher, Hasher};

use bytes::Bytes;
use toystore_actors::messages;
use toystore_actors::net::{self, NodeId, Rpc};

use crate::platform::network::{Endpoint, Packet, PacketContent};
use crate::platform::process::ProcessId;

/// What stands for a message in the trace's hash.
#[must_use]
pub fn fingerprint(packet: &Packet) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(packet.name.as_bytes());
    hasher.write_u64(packet.call);
    match &packet.content {
        PacketContent::Request(body) | PacketContent::Reply(Ok(body)) => hasher.write(body),
        PacketContent::Reply(Err(error)) => hasher.write(error.to_string().as_bytes()),
    }
    hasher.finish()
}

/// One line for a message that arrives.
#[must_use]
pub fn line(packet: &Packet) -> String {
    let (service, body, arrow) = match &packet.content {
        PacketContent::Request(body) => (packet.to, Ok(body), "asks"),
        PacketContent::Reply(Ok(body)) => (packet.from, Ok(body), "answers"),
        PacketContent::Reply(Err(error)) => (packet.from, Err(error), "fails"),
    };
    let text = match body {
        Err(error) => error.to_string(),
        Ok(body) => {
            let reply = matches!(packet.content, PacketContent::Reply(_));
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
    use messages::{catalog, front_end, order, view_service};
    match service {
        Endpoint::Process(ProcessId { node: NodeId::Catalog, .. }) => shown!(
            catalog::Query,
            catalog::List,
            catalog::Import,
            catalog::Buy,
            catalog::TakeOver,
            catalog::Restock,
            catalog::Register,
            catalog::Recall,
            catalog::GoOn,
            catalog::Rebuild,
            catalog::Inventory,
        ),
        Endpoint::Process(ProcessId { node: NodeId::FrontEnd(_), .. }) => shown!(
            front_end::QueryProduct,
            front_end::ListProducts,
            front_end::ImportProducts,
            front_end::PlaceOrder,
            front_end::FindOrder,
            front_end::ListOrders,
            front_end::GetReadiness,
            front_end::Invalidate,
            front_end::CopyBook,
            front_end::CopyStock,
            view_service::GetView,
            view_service::ChangeView,
            view_service::Vouch,
            view_service::Recover,
            view_service::RecoverCatalog,
        ),
        Endpoint::Process(ProcessId { node: NodeId::Order(_), .. }) => shown!(
            order::Place,
            order::Lookup,
            order::Page,
            order::Status,
            order::Last,
            order::Announce,
            order::AppendEntries,
            order::FetchEntries,
            order::Join,
            order::Fill,
            order::RebuildCatalog,
        ),
        Endpoint::Client(_) => None,
    }
}
