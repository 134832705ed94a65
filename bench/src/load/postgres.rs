//! The client for PostgreSQL: one prepared statement a purchase, over a pool of connections.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result};
use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::spawn_local;
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::{Done, Outcome, Plan, Recorder, on_this_thread};
use crate::stop;

/// A purchase in one round trip: the stock goes down if there is enough, and then there is an order.
const PURCHASE: &str = "WITH sold AS (UPDATE products SET quantity = quantity - $2 \
     WHERE name = $1 AND quantity >= $2 RETURNING name) \
     INSERT INTO orders (name, quantity) SELECT name, $2 FROM sold RETURNING number";

/// What to drive.
#[derive(Debug, Clone)]
pub struct Target {
    /// The primary.
    pub address: SocketAddr,
    /// Connections in the pool.
    pub pool: usize,
    /// What is bought.
    pub products: Rc<[String]>,
}

/// A connection with its statement.
struct Ready {
    client: Client,
    purchase: Statement,
}

impl Target {
    /// Measures purchases.
    ///
    /// # Errors
    /// When a connection breaks or a statement fails.
    pub fn measure(&self, plan: &Plan) -> Result<Outcome> {
        on_this_thread(self.drive(plan))
    }

    async fn drive(&self, plan: &Plan) -> Result<Recorder> {
        let mut idle = Vec::new();
        for _ in 0..self.pool {
            let client = connect(self.address).await?;
            let purchase = client.prepare(PURCHASE).await?;
            idle.push(Ready { client, purchase });
        }
        let pool = Pool { free: Semaphore::new(idle.len()), idle: RefCell::new(idle) };
        let recorder = RefCell::new(Recorder::new(plan, 1));
        let clients = (0..plan.clients).map(|client| {
            let random = fastrand::Rng::with_seed(u64::try_from(client).unwrap_or(0));
            buy_in_turn(&pool, &self.products, random, &recorder)
        });
        for ended in join_all(clients).await {
            ended?;
        }
        Ok(recorder.into_inner())
    }
}

/// Connects as the cluster's owner.
///
/// # Errors
/// When there is no connection.
pub async fn connect(address: SocketAddr) -> Result<Client> {
    let mut config = Config::new();
    config.host(address.ip().to_string()).port(address.port()).user("postgres").dbname("postgres");
    let (client, connection) = config.connect(NoTls).await?;
    // It ends with the client; what breaks it, the statements under way report.
    spawn_local(connection);
    Ok(client)
}

struct Pool {
    free: Semaphore,
    idle: RefCell<Vec<Ready>>,
}

async fn buy_in_turn(
    pool: &Pool,
    products: &[String],
    mut random: fastrand::Rng,
    recorder: &RefCell<Recorder>,
) -> Result<()> {
    loop {
        stop::check()?;
        let name = &products[random.usize(0..products.len())];
        let sent = Instant::now();
        let permit = pool.free.acquire().await?;
        let ready = pool.idle.borrow_mut().pop().context("a permit is a connection")?;
        let rows = ready.client.query(&ready.purchase, &[name, &1_i64]).await?;
        pool.idle.borrow_mut().push(ready);
        drop(permit);
        let done = Done { kind: 0, sent, at: Instant::now(), ok: rows.len() == 1 };
        if recorder.borrow_mut().note(done) == ControlFlow::Break(()) {
            return Ok(());
        }
    }
}
