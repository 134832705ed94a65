//! `toystore shop`: many clients at once who query and order, and at the end check that the store kept
//! every promise that a client can check.

mod history;
mod report;
mod shopper;
mod silence;
mod store;
mod ticker;
mod verdict;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use rand::rngs::{StdRng, SysRng};
use rand::{SeedableRng, TryRng};

use history::{History, Input, Kind, Operation};
use shopper::{Plan, Queue, Shop};
use store::{Request, Store, StoreUrl};
use verdict::Fault;

use crate::console::progress::Progress;
use crate::wire::answers;

/// How long a store that does not answer is waited for before shopping begins.
const OPENING: Duration = Duration::from_secs(5);
/// How many orders are repeated under their key at the end.
const REPEATS: usize = 100;

/// Sends clients shopping, and checks at the end that every acknowledged order is there.
///
/// Each client queries a random toy in each round, and with some chance orders 1 to 3 of it if any are left, under an
/// Idempotency-Key of its own. A request that is answered 503, or not at all, is repeated under the same key
/// until its deadline. At the end every acknowledged order is looked up and compared with what its client
/// remembers, no two may share a number, and some are repeated under their key and must keep their number.
///
/// Ctrl-C ends the shopping early, and the check begins; a second one ends everything.
///
/// Exit status: 0 all is well, 1 an error or a mismatch, 2 usage, 3 the store could not be reached.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:\n  toystore shop --clients 20 --rounds 200 --buy 0.3")]
pub struct Args {
    /// The store's front-end.
    #[arg(long, value_name = "URL", env = "TOYSTORE_URL", default_value = "http://127.0.0.1:8080")]
    url: StoreUrl,

    /// How many clients shop at once.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,

    /// How many rounds each client goes.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Shop until Ctrl-C, and say every second how it goes
    #[arg(long, conflicts_with = "rounds")]
    until_stopped: bool,

    /// The chance that a round has an order, from 0 to 1.
    #[arg(long, value_name = "CHANCE", default_value_t = 0.5, value_parser = chance)]
    buy: f64,

    /// Order also what was just seen to be sold out
    #[arg(long)]
    blind: bool,

    /// Shop for these, at a store that has no list of its products
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    products: Vec<String>,

    /// Choose the same toys and quantities as another run did; keys are new in any case.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Write every operation to this file, as JSON lines.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,

    /// How long one request may take, in seconds, with all its attempts.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    deadline: u64,
}

fn chance(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(chance) if (0.0..=1.0).contains(&chance) => Ok(chance),
        _ => Err("a chance is a number from 0 to 1".into()),
    }
}

/// Shops, and says how it went.
pub fn run(args: Args) -> ExitCode {
    match actix::System::new().block_on(shop(&args)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(cannot) => {
            // Without standard error the exit status alone has to do.
            let _ = writeln!(io::stderr(), "toystore shop: {cannot}");
            ExitCode::from(3)
        }
    }
}

/// Why there was no shopping.
#[derive(Debug, thiserror::Error)]
enum Cannot {
    #[error("cannot reach the store at {url}: {why}; start one with `toystore up`, or name it with --url")]
    Reach { url: StoreUrl, why: String },
    #[error("{url} does not answer like a toy store: {why}")]
    NoStore { url: StoreUrl, why: String },
    #[error("cannot write the history to {}: {source}", file.display())]
    History { file: PathBuf, source: io::Error },
    #[error("cannot draw random numbers: {0}")]
    Random(rand::rngs::SysError),
}

/// Whether all was well.
async fn shop(args: &Args) -> Result<bool, Cannot> {
    raise_file_limit();
    let mut system_random = || SysRng.try_next_u64().map_err(Cannot::Random);
    let seed = args.seed.map_or_else(&mut system_random, Ok)?;
    let mut choices = StdRng::seed_from_u64(seed);
    let mut keys = StdRng::try_from_rng(&mut SysRng).map_err(Cannot::Random)?;

    let connections = usize::try_from(args.clients).unwrap_or(usize::MAX);
    let store = Store::new(args.url.clone(), connections, Duration::from_secs(args.deadline));
    let opening = if args.products.is_empty() { Some(listed(&store, &args.url).await?) } else { None };
    let history = History::start(args.history.as_deref())
        .map_err(|source| Cannot::History { file: args.history.clone().unwrap_or_default(), source })?;
    // What there was before anybody came in: a judge of the history has to know.
    if let Some((products, attempts)) = &opening {
        history.record(&Operation {
            client: 0,
            kind: Kind::List,
            key: None,
            input: Input::Nothing {},
            invoked_ns: 0,
            returned_ns: 0,
            attempts: *attempts,
            outcome: history::Outcome::Products(products),
        });
    }
    let listed = opening.into_iter().flat_map(|(products, _)| products).map(|product| product.name);
    let products = listed.chain(args.products.iter().cloned()).collect();
    let shop = Rc::new(Shop {
        store,
        products,
        history,
        tally: RefCell::default(),
        orders: RefCell::default(),
        closing: Cell::default(),
        silence: RefCell::new(silence::Silence::begin()),
    });
    actix::spawn(close_when_told(shop.clone()));

    let rounds = (!args.until_stopped).then_some(args.rounds);
    let progress =
        rounds.map(|rounds| Rc::new(Progress::start("rounds", u64::from(args.clients) * u64::from(rounds))));
    let telling = args.until_stopped.then(|| actix::spawn(ticker::tell(shop.clone())));
    all((0..args.clients).map(|client| {
        let (choices, keys) = (StdRng::from_rng(&mut choices), StdRng::from_rng(&mut keys));
        let plan = Plan { client, rounds, buy: args.buy, blind: args.blind, choices, keys };
        shop.clone().go_round(plan, progress.clone())
    }))
    .await;
    telling.inspect(|telling| telling.abort());
    progress.inspect(|progress| progress.finish());

    let orders = shop.orders.take();
    let placed = orders.len();
    let progress = Rc::new(Progress::start("orders", u64::try_from(placed).unwrap_or(u64::MAX)));
    let queue = Rc::new(RefCell::new(Queue::new(orders, REPEATS)));
    all((0..args.clients).map(|client| shop.clone().check(client, queue.clone(), progress.clone()))).await;
    progress.finish();

    let written = shop.history.finish();
    say(&summary(args, seed, &shop, placed));
    written.map_err(|source| Cannot::History { file: args.history.clone().unwrap_or_default(), source })?;
    Ok(shop.tally.borrow().faults() == 0)
}

