//! The flags that say which store a command is about: the same for every command that has them.

use std::path::PathBuf;

use super::settings::{Config, MAX_DRAIN_S, Overrides};
use crate::console::failure::Failure;
use crate::console::logging::LogFormat;

/// `--config`.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigFlag {
    /// The configuration of the store; without it, the one that is built in (configs/local.toml)
    #[arg(long, value_name = "FILE", env = "TOYSTORE_CONFIG")]
    pub config: Option<PathBuf>,
}

/// `--data`.
#[derive(Debug, Clone, clap::Args)]
pub struct DataFlag {
    /// Where the data files are kept [default: as configured, else ./toystore-data]
    #[arg(long, value_name = "DIR", env = "TOYSTORE_DATA")]
    pub data: Option<PathBuf>,
}

/// `--token`.
#[derive(Debug, Clone, clap::Args)]
pub struct TokenFlag {
    /// The secret that the services show each other; better given in the environment
    #[arg(long, value_name = "SECRET", env = "TOYSTORE_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
}

/// A store, by its configuration, its files and its secret.
#[derive(Debug, Clone, clap::Args)]
pub struct StoreFlags {
    #[command(flatten)]
    config: ConfigFlag,

    #[command(flatten)]
    data: DataFlag,

    #[command(flatten)]
    token: TokenFlag,
}

/// How services run.
#[derive(Debug, Clone, clap::Args)]
pub struct ServiceFlags {
    /// How the log is written [default: as configured, else text]
    #[arg(long, value_name = "FORMAT", env = "TOYSTORE_LOG_FORMAT")]
    log_format: Option<LogFormat>,

    /// How long the front-end still serves once it is told to stop, while /readyz says 503 [default: as configured, else 0]
    #[arg(long, value_name = "SECONDS", env = "TOYSTORE_DRAIN_S", value_parser = clap::value_parser!(u64).range(0..=MAX_DRAIN_S))]
    drain_s: Option<u64>,
}

impl StoreFlags {
    /// `--config`, as it was given.
    pub fn config_file(&self) -> Option<&PathBuf> {
        self.config.config.as_ref()
    }

    /// `--data`, as it was given.
    pub fn data(&self) -> Option<&PathBuf> {
        self.data.data.as_ref()
    }

    /// The store as it is configured.
    ///
    /// # Errors
    /// See [`Config::load`].
    pub fn load(&self) -> Result<Config, Failure> {
        self.load_with(Overrides::default())
    }

    /// The same, for a service that is to run.
    ///
    /// # Errors
    /// See [`Config::load`].
    pub fn load_for(&self, service: &ServiceFlags) -> Result<Config, Failure> {
        let ServiceFlags { log_format, drain_s } = *service;
        self.load_with(Overrides { log_format, drain_s, ..Overrides::default() })
    }

    fn load_with(&self, overrides: Overrides) -> Result<Config, Failure> {
        let (data, token) = (self.data.data.clone(), self.token.token.clone());
        Config::load(self.config.config.as_deref(), &Overrides { data, token, ..overrides })
    }
}
