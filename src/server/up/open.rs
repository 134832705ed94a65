//! Opens the services of a store, as many as can be.

use std::time::Duration;

use futures_util::future::join_all;
use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;

use super::bound::BoundServices;
use super::missing::MissingReplica;
use super::store::LocalStore;
use crate::advice::{self, NotStarted};
use crate::config::ReadProducts;
use crate::console::failure::Failure;
use crate::console::logging;
use crate::files::{Directory, label};
use crate::server::service::{BoundService, OpenedService};

/// Opens the services, and says which order replicas it has to do without. One replica whose file is damaged must
/// not cost the store: the others have what it had.
///
/// # Errors
/// When another service cannot be opened, or no replica can.
pub async fn open_all(
    store: &LocalStore,
    bound: BoundServices,
    mut first_products: Option<ReadProducts>,
) -> Result<(Vec<OpenedService>, Vec<MissingReplica>), Failure> {
    let directories = bound.all().map(|service| store.config.data.join(label(service.id())));
    let opening = directories.map(|directory| Directory::prepare(&directory));
    let _opening = opening.collect::<Result<Vec<_>, _>>().map_err(Failure::CouldNotRun)?;
    advice::catalog_is_gone(&store.config, &store.named, Duration::ZERO)
        .iter()
        .for_each(|gone| logging::tell(NodeId::Catalog, gone));
    // The services that the front-end asks are there before it is. They open their files side by side: after a
    // crash, a long book takes a while to check.
    let (mut opened, mut without) = (Vec::new(), Vec::new());
    for group in [bound.others, vec![bound.front_end]] {
        let ids: Vec<_> = group.iter().map(BoundService::id).collect();
        let outcomes = join_all(group.into_iter().map(|service| {
            let products = first_products.take_if(|_| service.id() == NodeId::Catalog);
            store.open(service, products)
        }))
        .await;
        for (id, outcome) in ids.into_iter().zip(outcomes) {
            match (outcome, id) {
                (Ok(service), _) => opened.push(service),
                (Err(why), NodeId::Order(replica)) if why.is_damage() => without.push((replica, why)),
                (Err(why), _) => return Err(advice::failure(id, why, &store.named)),
            }
        }
        if without.len() == store.config.replicas().len() {
            return Err(no_replica(&without));
        }
    }
    Ok((
        opened,
        without.into_iter().map(|(replica, why)| MissingReplica::new(store, replica, &why)).collect(),
    ))
}

/// There is nobody who could have what the damaged ones had.
fn no_replica(without: &[(ReplicaId, NotStarted)]) -> Failure {
    let reasons: Vec<_> = without.iter().map(|(_, why)| why.to_string()).collect();
    Failure::CouldNotRun(format!(
        "no order replica can start, and so none has another to take the orders from: {}",
        reasons.join("; ")
    ))
}