/// Lets the shopping end early at Ctrl-C; a second one means it.
async fn close_when_told(shop: Rc<Shop>) {
    const INTERRUPTED: i32 = 130;
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    shop.closing.set(true);
    // Without standard error nobody needs to be told.
    let _ = writeln!(io::stderr(), "closing; the orders are being checked (Ctrl-C again to stop at once)");
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(INTERRUPTED);
    }
}

/// Runs all clients side by side, each as a task of its own, until the last one is done.
async fn all<C: Future<Output = ()> + 'static>(clients: impl Iterator<Item = C>) {
    for ended in join_all(clients.map(actix::spawn)).await {
        if let Err(error) = ended {
            // A client that panicked has checked nothing: that must not pass for success.
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

/// What the store sells, and how many attempts it took to hear of it.
async fn listed(store: &Store, url: &StoreUrl) -> Result<(Vec<answers::Product>, u32), Cannot> {
    let no_store = |why| Cannot::NoStore { url: url.clone(), why };
    let (mut listed, mut attempts, mut after) = (Vec::new(), 0, None);
    loop {
        let request = Request::Products { after: after.as_deref() };
        let asked = store.ask_within(&request, OPENING).await;
        attempts += asked.attempts;
        let answers::Products { data, next } = match verdict::products(&asked) {
            Ok(products) => products,
            Err(Fault::Unknown(why)) => return Err(Cannot::Reach { url: url.clone(), why }),
            Err(Fault::Refused(why) | Fault::Mismatch(why)) => {
                return Err(no_store(format!("{request}: {why}")));
            }
        };
        let none = data.is_empty();
        listed.extend(data);
        match next {
            Some(_) if none => {
                return Err(no_store(format!("{request}: it lists nothing, and says that more follows")));
            }
            Some(next) => after = Some(next),
            None if listed.is_empty() => return Err(no_store("it sells nothing".into())),
            None => return Ok((listed, attempts)),
        }
    }
}

fn summary(args: &Args, seed: u64, shop: &Shop, orders: usize) -> impl fmt::Display {
    let tally = shop.tally.borrow();
    let confirmed = tally.confirmed;
    let verdict = if tally.faults() > 0 {
        format!("FAILED: {} faults; {confirmed} of {orders} orders were found as remembered", tally.faults())
    } else {
        format!("ok: all {orders} orders were found as remembered, {} kept their number", tally.repeated)
    };
    let rounds =
        if args.until_stopped { "until stopped".to_owned() } else { format!("{} rounds each", args.rounds) };
    format!(
        "{} clients, {rounds}, seed {seed}: {:.1} s\n\n{tally}\n{verdict}",
        args.clients,
        shop.history.elapsed().as_secs_f64()
    )
}

fn say(text: &impl fmt::Display) {
    // Whoever closed standard output does not want to know; the exit status still says it.
    let _ = writeln!(io::stdout(), "{text}");
}

/// Each client has a connection: asks for as many open files as this process may have.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        // Where it is refused, connections fail and say so.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn arguments_are_checked() {
        for (arguments, ok) in [
            ("", true),
            ("--buy 0", true),
            ("--buy 1", true),
            ("--buy 1.1", false),
            ("--buy=-0.1", false),
            ("--buy nan", false),
            ("--buy half", false),
            ("--clients 1", true),
            ("--clients 0", false),
            ("--clients 10001", false),
            ("--rounds 0", false),
            ("--until-stopped", true),
            ("--until-stopped --rounds 5", false),
            ("--deadline 0", false),
            ("--url https://x", false),
            ("--seed 7 --history h.jsonl", true),
            ("--blind --products a,b,c", true),
        ] {
            let words = std::iter::once("shop").chain(arguments.split_whitespace());
            assert_eq!(Command::try_parse_from(words).is_ok(), ok, "{arguments}");
        }
    }
}
