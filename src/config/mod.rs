//! The configuration, on two levels: as a person writes it ([`raw`]), and checked, as the program uses it.
//!
//! A flag comes before the environment, the environment before the file. Whatever is wrong is told as one
//! sentence with the file, the line or key, and what to do.

mod check;
mod products;
mod raw;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toystore_actors::catalog::{Digest, ProductSeed, Source};
use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;

use crate::console::failure::Failure;
use crate::console::logging::LogFormat;

/// What `up` uses when no file is named: compiled in, so that it works from any directory.
const LOCAL: &str = include_str!("../../configs/local.toml");
const LOCAL_PRODUCTS: &str = include_str!("../../configs/catalog.csv");

/// Where the data goes when nobody says otherwise.
const DEFAULT_DATA: &str = "toystore-data";

/// The longest time that may be set for draining, in seconds.
pub const MAX_DRAIN_S: u64 = 3600;

/// The secret that the services of one cluster show each other. It is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token of visible ASCII characters, so that it passes through a header as it is.
    ///
    /// # Errors
    /// Says what is expected.
    pub fn new(text: &str) -> Result<Token, String> {
        if !text.is_empty() && text.len() <= 256 && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Token(text.to_owned()))
        } else {
            Err("the token must be 1 to 256 visible ASCII characters".into())
        }
    }

    /// The secret itself.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Where the products of a first start come from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Products {
    BuiltIn,
    File(PathBuf),
    Nowhere,
}

/// A checked configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file it was read from, for messages.
    pub origin: String,
    /// Where the data files are.
    pub data: PathBuf,
    /// The cluster's secret.
    pub token: Option<Token>,
    /// Every service and where its peers reach it.
    pub addresses: BTreeMap<NodeId, SocketAddr>,
    products: Products,
    /// The cache's part.
    pub cache: CacheSettings,
    /// The catalog's part.
    pub restock: Restock,
    /// All spans of time.
    pub timing: Timing,
    /// How the services answer.
    pub http: Http,
    /// How many requests may be under way in one service.
    pub max_calls: usize,
    /// How the log is written.
    pub log_format: LogFormat,
}

/// How the front-ends cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// Products kept at most; 0 is no cache.
    pub capacity: usize,
    /// How long an answer may be used.
    pub lease: Duration,
    /// By how much clocks may differ in speed.
    pub drift_percent: u32,
}

/// How the catalog refills its shelves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restock {
    /// How often; zero is never.
    pub every: Duration,
    /// To how many pieces.
    pub to: u64,
}

/// What is a matter of taste in HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Http {
    /// The status of an order that was placed: 201, or 200.
    pub placed: u16,
    /// How long a connection may be idle between requests.
    pub keep_alive: Duration,
    /// How long everything is still served once the process is told to stop, so that a balancer can notice.
    pub drain: Duration,
}

/// Spans of time; see `configs/local.toml` for what each is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Between two looks at the leader.
    pub heartbeat: Duration,
    /// Of a leader's silence.
    pub suspect_after: Duration,
    /// Of one call between services.
    pub call_limit: Duration,
    /// Of a follower's silence.
    pub drop_after: Duration,
    /// Between two tries.
    pub retry_every: Duration,
    /// Of a whole order.
    pub order_deadline: Duration,
}

/// What a command line or the environment puts over a file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The data directory.
    pub data: Option<PathBuf>,
    /// The cluster's secret.
    pub token: Option<String>,
    /// How the log is written.
    pub log_format: Option<LogFormat>,
    /// Seconds of draining, at most [`MAX_DRAIN_S`].
    pub drain_s: Option<u64>,
}

