//! A report as a person reads it, and as a program does.

use std::fmt::Write as _;

use super::report::{About, DataFile, InspectionReport, ProductReport, StockSummary};

/// So many products are listed unasked, and so much of what is wrong with one after the other.
pub const FEW: usize = 20;

/// One JSON object.
pub fn json(report: &InspectionReport) -> String {
    // No map in it has keys other than texts, so it can be written.
    serde_json::to_string_pretty(report).unwrap_or_default() + "\n"
}

/// Tables and sentences.
pub fn text(report: &InspectionReport) -> String {
    let mut text = Text(String::new());
    let directory_only = report.front_end.is_none() && report.catalog.is_none() && report.replicas.is_empty();
    if directory_only {
        return text.0;
    }
    text.say(&title(report));
    text.findings(report, About::Stores);
    text.services(report);
    text.findings(report, About::View);
    text.replicas(report);
    text.findings(report, About::Books);
    text.stock(report);
    text.findings(report, About::Stock);
    text.0
}

fn title(report: &InspectionReport) -> String {
    let data = &report.data;
    match &*report.stores {
        [] => format!("{data}: no file says of which store it is"),
        [store] => format!("{data}: store {store}"),
        _ => format!("{data}: files of {} stores", report.stores.len()),
    }
}

struct Text(String);

impl Text {
    fn say(&mut self, line: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{line}");
    }

    fn findings(&mut self, report: &InspectionReport, about: About) {
        for finding in report.findings.iter().filter(|finding| finding.about == about) {
            self.say(&finding.text);
            for detail in finding.details.iter().take(FEW) {
                self.say(&format!("  {detail}"));
            }
            match finding.details.len().saturating_sub(FEW) {
                0 => {}
                more => self.say(&format!("  and {more} more, which --json has")),
            }
        }
    }

    fn services(&mut self, report: &InspectionReport) {
        let mut lines = Vec::new();
        if let Some(front_end) = &report.front_end {
            let remembers = match &front_end.view {
                Some(view) => {
                    let in_sync: Vec<_> = view.in_sync.iter().map(ToString::to_string).collect();
                    let in_sync = in_sync.join(", ");
                    format!("epoch {}, leader {}, in sync {in_sync}", view.epoch, view.leader)
                }
                None => "no view yet".to_owned(),
            };
            lines.push(("front-end", remembers, &front_end.file));
        }
        if let Some(catalog) = &report.catalog {
            let unsettled = match catalog.unsettled {
                0 => String::new(),
                more => format!(", {more} not yet"),
            };
            let products = many(catalog.products, "product");
            let remembers = format!("{products}; sales settled up to order {}{unsettled}", catalog.settled);
            lines.push(("catalog", remembers, &catalog.file));
        }
        let remembers = |(_, remembers, _): &(_, String, _)| remembers.chars().count();
        let width = lines.iter().map(remembers).max().unwrap_or(0);
        if !lines.is_empty() {
            self.say("");
        }
        for (service, remembers, file) in lines {
            self.say(&format!("{service:<10}  {remembers:<width$}  {}", shown(file)));
        }
        if !report.set_aside.is_empty() {
            self.say(&format!("set aside   {}", report.set_aside.join(", ")));
        }
    }

    fn replicas(&mut self, report: &InspectionReport) {
        self.say("");
        if !report.replicas.is_empty() {
            self.say(&format!(
                "{:<10}{:>12}{:>12}{:>8}  {:<16}  in sync  file",
                "replica", "orders", "last", "epoch", "digest"
            ));
        }
        for replica in &report.replicas {
            let in_sync = match replica.in_sync {
                Some(true) => "yes",
                Some(false) => "no",
                None => "?",
            };
            let name = format!("order-{}", replica.id);
            let (orders, last, epoch) = (replica.orders, replica.last.number, replica.epoch);
            self.say(&format!(
                "{name:<10}{orders:>12}{last:>12}{epoch:>8}  {:<16}  {in_sync:<7}  {}",
                replica.digest,
                shown(&replica.file)
            ));
        }
        if let Some(lost) = report.replicas.iter().map(|replica| replica.lost).max().filter(|lost| *lost > 0)
        {
            self.say(&format!(
                "{} lost: an operator went on without whoever had them, and their numbers are not given again.",
                if lost == 1 { "One order is".to_owned() } else { format!("{lost} orders are") }
            ));
        }
    }

    fn stock(&mut self, report: &InspectionReport) {
        let Some(stock) = &report.stock else { return };
        self.say("");
        if let Some(products) = &report.products {
            self.products(products);
            self.say("");
        }
        let StockSummary { initial, restocked, sold, in_stock, .. } = stock;
        let sold_out = match stock.sold_out {
            0 => "none is sold out".to_owned(),
            1 => "one is sold out".to_owned(),
            more => format!("{more} are sold out"),
        };
        let hint = if report.products.is_none() { " (--products lists them)" } else { "" };
        self.say(&format!(
            "{}{hint}, {sold_out}. Pieces: {initial} at first + {restocked} restocked − {sold} sold = {in_stock} in stock.",
            many(stock.products, "product")
        ));
    }

    fn products(&mut self, products: &[ProductReport]) {
        let names = products.iter().map(|product| product.name.chars().count());
        let width = names.max().unwrap_or(0).max("product".len());
        self.say(&format!(
            "{:<width$}{:>10}{:>11}{:>9}{:>10}",
            "product", "initial", "restocked", "sold", "in stock"
        ));
        for ProductReport { name, initial, restocked, sold, in_stock, .. } in products {
            self.say(&format!("{name:<width$}{initial:>10}{restocked:>11}{sold:>9}{in_stock:>10}"));
        }
    }
}

fn many(number: usize, what: &str) -> String {
    if number == 1 { format!("one {what}") } else { format!("{number} {what}s") }
}

fn shown(file: &DataFile) -> String {
    format!("{}, {}", file.path, size(file.bytes))
}

/// A number of bytes in the largest unit of which there is one.
fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.into_iter().find(|(power, _)| bytes >> power > 0);
    unit.map_or_else(|| format!("{bytes} bytes"), |(power, unit)| format!("{} {unit}", bytes >> power))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::inspect::report::Finding;

    #[test]
    fn sizes_have_the_largest_unit() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1 KiB"),
            (286_728_192, "273 MiB"),
            (5 << 30, "5 GiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn of_much_that_is_wrong_a_part_is_shown_and_all_is_in_json() {
        for (details, expected) in
            [(FEW, "detail 19\n"), (FEW + 3, "detail 19\n  and 3 more, which --json has\n")]
        {
            let details: Vec<_> = (0..details).map(|number| format!("detail {number}")).collect();
            let (about, last) = (About::Stock, details.len() - 1);
            let finding = Finding { about, contradiction: true, text: "wrong:".into(), details };
            let report = InspectionReport { findings: vec![finding], ..InspectionReport::default() };
            let mut text = Text(String::new());
            text.findings(&report, About::Stock);
            assert!(text.0.ends_with(expected), "{}", text.0);
            assert!(json(&report).contains(&format!("detail {last}\"")));
        }
    }
}
