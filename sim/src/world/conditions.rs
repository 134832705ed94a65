//! What the network of a run does to messages while nothing in particular goes wrong.

use crate::plan::Setup;
use crate::platform::network::NetworkConditions;

/// The network while no fault is active.
#[must_use]
pub fn usual_conditions(setup: &Setup) -> NetworkConditions {
    NetworkConditions {
        loss: f64::from(setup.loss_permille.min(1000)) / 1000.0,
        duplicate: f64::from(setup.duplicate_permille.min(1000)) / 1000.0,
        ..calm_conditions(setup)
    }
}

/// The network after all healed.
#[must_use]
pub fn calm_conditions(setup: &Setup) -> NetworkConditions {
    NetworkConditions {
        mean_nanos: setup.latency_us * 1000,
        reorder: setup.reorder,
        ..NetworkConditions::default()
    }
}
