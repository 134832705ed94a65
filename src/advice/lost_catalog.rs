//! A catalog that is about to begin anew in a store that is not new.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use toystore_actors::catalog;
use toystore_actors::net::NodeId;
use toystore_actors::order::BOOK_FILE;
use toystore_actors::storage::journal_of;

use super::named_store::NamedStore;
use crate::config::Config;
use crate::files::label;

/// A store whose other files are younger is perhaps being started for the first time, one service after the other.
pub const FIRST_START: Duration = Duration::from_secs(60);

/// What is to be said when the catalog is about to begin with a new file in a store that is not new: its old one is
/// gone, and with it what was sold. Order books that are younger than `first_start` do not tell that.
pub fn catalog_is_gone(config: &Config, store: &NamedStore, first_start: Duration) -> Option<String> {
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
    use super::*;

    #[test]
    fn what_came_about_just_now_says_nothing_of_a_store_that_is_not_new() {
        let before = |seconds| SystemTime::now().checked_sub(Duration::from_secs(seconds));
        for (created, young) in [(before(0), true), (before(50), true), (before(70), false), (None, false)] {
            assert_eq!(is_younger(created, FIRST_START), young, "{created:?}");
            assert!(!is_younger(created, Duration::ZERO), "{created:?}");
        }
    }
}
