//! What a person is told to do about a service whose data is damaged or gone. Nothing that is said here loses an
//! order: files are set aside, not removed, and only where somebody else has what they held.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use toystore_actors::catalog;
use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;
use toystore_actors::order::BOOK_FILE;
use toystore_actors::storage::{OpenError, journal_of};

use crate::config::Config;
use crate::console::failure::Failure;
use crate::files::{ADVICE, label};
use crate::server::node::NotStarted;

/// A store as it is named on the command line.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// Where the front-end answers, if not where the configuration says.
    pub front_end: Option<SocketAddr>,
}

impl Named {
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

/// Why a service did not start, and what helps: one sentence.
pub fn sentence(id: NodeId, why: &NotStarted, store: &Named) -> String {
    match help(id, why, store) {
        Some(help) => format!("{why}; {help}"),
        None => why.to_string(),
    }
}

/// The end of a command that could not do without the service.
pub fn failure(id: NodeId, why: NotStarted, store: &Named) -> Failure {
    match why {
        NotStarted::Other(failure) => failure,
        NotStarted::File(OpenError::Products(why)) => Failure::Usage(why),
        why => Failure::CouldNotRun(sentence(id, &why, store)),
    }
}

/// What is added when a service's disk failed while it ran.
pub fn after_failure(id: NodeId, store: &Named) -> String {
    match id {
        NodeId::Order(replica) => {
            format!("; if its file is of no use any more, {} sets it aside", store.recover_replica(replica))
        }
        _ => String::new(),
    }
}

/// `None` where the reason says itself what to do.
fn help(id: NodeId, why: &NotStarted, store: &Named) -> Option<String> {
    let first = match why {
        NotStarted::Other(_) | NotStarted::File(OpenError::InUse { .. } | OpenError::Products(_)) => {
            return None;
        }
        NotStarted::Directory(_) => return Some(ADVICE.into()),
        NotStarted::File(OpenError::Damaged { .. } | OpenError::Apart { .. }) => "",
        NotStarted::File(OpenError::Foreign { .. }) => "put its own there; if that is lost, ",
        NotStarted::File(OpenError::Io { .. }) => "see to that; if the file is lost, ",
    };
    Some(format!("{first}{}", without_its_file(id, store)))
}

/// How a service whose file is of no use comes to another.
fn without_its_file(id: NodeId, store: &Named) -> String {
    match id {
        NodeId::Order(replica) => format!(
            "{} sets its files aside, and it takes the orders from the others",
            store.recover_replica(replica)
        ),
        NodeId::Catalog => format!("{} rebuilds it from the order book", store.recover_catalog()),
        NodeId::FrontEnd(_) => {
            "move its directory elsewhere: without a file it asks every replica for the newest view".into()
        }
    }
}

/// A store whose other files are younger is perhaps being started for the first time, one service after the other.
pub const FIRST_START: Duration = Duration::from_secs(60);

/// What is to be said when the catalog is about to begin with a new file in a store that is not new: its old one is
/// gone, and with it what was sold. Order books that are younger than `first_start` do not tell that.
pub fn catalog_is_gone(config: &Config, store: &Named, first_start: Duration) -> Option<String> {
    let of = |id, file: &str| config.data.join(label(id)).join(file);
    let file = of(NodeId::Catalog, catalog::FILE);
    if file.exists() {
        return None;
    }
    let mut books = config.replicas().into_iter().map(|id| of(NodeId::Order(id), BOOK_FILE));
    let journal = of(NodeId::Catalog, &journal_of(catalog::FILE));
    let is_old =
        |book: PathBuf| book.metadata().is_ok_and(|left| !is_younger(left.created().ok(), first_start));
    (books.any(is_old) || journal.exists()).then(|| {
        format!(
            "{} is gone, and the store is not new: a new catalog knows of no sale; {} rebuilds it from the order book",
            file.display(),
            store.recover_catalog()
        )
    })
}

/// Whether something came about less than so long ago; where the file system does not say, it did not.
fn is_younger(created: Option<SystemTime>, than: Duration) -> bool {
    created.and_then(|created| created.elapsed().ok()).is_some_and(|age| age < than)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn what_came_about_just_now_says_nothing_of_a_store_that_is_not_new() {
        let before = |seconds| SystemTime::now().checked_sub(Duration::from_secs(seconds));
        for (created, young) in [(before(0), true), (before(50), true), (before(70), false), (None, false)] {
            assert_eq!(is_younger(created, FIRST_START), young, "{created:?}");
            assert!(!is_younger(created, Duration::ZERO), "{created:?}");
        }
    }

    #[test]
    fn a_command_names_the_store_as_it_was_named() {
        let store = |config: Option<&str>, data: Option<&str>| Named {
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
                Named { front_end: Some(([127, 0, 0, 1], 80).into()), ..Named::default() },
                "`toystore recover replica 2 --front-end 127.0.0.1:80`",
            ),
        ] {
            assert_eq!(store.recover_replica(2), expected);
        }
    }

    #[test]
    fn each_service_is_told_what_helps_it_and_nothing_that_loses_orders() {
        let file = || "some.redb".to_owned();
        let damaged = || OpenError::Damaged { file: file(), why: "torn".into() };
        let foreign = || OpenError::Foreign { file: file(), wanted: "x".into(), found: "y".into() };
        let refused = || OpenError::Io { file: file(), source: io::ErrorKind::PermissionDenied.into() };
        let in_use = OpenError::InUse { file: file() };
        for (id, why, expected) in [
            (NodeId::Order(2), damaged(), "as it is; `toystore recover replica 2` sets its files aside"),
            (NodeId::Order(2), foreign(), "put its own there; if that is lost, `toystore recover replica 2`"),
            (NodeId::Order(2), refused(), "see to that; if the file is lost, `toystore recover replica 2`"),
            (NodeId::Catalog, damaged(), "as it is; `toystore recover catalog` rebuilds it"),
            (NodeId::FrontEnd(1), damaged(), "as it is; move its directory elsewhere"),
            (NodeId::Catalog, in_use, "stop that one first"),
        ] {
            let said = sentence(id, &why.into(), &Named::default());
            assert!(said.contains(expected), "{said:?} does not say {expected:?}");
            assert!(!said.contains("empty") && !said.contains("remove"), "{said}");
        }
    }
}
