//! The book of a running store, page by page, from whoever leads.

use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use toystore_actors::domain::Position;
use toystore_actors::messages::catalog::MAX_PAGE as MAX_PRODUCTS;
use toystore_actors::messages::catalog::Stocked;

use crate::client::front_end::{FrontEndClient, NoAnswer};
use crate::wire::backup::{MAX_PAGE, ORDERS, Page, STOCK};

/// How long a front-end may be away, or the store without a leader, before it is given up. A restart and a takeover
/// are over long before.
const PATIENCE: Duration = Duration::from_secs(10);

/// How soon it is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// A running store to copy.
pub struct RunningStore {
    front_end: FrontEndClient,
    /// How long one answer may take.
    limit: Duration,
    /// It has answered: it is there, and may be expected back.
    answered: bool,
}

impl RunningStore {
    /// A front-end answers within `deadline`, if only that it cannot.
    pub fn new(front_end: FrontEndClient, deadline: Duration) -> RunningStore {
        RunningStore { front_end, limit: deadline + PATIENCE, answered: false }
    }

    /// What comes after that entry. `None` if the book has another one there: the store has lost what it had
    /// acknowledged, or is another than before.
    ///
    /// # Errors
    /// When nobody answers, or not what was asked.
    pub async fn page(&mut self, after: Position) -> Result<Option<Page>, NoAnswer> {
        let Position { number, epoch } = after;
        let path = format!("{ORDERS}?after={number}&after_epoch={epoch}&limit={MAX_PAGE}");
        match self.ask(&path).await {
            Ok(page) => Ok(Some(page)),
            Err(NoAnswer::Declined { .. }) => Ok(None),
            Err(why) => Err(why),
        }
    }

    /// The products with their counts, each as of some moment between now and the answer: what came in of a product is at
    /// least what had come in of it before.
    ///
    /// # Errors
    /// When nobody answers, or not what was asked.
    pub async fn stock(&mut self) -> Result<Vec<Stocked>, NoAnswer> {
        let (mut products, mut after) = (Vec::new(), String::new());
        loop {
            let page: Vec<Stocked> = self.ask(&format!("{STOCK}?limit={MAX_PRODUCTS}{after}")).await?;
            let whole = page.len() < MAX_PRODUCTS as usize;
            products.extend(page);
            match products.last().filter(|_| !whole) {
                Some(last) => {
                    after = format!("&after={}", utf8_percent_encode(last.name.as_str(), NON_ALPHANUMERIC))
                }
                None => return Ok(products),
            }
        }
    }

    /// Asks until it is answered. Only at the beginning is silence an answer.
    async fn ask<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, NoAnswer> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.front_end.get(path, self.limit).await;
            self.answered |= !matches!(answer, Err(NoAnswer::Silent { .. }));
            match answer {
                Err(why) if why.may_change() && self.answered && Instant::now() < deadline => {
                    tokio::time::sleep(PAUSE).await;
                }
                answer => return answer,
            }
        }
    }
}
