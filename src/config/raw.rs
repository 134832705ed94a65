//! The configuration as a person writes it. Nothing here is checked beyond its shape; see [`super::check`].

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use crate::console::logging::LogFormat;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    pub data: Option<PathBuf>,
    pub token: Option<Spanned<String>>,
    pub front_end: Vec<RawMember>,
    pub catalog: RawCatalog,
    pub order: Vec<RawMember>,
    #[serde(default)]
    pub cache: RawCache,
    #[serde(default)]
    pub timing: RawTiming,
    #[serde(default)]
    pub limits: RawLimits,
    #[serde(default)]
    pub http: RawHttp,
    #[serde(default)]
    pub log: RawLog,
}

/// One front-end or one order replica.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMember {
    pub id: Spanned<u8>,
    pub address: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCatalog {
    pub address: Spanned<String>,
    pub products: Option<PathBuf>,
    pub restock_every_ms: Option<Spanned<u64>>,
    pub restock_to: Option<Spanned<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCache {
    pub capacity: Option<Spanned<u64>>,
    pub lease_ms: Option<Spanned<u64>>,
    pub drift_percent: Option<Spanned<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTiming {
    pub heartbeat_ms: Option<Spanned<u64>>,
    pub suspect_after_ms: Option<Spanned<u64>>,
    pub call_limit_ms: Option<Spanned<u64>>,
    pub drop_after_ms: Option<Spanned<u64>>,
    pub retry_every_ms: Option<Spanned<u64>>,
    pub order_deadline_ms: Option<Spanned<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLimits {
    pub max_calls: Option<Spanned<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawHttp {
    pub placed_status: Option<Spanned<u64>>,
    pub keep_alive_s: Option<Spanned<u64>>,
    pub drain_s: Option<Spanned<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLog {
    pub format: Option<LogFormat>,
}
