//! The store as a person names it, so that a command that is told can be run as it is.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use toystore_actors::domain::ReplicaId;

use crate::config::StoreFlags;

/// A store as it is named on the command line.
#[derive(Debug, Clone, Default)]
pub struct NamedStore {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// Where the front-end answers, if not where the configuration says.
    pub front_end: Option<SocketAddr>,
}

impl NamedStore {
    /// As these flags name it.
    pub fn of(flags: &StoreFlags) -> NamedStore {
        NamedStore { config: flags.config_file().cloned(), data: flags.data().cloned(), front_end: None }
    }

    /// The command for a replica whose files are damaged.
    pub fn recover_replica(&self, id: ReplicaId) -> String {
        self.command(&format!("replica {id}"))
    }

    /// The command for a catalog whose file is damaged, gone or old.
    pub fn recover_catalog(&self) -> String {
        self.command("catalog")
    }

    fn command(&self, what: &str) -> String {
        let mut command = format!("`toystore recover {what}");
        for (flag, path) in [("--config", &self.config), ("--data", &self.data)] {
            if let Some(path) = path {
                // Writing to a string does not fail.
                let _ = write!(command, " {flag} {}", quoted(path));
            }
        }
        if let Some(address) = self.front_end {
            let _ = write!(command, " --front-end {address}");
        }
        command + "`"
    }
}

/// A path as a shell takes it.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+=:@%,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_names_the_store_as_it_was_named() {
        let store = |config: Option<&str>, data: Option<&str>| NamedStore {
            config: config.map(Into::into),
            data: data.map(Into::into),
            front_end: None,
        };
        for (store, expected) in [
            (store(None, None), "`toystore recover replica 2`"),
            (store(None, Some("/var/lib/toys")), "`toystore recover replica 2 --data /var/lib/toys`"),
            (
                store(Some("my store.toml"), Some("it's")),
                r"`toystore recover replica 2 --config 'my store.toml' --data 'it'\''s'`",
            ),
            (
                NamedStore { front_end: Some(([127, 0, 0, 1], 80).into()), ..NamedStore::default() },
                "`toystore recover replica 2 --front-end 127.0.0.1:80`",
            ),
        ] {
            assert_eq!(store.recover_replica(ReplicaId::new(2)), expected);
        }
    }
}
