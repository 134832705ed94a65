//! `toystore recover catalog`: fills the memory of a catalog anew from the order book.

use std::process::ExitCode;

use toystore_actors::catalog::FILE;
use toystore_actors::domain::ReplicaId;
use toystore_actors::messages::catalog::Rebuilt;
use toystore_actors::messages::view_service::RecoverCatalog;
use toystore_actors::net::NodeId;

use crate::client::front_end::{NoAnswer, RunningStoreFlags};
use crate::config::Config;
use crate::console::failure::Failure;
use crate::console::result::say;
use crate::files::{LockOutcome, LockedFiles, label};
use crate::wire::paths;

/// Rebuild what the catalog sold from the order book
///
/// For a catalog whose file is gone, damaged, or that of an earlier time: it sells nothing until then. The catalog must
/// run, and every replica must answer, or be named: any of them may have the only copy of an acknowledged order. What the
/// book does not have is forgotten, and is said: restocks, and who was refused.
///
/// While the catalog does not run, this sets its file aside instead (kept, as catalog.aside-1): then start it, and repeat
/// the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: toystore recover catalog --config configs/cluster.toml")]
pub struct Args {
    /// A replica that does not answer and is gone for good; may be repeated
    #[arg(long, value_name = "N")]
    without: Vec<u8>,

    #[command(flatten)]
    store: RunningStoreFlags,
}

/// Rebuilds the catalog.
///
/// # Errors
/// See [`Failure`]; then nothing was changed.
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (config, front_end) = args.store.load()?;
    let without: Vec<ReplicaId> =
        args.without.iter().map(|id| config.replica(*id)).collect::<Result<_, _>>()?;
    let rebuilt: Result<Rebuilt, _> =
        front_end.command(paths::RECOVER_CATALOG, &RecoverCatalog { without }).await;
    match rebuilt {
        Ok(rebuilt) => say(&told(&rebuilt)),
        Err(why) => say(&set_aside(&config, why)?),
    }
    Ok(ExitCode::SUCCESS)
}

/// What is here of a catalog that does not run is set aside, if nobody has it open.
fn set_aside(config: &Config, why: NoAnswer) -> Result<Vec<String>, Failure> {
    let directory = config.data.join(label(NodeId::Catalog));
    let left = || Failure::CouldNotRun(format!("the catalog was left as it is: {why}"));
    let held = match LockedFiles::take(directory, FILE) {
        Ok(LockOutcome::Locked(held)) => held,
        Ok(LockOutcome::NoDirectory | LockOutcome::InUse) | Err(_) => return Err(left()),
    };
    let kept = held.set_aside().map_err(Failure::CouldNotRun)?;
    Ok(vec![
        format!("the catalog does not run; its file is kept in {}", kept.display()),
        "start the catalog: it begins with a new file and sells nothing; then repeat this command".to_owned(),
    ])
}

fn told(rebuilt: &Rebuilt) -> Vec<String> {
    let Rebuilt { orders, restocked, unknown } = rebuilt;
    let mut lines = vec![format!("the catalog knows again what {orders} orders bought, and sells on")];
    lines.push(
        "it could not know what was restocked, nor who was refused: what is in stock is what was imported, less what \
         was sold"
            .to_owned(),
    );
    for (name, pieces) in restocked {
        lines.push(format!(
            "{name}: at least {pieces} were restocked; none is in stock until the next restock"
        ));
    }
    for name in unknown {
        lines.push(format!("{name}: the book has orders of it, and the catalog has no such product"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::{OrderNumber, ProductName};

    use super::*;

    #[test]
    fn what_could_not_be_known_is_said() {
        let name = |text| ProductName::new(text).unwrap();
        let rebuilt = Rebuilt {
            orders: OrderNumber::new(9),
            restocked: vec![(name("Tux"), 100)],
            unknown: vec![name("Gnu")],
        };
        let told = told(&rebuilt).join("\n");
        for expected in
            ["what 9 orders bought", "Tux: at least 100 were restocked", "Gnu: the book has orders of it"]
        {
            assert!(told.contains(expected), "{told:?} does not say {expected:?}");
        }
    }
}
