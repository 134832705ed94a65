//! Reads the configuration: a flag comes before the environment, the environment before the file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::check;
use super::settings::{Config, Overrides, ProductsFile};
use super::text_file;
use super::token::Token;
use crate::console::failure::Failure;

/// What `up` uses when no file is named: compiled in, so that it works from any directory.
const LOCAL: &str = include_str!("../../configs/local.toml");

/// Where the data goes when nobody says otherwise.
const DEFAULT_DATA: &str = "toystore-data";

impl Config {
    /// Reads and checks a file, or the built-in configuration.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the file, the line and what to do.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Config, Failure> {
        let mut config = match file {
            None => check::parse("the built-in configuration", LOCAL).map(|mut config| {
                config.products_file = ProductsFile::BuiltIn;
                config
            }),
            Some(path) => {
                text_file::read(path).and_then(|text| check::parse(&path.display().to_string(), &text))
            }
        }
        .map_err(Failure::Usage)?;
        let base = file.and_then(Path::parent).unwrap_or(Path::new(""));
        if let ProductsFile::File(path) = &mut config.products_file {
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
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::console::logging::LogFormat;

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
