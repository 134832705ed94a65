//! Planted bugs by their names, on the command line and in files.

use toystore_actors::bugs::Bug;

/// Finds a bug by its name.
///
/// # Errors
/// When there is none of that name.
pub fn parse_bug(name: &str) -> Result<Bug, String> {
    let found = Bug::ALL.iter().copied().find(|bug| bug.name() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = Bug::ALL.iter().map(|bug| bug.name()).collect();
        format!("there are {}", names.join(", "))
    })
}

/// A bug by its name, in files.
pub(super) mod by_name {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use toystore_actors::bugs::Bug;

    #[allow(clippy::ref_option, reason = "serde wants it like this")]
    pub(crate) fn serialize<S: Serializer>(bug: &Option<Bug>, serializer: S) -> Result<S::Ok, S::Error> {
        bug.map(Bug::name).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Bug>, D::Error> {
        let name: Option<String> = Option::deserialize(deserializer)?;
        name.map(|name| super::parse_bug(&name)).transpose().map_err(serde::de::Error::custom)
    }
}
