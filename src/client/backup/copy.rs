//! Makes the copy.

use std::path::Path;
use std::time::SystemTime;

use toystore_actors::domain::{OrderNumber, StoreId};

use super::pages::RunningStore;
use crate::backup_format::{self, BackupWriter, Manifest};
use crate::console::progress::Progress;
use crate::console::utc;
use crate::files::Unfinished;

/// So often a copy is begun before it is given up that the book stays the same.
const ATTEMPTS: u32 = 3;

/// Copies a running store into a new directory.
///
/// # Errors
/// A sentence; then there is no such directory.
pub async fn make(mut source: RunningStore, directory: &Path) -> Result<Manifest, String> {
    let made = utc::seconds(SystemTime::now());
    if directory.symlink_metadata().is_ok() {
        return Err(format!("{} is there already; name a directory that is not", directory.display()));
    }
    let unfinished = Unfinished::begin(directory, backup_format::is_part)?;
    let (writer, store) = copy_book(&mut source, unfinished.path()).await?;
    // After the book: what was restocked until now is at least what its orders needed.
    let products = source.stock().await.map_err(|why| not_kept(&why))?;
    let manifest = Manifest::new(made, store, writer.last().number, products);
    writer.finish(&manifest)?;
    unfinished.finish()?;
    Ok(manifest)
}

/// Copies the book, from its beginning if it turns out not to be the same any more.
async fn copy_book(source: &mut RunningStore, directory: &Path) -> Result<(BackupWriter, StoreId), String> {
    for _ in 0..ATTEMPTS {
        let mut writer = BackupWriter::begin(directory)?;
        if let Some(store) = copy_pages(source, &mut writer).await? {
            return Ok((writer, store));
        }
        log::warn!("the store has lost what was copied of it, so the backup begins again");
    }
    Err("the store keeps changing what it had acknowledged; nothing of the backup is kept".into())
}

/// Copies pages up to all that was acknowledged when the first was asked for. `None` if a later one does not follow.
async fn copy_pages(source: &mut RunningStore, writer: &mut BackupWriter) -> Result<Option<StoreId>, String> {
    let mut begun: Option<(StoreId, OrderNumber, Progress)> = None;
    loop {
        let Some(page) = source.page(writer.last()).await.map_err(|why| not_kept(&why))? else {
            return Ok(None);
        };
        let (store, acknowledged, progress) = begun.get_or_insert_with(|| {
            (page.store, page.acknowledged, Progress::start("orders", page.acknowledged.get()))
        });
        if page.store != *store {
            return Ok(None);
        }
        let none = page.entries.is_empty();
        for entry in &page.entries {
            writer.add(entry)?;
            progress.step(String::new);
        }
        if writer.last().number >= *acknowledged {
            progress.finish();
            return Ok(Some(*store));
        }
        if none {
            let last = writer.last().number;
            return Err(format!(
                "the store is broken: it shows order {last} as its last, and has acknowledged {acknowledged}"
            ));
        }
    }
}

fn not_kept(why: &dyn std::error::Error) -> String {
    format!("{why}; nothing of the backup is kept")
}
