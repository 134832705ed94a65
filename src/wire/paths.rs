//! Where the front-end takes the operator's commands.

/// How a service is, for the front-end that shows it.
pub const OBSERVE: &str = "/observe";

/// New products and other prices.
pub const IMPORT: &str = "/import";

/// To go on without what is gone for good.
pub const RECOVER: &str = "/recover";

/// To rebuild the catalog's memory.
pub const RECOVER_CATALOG: &str = "/recover-catalog";
