//! Nodes and events by their names, in files.

/// Node names in files and on the command line: `order-3`, `catalog`, `front-end-1`.
pub mod node_name {
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer};
    use toystore_actors::net::NodeId;

    /// Reads a name.
    ///
    /// # Errors
    /// When there is no such kind of node.
    pub fn parse(name: &str) -> Result<NodeId, String> {
        fn number<T: FromStr>(text: &str, name: &str) -> Result<T, String> {
            text.parse().map_err(|_| format!("{name:?} has no number from 0 to 255"))
        }
        match (name, name.strip_prefix("order-"), name.strip_prefix("front-end-")) {
            ("catalog", ..) => Ok(NodeId::Catalog),
            (_, Some(id), _) => number(id, name).map(NodeId::Order),
            (_, _, Some(id)) => number(id, name).map(NodeId::FrontEnd),
            _ => Err(format!("{name:?} is no node: use catalog, order-N or front-end-N")),
        }
    }

    pub(crate) fn serialize<S: Serializer>(node: &NodeId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(node)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NodeId, D::Error> {
        parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// [`node_name`] for a node that may be left out.
pub(super) mod optional_node_name {
    use serde::{Deserialize, Deserializer, Serializer};
    use toystore_actors::net::NodeId;

    #[allow(clippy::ref_option, reason = "serde hands over a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(node: &Option<NodeId>, serializer: S) -> Result<S::Ok, S::Error> {
        match node {
            Some(node) => serializer.collect_str(node),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<NodeId>, D::Error> {
        let name = Option::<String>::deserialize(deserializer)?;
        name.map(|name| super::node_name::parse(&name)).transpose().map_err(serde::de::Error::custom)
    }
}

/// [`node_name`] for several nodes.
pub(super) mod node_names {
    use serde::{Deserialize, Deserializer, Serializer};
    use toystore_actors::net::NodeId;

    pub(crate) fn serialize<S: Serializer>(nodes: &[NodeId], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(nodes.iter().map(ToString::to_string))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NodeId>, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names
            .iter()
            .map(|name| super::node_name::parse(name))
            .collect::<Result<_, _>>()
            .map_err(serde::de::Error::custom)
    }
}

/// An event's kind by its name: `TakeoverBegan`.
pub(super) mod event_name {
    use serde::{Deserialize, Deserializer, Serializer};
    use toystore_actors::probe::EventKind;

    pub(crate) fn serialize<S: Serializer>(event: &EventKind, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(event.name())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EventKind, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = EventKind::all().find(|kind| kind.name() == name);
        found.ok_or_else(|| serde::de::Error::custom(format!("there is no event {name:?}")))
    }
}