impl Config {
    /// Reads and checks a file, or the built-in configuration.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the file, the line and what to do.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Config, Failure> {
        let mut config = match file {
            None => check::parse("the built-in configuration", LOCAL).map(|mut config| {
                config.products = Products::BuiltIn;
                config
            }),
            Some(path) => read(path).and_then(|text| check::parse(&path.display().to_string(), &text)),
        }
        .map_err(Failure::Usage)?;
        let base = file.and_then(Path::parent).unwrap_or(Path::new(""));
        if let Products::File(path) = &mut config.products {
            *path = base.join(&*path);
        }
        config.data = match (&overrides.data, config.data.as_os_str().is_empty()) {
            (Some(data), _) => data.clone(),
            (None, true) => PathBuf::from(DEFAULT_DATA),
            (None, false) => base.join(&config.data),
        };
        if let Some(token) = &overrides.token {
            let token = Token::new(token).map_err(|why| Failure::Usage(format!("TOYSTORE_TOKEN: {why}")))?;
            config.token = Some(token);
        }
        config.log_format = overrides.log_format.unwrap_or(config.log_format);
        if let Some(seconds) = overrides.drain_s {
            config.http.drain = Duration::from_secs(seconds);
        }
        Ok(config)
    }

    /// The products of a first start, which are read when they are needed. What is wrong with them is told then, with the
    /// file, the line and what is expected there.
    pub fn products(&self) -> Source {
        match &self.products {
            Products::BuiltIn => products::source("the built-in catalog", Ok(LOCAL_PRODUCTS.into())),
            Products::File(path) => products::source(&path.display().to_string(), read(path)),
            Products::Nowhere => {
                let why = format!(
                    "{}: catalog.products is missing; name the file of the products of the first start, such as \
                     products = \"catalog.csv\"",
                    self.origin
                );
                products::source("", Err(why))
            }
        }
    }

    /// The ids of all order replicas, ascending.
    pub fn replicas(&self) -> Vec<ReplicaId> {
        let ids = self.addresses.keys().filter_map(|node| match node {
            NodeId::Order(id) => Some(*id),
            _ => None,
        });
        ids.collect()
    }

    /// The numbers of all front-ends, ascending.
    pub fn front_ends(&self) -> Vec<u8> {
        let numbers = self.addresses.keys().filter_map(|node| match node {
            NodeId::FrontEnd(number) => Some(*number),
            _ => None,
        });
        numbers.collect()
    }

    /// Finds an order replica.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the ids that there are.
    pub fn replica(&self, id: u8) -> Result<ReplicaId, Failure> {
        self.listed("order", &self.replicas(), id)
    }

    /// Finds a front-end.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the ids that there are.
    pub fn front_end(&self, id: u8) -> Result<u8, Failure> {
        self.listed("front_end", &self.front_ends(), id)
    }

    /// Refuses addresses at which nobody could be found: a port that the system picks is known to nobody else.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the address and what to do.
    pub fn findable(&self) -> Result<(), Failure> {
        let any = self.addresses.iter().find(|(_, address)| address.port() == 0);
        any.map_or(Ok(()), |(id, address)| {
            let what = format!(
                "{}: {id} has the address {address}, and the other services could not find it on a port that the system \
                 picks; give it a port, or run the whole store in one process with `toystore up`",
                self.origin
            );
            Err(Failure::Usage(what))
        })
    }

    fn listed(&self, table: &str, ids: &[u8], id: u8) -> Result<u8, Failure> {
        if ids.contains(&id) {
            return Ok(id);
        }
        let what = format!("{} has no [[{table}]] with id {id}; it has {}", self.origin, list(ids));
        Err(Failure::Usage(what))
    }

    /// Refuses to let strangers at a service: whoever listens where other machines can reach needs a token.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the address and what to do.
    pub fn guard(&self, label: &str, listen: SocketAddr) -> Result<(), Failure> {
        if listen.ip().is_loopback() || self.token.is_some() {
            return Ok(());
        }
        Err(Failure::Usage(format!(
            "{label} would listen on {listen}, which other machines can reach, and there is no cluster token; \
             set TOYSTORE_TOKEN (or token in {}) to a secret that all services share, or listen on 127.0.0.1",
            self.origin
        )))
    }
}

/// Ids as a person reads them.
pub fn list(ids: &[u8]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Reads a file of products, to be imported.
///
/// # Errors
/// [`Failure::Usage`] with the file, the line and what is expected there.
pub fn products_of(file: &Path) -> Result<(Vec<ProductSeed>, Digest), Failure> {
    let text = read(file).map_err(Failure::Usage)?;
    let products = products::parse(&file.display().to_string(), &text).map_err(Failure::Usage)?;
    Ok((products, products::digest(&text)))
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    String::from_utf8(bytes).map_err(|_| format!("{}: it is not UTF-8 text", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_under_configs_loads() {
        let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
        let built_in = Config::load(None, &Overrides::default()).expect("the built-in configuration is good");
        for name in ["local.toml", "cluster.toml"] {
            let config = Config::load(Some(&configs.join(name)), &Overrides::default()).expect(name);
            assert_eq!(config.addresses, built_in.addresses, "{name}");
            // A file that sets only the addresses and one that spells all defaults out mean the same.
            assert_eq!(config.timing, built_in.timing, "{name}");
            assert_eq!(config.cache, built_in.cache, "{name}");
            assert_eq!(config.restock, built_in.restock, "{name}");
            assert_eq!(config.max_calls, built_in.max_calls, "{name}");
            assert_eq!(config.http, built_in.http, "{name}");
            assert_eq!((config.products().read)(), (built_in.products().read)(), "{name}");
            assert_eq!(config.products().digest, built_in.products().digest, "{name}");
            assert_eq!(config.log_format, built_in.log_format, "{name}");
        }
        let demo = Config::load(Some(&configs.join("demo.toml")), &Overrides::default()).expect("demo.toml");
        let lasting = (demo.products().read)().expect("demo.csv");
        assert!(lasting.iter().all(|product| product.quantity == 100_000_000));
        let products = (built_in.products().read)().expect("the built-in catalog is good");
        assert!(products.len() >= 16);
        assert!(products.iter().all(|product| product.quantity == 100));
    }

    #[test]
    fn a_flag_comes_before_the_file() {
        let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
        let overrides = Overrides {
            data: Some("elsewhere".into()),
            token: Some("secret".into()),
            log_format: Some(LogFormat::Json),
            drain_s: Some(7),
        };
        let config = Config::load(Some(&configs.join("cluster.toml")), &overrides).expect("it loads");
        assert_eq!(config.data, Path::new("elsewhere"));
        assert_eq!(config.token.as_ref().map(Token::secret), Some("secret"));
        assert_eq!(config.log_format, LogFormat::Json);
        assert_eq!(config.http.drain, Duration::from_secs(7));
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn a_stranger_needs_a_token() {
        let mut config = Config::load(None, &Overrides::default()).expect("it loads");
        let open = SocketAddr::from(([0, 0, 0, 0], 8080));
        assert!(config.guard("front-end", open).is_err());
        assert!(config.guard("front-end", SocketAddr::from(([127, 0, 0, 1], 0))).is_ok());
        config.token = Some(Token::new("secret").expect("a good token"));
        assert!(config.guard("front-end", open).is_ok());
    }
}
