//! What is told of the stock: whether it adds up, and is what was ordered.

use toystore_actors::catalog::stock::Audit;
use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;

use super::books::Comparison;
use super::inspected_file::Unread;
use super::inspection::Inspection;
use super::replica_book::still_waiting;
use super::report::{About, ProductReport, StockSummary};
use super::stock::Stock;
use super::text;

impl Inspection {
    /// Holds the stock against the book that reaches furthest, if that can be told.
    pub fn report_stock(&mut self, comparison: &Comparison, audit: Audit, list_products: bool) {
        let furthest = comparison.furthest().filter(|furthest| {
            // Who is in sync has every acknowledged order, whatever the others had.
            self.all_books || self.in_sync(&self.replicas[*furthest]) == Some(true)
        });
        let (ordered, pending) = match furthest {
            Some(furthest) => {
                let book = &self.replicas[furthest];
                let id = NodeId::Order(book.id);
                let waiting = still_waiting(book, audit.unsettled).map_err(Unread::Unusable);
                let Some(pending) = self.readable(id, waiting) else { return };
                (Some(comparison.contents[furthest].ordered.clone()), pending)
            }
            None => (None, audit.unsettled),
        };
        let stock = Stock { items: audit.items, ordered, pending };
        let book = furthest.map(|furthest| self.replicas[furthest].id);
        let faults = stock.faults();
        self.report.stock = Some(StockSummary::new(&stock, book, faults.is_empty()));
        if list_products || stock.items.len() <= text::FEW {
            self.report.products = Some(stock.items.iter().map(ProductReport::from).collect());
        }
        self.judge_stock(&stock, book, faults);
    }

    fn judge_stock(&mut self, stock: &Stock, book: Option<ReplicaId>, faults: Vec<String>) {
        let pending = match stock.pending.len() {
            0 => String::new(),
            1 => " and one purchase that a leader has yet to make an order".to_owned(),
            more => format!(" and {more} purchases that a leader has yet to make orders"),
        };
        match book {
            _ if !faults.is_empty() => {
                self.report.find(About::Stock, true, "The stock does not add up:", faults);
                if stock.is_behind() {
                    let text = format!(
                        "The catalog knows of fewer sales than there are orders: its file is older than the book. {} \
                         rebuilds it from the book.",
                        self.store.recover_catalog()
                    );
                    self.report.say(About::Stock, text);
                }
            }
            Some(id) => self.report.say(
                About::Stock,
                format!("The stock adds up: what was sold is what the book of order-{id} holds{pending}."),
            ),
            None => self.report.say(
                About::Stock,
                "The stock adds up in itself. It was not compared with the orders, since not all books were read.",
            ),
        }
    }
}
