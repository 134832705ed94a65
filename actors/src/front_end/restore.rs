//! A front-end's file that has a view from the start.

use std::rc::Rc;

use super::file::{FILE, owner};
use crate::domain::{FrontEndId, View};
use crate::storage::{DataFile, OpenError, Storage, same_tables};
use crate::view_service::{Saved, store};

/// Makes the file of the front-end of a new store, whose first view this is.
///
/// # Errors
/// When it cannot be made.
pub fn restore(storage: Rc<dyn Storage>, number: FrontEndId, view: &View) -> Result<(), OpenError> {
    let file = DataFile::open(storage, FILE, &owner(number), same_tables)?;
    let saved = Saved { line: view.line.clone(), store: Some(view.store), view: Some(view.clone()) };
    file.load(|database| store(database, &saved))
}
