//! Pages for people: the shop, an order, the cluster. Their texts are templates, and what they look like and do in a
//! browser is in `assets/`; both are compiled in.

mod assets;
mod buy;
mod cluster;
mod dispatch;
mod html;
mod order;
mod shop;
mod stream;
mod toys;

pub use self::dispatch::{answer, wanted};
pub use self::html::page;
pub use self::stream::Operations;
