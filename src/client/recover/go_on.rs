//! `toystore recover`: goes on without replicas that are gone for good.

use std::process::ExitCode;

use toystore_actors::domain::ReplicaId;
use toystore_actors::messages::view_service::{Recover, Recovery, Without};

use crate::client::front_end::RunningStoreFlags;
use crate::console::failure::Failure;
use crate::console::result::say;
use crate::wire::paths;

/// What is gone on without, and whether it is meant.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// A replica that does not answer and is gone for good; may be repeated. Make sure that it is dead: one that is only
    /// cut off can still acknowledge what it has bought
    #[arg(long, value_name = "N")]
    without: Vec<u8>,

    /// Do it; without, it is only said what would be done
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    store: RunningStoreFlags,
}

/// Says what going on would mean, or goes on.
///
/// # Errors
/// See [`Failure`]; then nothing was changed.
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (config, front_end) = args.store.load()?;
    let without: Vec<ReplicaId> =
        args.without.iter().map(|id| config.replica(*id)).collect::<Result<_, _>>()?;
    let ask = Recover { without, confirmed: args.yes };
    let recovery: Recovery = front_end
        .command(paths::RECOVER, &ask)
        .await
        .map_err(|why| Failure::CouldNotRun(format!("the store was left as it is: {why}")))?;
    say(&told(&recovery));
    Ok(ExitCode::SUCCESS)
}

fn told(recovery: &Recovery) -> Vec<String> {
    let mut lines = match &recovery.without {
        Without::Replicas(without) => told_without(recovery, without),
        Without::FrontEnd => {
            let counts = if recovery.done { "counts" } else { "would count" };
            vec![
                format!(
                    "the front-end that began last, and of which no replica has heard, {counts} for nothing any more: make \
                     sure that it does not run"
                ),
                "every replica stays what it was, and no order is lost".to_owned(),
            ]
        }
    };
    lines.push(match (recovery.done, &recovery.without) {
        (false, _) => "nothing was changed; to do it, repeat the command with --yes".to_owned(),
        (true, Without::Replicas(_)) => {
            "the others join by themselves: see in_sync in GET /leader".to_owned()
        }
        (true, Without::FrontEnd) => "the store goes on by itself: see GET /readyz".to_owned(),
    });
    lines
}

fn told_without(recovery: &Recovery, without: &[ReplicaId]) -> Vec<String> {
    let Recovery { leader, last, settled, done, .. } = recovery;
    let (leads, lost) =
        if *done { ("leads alone", "are lost") } else { ("would lead alone", "would be lost") };
    let mut lines = vec![format!(
        "order-{leader} {leads}: its book is the best of those that answer, with {last} orders"
    )];
    lines.push(match settled {
        Some(settled) if settled > last => {
            format!("orders {} to {settled} were acknowledged and {lost}; their numbers are not given again", *last + 1)
        }
        Some(_) => "no order that the catalog knows to be acknowledged is missing from it".to_owned(),
        None => format!(
            "the catalog's memory is gone as well, so nobody knows whether orders after {last} were acknowledged; their \
             numbers may be given again"
        ),
    });
    if !without.is_empty() {
        let names: Vec<_> = without.iter().map(|id| format!("order-{id}")).collect();
        lines.push(format!(
            "{} counts for nothing any more; if it comes back, it joins like a new replica",
            names.join(", ")
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::OrderNumber;

    use super::*;

    /// Goes on with order-2, whose book ends at 7.
    fn recovery(settled: Option<u64>, without: Without, done: bool) -> Recovery {
        let (leader, last) = (ReplicaId::new(2), OrderNumber::new(7));
        Recovery { leader, last, settled: settled.map(OrderNumber::new), without, done }
    }

    #[test]
    fn what_is_lost_is_said_before_and_after() {
        let without = || Without::Replicas(vec![ReplicaId::new(3)]);
        let recovery = |settled: Option<u64>, done| recovery(settled, without(), done);
        for (settled, done, expected) in [
            (Some(7), false, "no order that the catalog knows to be acknowledged is missing"),
            (Some(9), false, "orders 8 to 9 were acknowledged and would be lost"),
            (Some(9), true, "orders 8 to 9 were acknowledged and are lost"),
            (None, false, "nobody knows whether orders after 7 were acknowledged"),
            (Some(7), false, "nothing was changed; to do it, repeat the command with --yes"),
            (Some(7), true, "order-2 leads alone"),
            (Some(7), true, "order-3 counts for nothing any more"),
        ] {
            let told = told(&recovery(settled, done)).join("\n");
            assert!(told.contains(expected), "{told:?} does not say {expected:?}");
        }
    }

    #[test]
    fn without_a_front_end_nothing_is_lost() {
        for (done, expected) in [
            (false, "would count for nothing any more"),
            (false, "repeat the command with --yes"),
            (true, "no order is lost"),
            (true, "see GET /readyz"),
        ] {
            let told = told(&recovery(Some(7), Without::FrontEnd, done)).join("\n");
            assert!(told.contains(expected), "{told:?} does not say {expected:?}");
        }
    }
}
