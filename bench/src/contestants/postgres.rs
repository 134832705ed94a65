//! PostgreSQL: a primary and two synchronous standbys.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result};
use rustix::process::Signal;
use tokio::task::LocalSet;

use super::START;
use super::store::STOCK;
use crate::load::postgres::connect;
use crate::process::{Process, User, finish, tied};
use crate::{ports, stop};

const USER: User = User::Named("postgres");

/// Beyond the defaults: what the setup needs, memory as its manual advises, and no checkpoint in the middle of
/// a run. A commit waits until both standbys have it on disk (`synchronous_commit = on`).
const SETTINGS: &str = "
fsync = on
synchronous_commit = on
synchronous_standby_names = 'FIRST 2 (s1, s2)'
wal_level = replica
max_wal_senders = 8
max_connections = 200
shared_buffers = 1GB
wal_buffers = 64MB
max_wal_size = 8GB
checkpoint_timeout = 1h
jit = off
unix_socket_directories = ''
listen_addresses = '127.0.0.1'
";

/// Products with room for the versions that updates make, so that they stay in their page.
const SCHEMA: &str = "
CREATE TABLE products (name text PRIMARY KEY, quantity bigint NOT NULL CHECK (quantity >= 0))
    WITH (fillfactor = 20);
CREATE TABLE orders (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
    quantity bigint NOT NULL);
";

/// The three servers.
#[derive(Debug)]
pub struct Postgres {
    /// Where the primary listens.
    pub primary: SocketAddr,
    _processes: Vec<Process>,
}

impl Postgres {
    /// Sets up the primary, its copies and the tables, and waits until both standbys are synchronous.
    ///
    /// # Errors
    /// When any of it fails.
    pub fn start(dir: &Path, products: &Rc<[String]>) -> Result<Postgres> {
        std::fs::create_dir_all(dir)?;
        if rustix::process::geteuid().is_root() {
            let mut command = std::process::Command::new("chown");
            command.arg("postgres:postgres").arg(dir);
            finish(command)?;
        }
        let bin = bin()?;
        let [primary, s1, s2] = ports::free::<3>()?;
        let data = dir.join("primary");
        let mut command = tied(bin.join("initdb"), USER, Signal::TERM);
        command.args(["--auth=trust", "--username=postgres", "--no-sync", "--no-locale", "--encoding=UTF8"]);
        command.arg("-D").arg(&data).current_dir(dir);
        finish(command)?;
        let config = data.join("postgresql.conf");
        let defaults = std::fs::read_to_string(&config)?;
        std::fs::write(&config, format!("{defaults}{SETTINGS}"))?;
        let mut processes = vec![server(&bin, dir, "primary", primary)?];
        let (host, port) = (primary.ip().to_string(), primary.port().to_string());
        let client = |program: &str| {
            let mut command = tied(bin.join(program), USER, Signal::TERM);
            command.args(["-h", &host, "-p", &port, "-U", "postgres"]).current_dir(dir);
            command
        };
        stop::eventually("the primary is ready", START, || {
            processes[0].check()?;
            Ok(finish(client("pg_isready")).ok())
        })?;
        for (name, address) in [("s1", s1), ("s2", s2)] {
            let mut command = client("pg_basebackup");
            command.arg("-D").arg(dir.join(name)).args(["-R", "-X", "stream", "-c", "fast"]);
            command.args(["-d", &format!("application_name={name}")]);
            finish(command)?;
            processes.push(server(&bin, dir, name, address)?);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, fill(primary, products))?;
        Ok(Postgres { primary, _processes: processes })
    }
}

fn server(bin: &Path, dir: &Path, name: &str, address: SocketAddr) -> Result<Process> {
    let log = dir.join(format!("{name}.log"));
    // SIGQUIT is its immediate shutdown; on SIGTERM it would wait for its clients.
    Process::start(bin.join("postgres"), USER, &log, Signal::QUIT, |command| {
        command.arg("-D").arg(dir.join(name)).args(["-p", &address.port().to_string()]).current_dir(dir);
    })
}

/// Makes the tables. That this succeeds shows that both standbys are there: a commit waits for them.
async fn fill(primary: SocketAddr, products: &[String]) -> Result<()> {
    let client = connect(primary).await?;
    client.batch_execute(SCHEMA).await?;
    let names: Vec<&str> = products.iter().map(String::as_str).collect();
    let stock = i64::try_from(STOCK)?;
    client
        .execute("INSERT INTO products SELECT name, $2 FROM unnest($1::text[]) AS name", &[&names, &stock])
        .await?;
    client.batch_execute("VACUUM ANALYZE products").await?;
    let row =
        client.query_one("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", &[]).await?;
    anyhow::ensure!(row.get::<_, i64>(0) == 2, "not both standbys are synchronous");
    Ok(())
}

/// Where Debian keeps the servers of the newest version installed.
///
/// # Errors
/// When there is none.
pub fn bin() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").context("PostgreSQL is not installed")?;
    let bins = versions.flatten().map(|version| version.path().join("bin"));
    bins.filter(|bin| bin.join("postgres").exists()).max().context("PostgreSQL is not installed")
}
