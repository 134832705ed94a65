//! `toystore recover replica N`: sets the files of a damaged order replica aside, so that its next start begins with
//! new ones and joins from the others.

use std::path::PathBuf;
use std::process::ExitCode;

use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;
use toystore_actors::order::BOOK_FILE;

use super::front_end::leader_other_than;
use crate::client::front_end::{FrontEndClient, RunningStoreFlags};
use crate::config::Config;
use crate::console::failure::Failure;
use crate::console::result::say;
use crate::files::{LockOutcome, LockedFiles, label};

/// Set a damaged order replica's files aside, so that it starts anew and joins from the others
///
/// The replica must not be running, and another one must lead and serve: who alone has what was acknowledged
/// is not given up. Its files are kept beside the directory, as order-N.aside-1. Nothing is removed.
///
/// A replica whose directory is gone needs no command: it is started.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: toystore recover replica 2 --config configs/cluster.toml")]
pub struct Args {
    /// The replica's id in the configuration
    #[arg(value_name = "N")]
    id: u8,

    #[command(flatten)]
    store: RunningStoreFlags,
}

/// Sets the files aside.
///
/// # Errors
/// See [`Failure`]; then nothing was changed.
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (config, front_end) = args.store.load()?;
    let replica = config.replica(args.id)?;
    // Locked until they are set aside: it cannot be started meanwhile, lead, and acknowledge.
    let held = hold(&config, replica)?;
    let leader = leader_other_than(&front_end, replica).await.map_err(|why| {
        Failure::CouldNotRun(format!(
            "order-{replica} was left as it is, since it alone may have what was acknowledged: {why}"
        ))
    })?;
    let kept = held.map(LockedFiles::set_aside).transpose().map_err(Failure::CouldNotRun)?;
    say(&done(replica, leader, &front_end, kept));
    Ok(ExitCode::SUCCESS)
}

fn hold(config: &Config, replica: ReplicaId) -> Result<Option<LockedFiles>, Failure> {
    if !config.data.is_dir() {
        let data = config.data.display();
        return Err(Failure::CouldNotRun(format!(
            "there is no data directory {data}; name the one of order-{replica} with --data, on its machine"
        )));
    }
    let directory = config.data.join(label(NodeId::Order(replica)));
    let file = directory.join(BOOK_FILE);
    match LockedFiles::take(directory, BOOK_FILE) {
        Ok(LockOutcome::Locked(held)) => Ok(Some(held)),
        Ok(LockOutcome::NoDirectory) => Ok(None),
        Ok(LockOutcome::InUse) => Err(Failure::CouldNotRun(format!(
            "order-{replica} runs, or is being looked at: {} is in use; stop it first",
            file.display()
        ))),
        Err(error) => Err(Failure::CouldNotRun(format!(
            "cannot tell whether order-{replica} runs: cannot open {}: {error}; once it is stopped for certain, \
             move its directory aside yourself",
            file.display()
        ))),
    }
}

fn done(
    replica: ReplicaId,
    leader: ReplicaId,
    front_end: &FrontEndClient,
    kept: Option<PathBuf>,
) -> Vec<String> {
    let mut lines = Vec::new();
    match kept {
        Some(kept) => lines.push(format!("the files of order-{replica} are kept in {}", kept.display())),
        None => lines.push(format!("order-{replica} has no files here; there is nothing to set aside")),
    }
    lines.push(format!(
        "start order-{replica} again: it begins with a new file and takes the orders from order-{leader}, which leads \
         (a running `toystore up` starts it by itself)"
    ));
    lines.push(format!("it is done when in_sync has {replica}: curl http://{}/leader", front_end.address()));
    lines
}
