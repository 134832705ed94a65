//! A run from its beginning to its end: what the store sells, the shopping, the check.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use rand::rngs::{StdRng, SysRng};
use rand::{SeedableRng, TryRng};

use super::args::Args;
use super::history::{History, Operation, OperationInput, OperationKind, OperationOutcome};
use super::judge::{self, Fault};
use super::shop_error::ShopError;
use super::shopper::{OrdersToCheck, ShopState, ShopperPlan};
use super::silence::Silence;
use super::store_client::{StoreClient, StoreRequest, StoreUrl};
use super::ticker;
use crate::console::progress::Progress;
use crate::console::result::say;
use crate::process::file_limits::raise_file_limit;
use crate::wire::answers;

/// How long a store that does not answer is waited for before shopping begins.
const OPENING: Duration = Duration::from_secs(5);
/// How many orders are repeated under their key at the end.
const REPEATS: usize = 100;

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

/// Whether all was well.
async fn shop(args: &Args) -> Result<bool, ShopError> {
    // Each client has a connection.
    raise_file_limit();
    let seed = match args.seed {
        Some(seed) => seed,
        None => SysRng.try_next_u64().map_err(ShopError::Random)?,
    };
    let shop = Rc::new(open(args).await?);
    actix::spawn(close_when_told(shop.clone()));
    go_shopping(args, seed, &shop).await?;
    let placed = check(args, &shop).await;
    let written = shop.history.finish();
    say(&[summary(args, seed, &shop, placed)]);
    written.map_err(|source| ShopError::history(args.history.as_deref(), source))?;
    Ok(shop.counts.borrow().faults() == 0)
}

/// Looks what the store sells, and begins the history with it: a judge of the history has to know what there was before
/// anybody came in.
async fn open(args: &Args) -> Result<ShopState, ShopError> {
    let connections = usize::try_from(args.clients).unwrap_or(usize::MAX);
    let store = StoreClient::new(args.url.clone(), connections, Duration::from_secs(args.deadline));
    let opening = if args.products.is_empty() { Some(listed(&store, &args.url).await?) } else { None };
    let history = History::start(args.history.as_deref())
        .map_err(|source| ShopError::history(args.history.as_deref(), source))?;
    if let Some((products, attempts)) = &opening {
        history.record(&Operation {
            client: 0,
            kind: OperationKind::List,
            key: None,
            input: OperationInput::Nothing {},
            invoked_ns: 0,
            returned_ns: 0,
            attempts: *attempts,
            outcome: OperationOutcome::Products(products),
        });
    }
    let listed = opening.into_iter().flat_map(|(products, _)| products).map(|product| product.name);
    let products = listed.chain(args.products.iter().cloned()).collect();
    Ok(ShopState {
        store,
        products,
        history,
        counts: RefCell::default(),
        orders: RefCell::default(),
        closing: Cell::default(),
        silence: RefCell::new(Silence::begin()),
    })
}

/// All clients shop side by side, until the last one has gone all its rounds.
async fn go_shopping(args: &Args, seed: u64, shop: &Rc<ShopState>) -> Result<(), ShopError> {
    let mut choices = StdRng::seed_from_u64(seed);
    let mut keys = StdRng::try_from_rng(&mut SysRng).map_err(ShopError::Random)?;
    let rounds = (!args.until_stopped).then_some(args.rounds);
    let progress =
        rounds.map(|rounds| Rc::new(Progress::start("rounds", u64::from(args.clients) * u64::from(rounds))));
    let telling = args.until_stopped.then(|| actix::spawn(ticker::tell(shop.clone())));
    all((0..args.clients).map(|client| {
        let (choices, keys) = (StdRng::from_rng(&mut choices), StdRng::from_rng(&mut keys));
        let plan = ShopperPlan { client, rounds, buy: args.buy, blind: args.blind, choices, keys };
        shop.clone().go_round(plan, progress.clone())
    }))
    .await;
    telling.inspect(|telling| telling.abort());
    progress.inspect(|progress| progress.finish());
    Ok(())
}

/// All clients look up what was acknowledged; says how many orders that were.
async fn check(args: &Args, shop: &Rc<ShopState>) -> usize {
    let orders = shop.orders.take();
    let placed = orders.len();
    let progress = Rc::new(Progress::start("orders", u64::try_from(placed).unwrap_or(u64::MAX)));
    let queue = Rc::new(RefCell::new(OrdersToCheck::new(orders, REPEATS)));
    all((0..args.clients).map(|client| shop.clone().check(client, queue.clone(), progress.clone()))).await;
    progress.finish();
    placed
}

/// Lets the shopping end early at Ctrl-C; a second one means it.
async fn close_when_told(shop: Rc<ShopState>) {
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
async fn listed(store: &StoreClient, url: &StoreUrl) -> Result<(Vec<answers::Product>, u32), ShopError> {
    let no_store = |why| ShopError::NoStore { url: url.clone(), why };
    let (mut listed, mut attempts, mut after) = (Vec::new(), 0, None);
    loop {
        let request = StoreRequest::Products { after: after.as_deref() };
        let asked = store.ask_within(&request, OPENING).await;
        attempts += asked.attempts;
        let answers::ProductPage { data, next } = match judge::products(&asked) {
            Ok(products) => products,
            Err(Fault::Unknown(why)) => return Err(ShopError::Reach { url: url.clone(), why }),
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

fn summary(args: &Args, seed: u64, shop: &ShopState, orders: usize) -> String {
    let counts = shop.counts.borrow();
    let confirmed = counts.confirmed;
    let verdict = if counts.faults() > 0 {
        format!("FAILED: {} faults; {confirmed} of {orders} orders were found as remembered", counts.faults())
    } else {
        format!("ok: all {orders} orders were found as remembered, {} kept their number", counts.repeated)
    };
    let rounds =
        if args.until_stopped { "until stopped".to_owned() } else { format!("{} rounds each", args.rounds) };
    format!(
        "{} clients, {rounds}, seed {seed}: {:.1} s\n\n{counts}\n{verdict}",
        args.clients,
        shop.history.elapsed().as_secs_f64()
    )
}
