//! All that a service tells, as one text.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::web;
use futures_util::future::join3;
pub use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;
use tokio::time::timeout;
use toystore_actors::net::Bridge;
use toystore_actors::probe::Limit;

use super::limits::Fill;
use super::node::NodeMetrics;
use super::samples::Samples;
use super::services::{Ask, LIMIT};
use super::{files, process};

/// Finds out what a service tells.
pub struct Exposition {
    /// What is counted of its node.
    pub node: Arc<NodeMetrics>,
    /// The way to its actor, with its limit.
    pub bridge: Arc<Bridge>,
    /// Where its files are.
    pub directory: PathBuf,
    /// What its actor is asked.
    pub ask: Ask,
}

impl Exposition {
    /// The text of this moment. What does not answer, or not soon, is left out of it.
    ///
    /// # Errors
    /// When a sample cannot be written.
    pub async fn text(&self) -> Result<String, fmt::Error> {
        let directory = self.directory.clone();
        let machine = web::block(move || {
            let mut samples = Samples::default();
            process::add(&mut samples);
            files::add(&directory, &mut samples);
            samples
        });
        let (service, limits, machine) =
            join3((self.ask)(), timeout(LIMIT, self.node.limits.read()), timeout(LIMIT, machine)).await;
        let mut text = String::new();
        self.node.counted.write(&mut text)?;
        service.write(&mut text)?;
        self.limits(limits.ok().flatten().unwrap_or_default()).write(&mut text)?;
        if let Ok(Ok(machine)) = machine {
            machine.write(&mut text)?;
        }
        Ok(text)
    }

    /// How full these limits are, and that of the calls.
    fn limits(&self, mut fills: Vec<Fill>) -> Samples {
        fills.push(Fill { limit: Limit::Calls, now: self.bridge.under_way(), most: self.bridge.limit() });
        let mut samples = Samples::default();
        let all = |value: fn(&Fill) -> usize| {
            let values = fills.iter().map(move |fill| (fill.limit.what().to_owned(), value(fill) as u64));
            values.collect::<Vec<_>>()
        };
        let help = "How much there is of what is limited";
        samples.gauges("toystore_limit_used", help, "limit", all(|fill| fill.now));
        samples.gauges("toystore_limit", "How much there may be of it", "limit", all(|fill| fill.most));
        samples
    }
}

impl fmt::Debug for Exposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exposition").field("directory", &self.directory).finish_non_exhaustive()
    }
}
