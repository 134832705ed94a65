//! The configuration, on two levels: as a person writes it ([`raw`]), and checked, as the program uses it ([`settings`]).
//!
//! A flag comes before the environment, the environment before the file. Whatever is wrong is told as one
//! sentence with the file, the line or key, and what to do.

mod check;
mod first_products;
mod flags;
mod load;
mod products;
mod raw;
mod settings;
mod text_file;
mod token;

pub use self::first_products::ReadProducts;
pub use self::flags::{ConfigFlag, DataFlag, ServiceFlags, StoreFlags, TokenFlag};
pub use self::settings::{
    CacheSettings, Config, Http, Overrides, PlacedStatus, ProductsFile, Restock, Timing, list,
};
pub use self::token::Token;
