//! A data directory: which services have files in it, and those of the front-end and the catalog.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use toystore_actors::catalog::stock::Audit;
use toystore_actors::domain::{FrontEndId, ReplicaId};
use toystore_actors::net::NodeId;
use toystore_actors::view_service::Saved;
use toystore_actors::{catalog, front_end, view_service};

use super::inspected_file::{InspectedFile, Unread};
use super::report::DataFile;
use crate::files::{ASIDE, label};

/// The directory holds one front-end, whatever its number.
pub const FRONT_END: NodeId = NodeId::FrontEnd(FrontEndId::new(1));

/// The services that a data directory is for.
#[derive(Debug, Default)]
pub struct Services {
    /// Those that have a directory, or had one that was set aside.
    pub replicas: BTreeSet<ReplicaId>,
    /// The directories that were set aside, by their names.
    pub set_aside: Vec<String>,
}

/// Which services a data directory is for.
///
/// # Errors
/// A sentence with the directory.
pub fn services(directory: &Path) -> Result<Services, String> {
    let cannot = |error: io::Error| format!("cannot read the directory {}: {error}", directory.display());
    let mut services = Services::default();
    for entry in fs::read_dir(directory).map_err(cannot)? {
        let name = entry.map_err(cannot)?.file_name();
        let Some(name) = name.to_str() else { continue };
        let service = match name.split_once(ASIDE) {
            Some((service, _)) => {
                services.set_aside.push(name.to_owned());
                service
            }
            None => name,
        };
        let id = service.strip_prefix("order-").and_then(|id| id.parse::<ReplicaId>().ok());
        services.replicas.extend(id);
    }
    services.set_aside.sort();
    if services.replicas.is_empty() {
        let directory = directory.display();
        return Err(format!("{directory} is no store's data directory: it has no {directory}/order-1"));
    }
    Ok(services)
}

/// The front-end's file.
pub fn read_saved(directory: &Path) -> Result<(Saved, DataFile), Unread> {
    let name = label(FRONT_END);
    let owned = |found: &str| found.rsplit_once(' ').is_some_and(|(owner, _)| owner == front_end::OWNER);
    let path = directory.join(&name).join(front_end::FILE);
    let file = InspectedFile::open(path, front_end::OWNER, owned)?;
    Ok((file.read(view_service::load)?, DataFile::new(&name, front_end::FILE, &file)))
}

/// The catalog's file.
pub fn read_audit(directory: &Path) -> Result<(Audit, DataFile), Unread> {
    let name = label(NodeId::Catalog);
    let owned = |found: &str| found == catalog::OWNER;
    let file = InspectedFile::open(directory.join(&name).join(catalog::FILE), catalog::OWNER, owned)?;
    Ok((file.read(catalog::stock::audit)?, DataFile::new(&name, catalog::FILE, &file)))
}
