//! A file of products: comma-separated values, `name,price,quantity`.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use toystore_actors::domain::{Digest, ProductName, ProductSeed};

/// The largest price, in cents: what a JSON reader with 64-bit floats still tells apart to the cent.
const MAX_PRICE_CENTS: u64 = 99_999_999_999;

/// The most pieces of one product.
const MAX_QUANTITY: u64 = 1_000_000_000;

/// What tells one file from another.
pub fn digest(text: &str) -> Digest {
    Digest(Sha256::digest(text).into())
}

/// Reads the products; `file` names the source in errors.
///
/// # Errors
/// A sentence with the file, the line and what is expected there.
pub fn parse(file: &str, text: &str) -> Result<Vec<ProductSeed>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| broken(file, text, &error))?;
    if headers.iter().ne(["name", "price", "quantity"]) {
        return Err(format!("{file}:1: the first line must be name,price,quantity"));
    }
    let mut products = Vec::new();
    let mut lines = BTreeMap::new();
    let mut counter = Lines { text, at: 0, line: 1 };
    for record in reader.records() {
        let record = record.map_err(|error| broken(file, text, &error))?;
        let line = counter.of(record.position());
        let product = product(&record).map_err(|why| format!("{file}:{line}: {why}"))?;
        if let Some(first) = lines.insert(product.name.clone(), line) {
            return Err(format!(
                "{file}:{line}: {:?} is in line {first} already; name it once",
                product.name
            ));
        }
        products.push(product);
    }
    if products.is_empty() {
        return Err(format!("{file}: it lists no product; add lines like Tux,15.99,100"));
    }
    Ok(products)
}

fn product(record: &csv::StringRecord) -> Result<ProductSeed, String> {
    let field = |index| record.get(index).unwrap_or_default();
    let name = ProductName::new(field(0)).map_err(|error| error.to_string())?;
    let price_cents = cents(field(1)).ok_or_else(|| {
        format!("the price {:?} is not an amount such as 15.99, of at most 999999999.99", field(1))
    })?;
    let quantity = digits(field(2)).filter(|pieces| *pieces <= MAX_QUANTITY).ok_or_else(|| {
        format!("the quantity {:?} is not a whole number from 0 to {MAX_QUANTITY}", field(2))
    })?;
    Ok(ProductSeed { name, price_cents, quantity })
}

/// An amount with at most two decimals, without the detour through a binary fraction.
fn cents(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "00"));
    let fraction = match fraction.len() {
        1 => digits(fraction)?.checked_mul(10)?,
        2 => digits(fraction)?,
        _ => return None,
    };
    let cents = digits(whole)?.checked_mul(100)?.checked_add(fraction)?;
    (cents <= MAX_PRICE_CENTS).then_some(cents)
}

/// A whole number of digits alone: no sign, no space, no exponent.
fn digits(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Counts lines once, however many records there are.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line in which a record begins, which is behind the one before. (The reader's own count is that of the empty lines
    /// before it.)
    fn of(&mut self, position: Option<&csv::Position>) -> usize {
        let start = position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
        let bytes = self.text.as_bytes();
        let blank = bytes.iter().skip(start).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let begins = start + blank;
        let passed = bytes.get(self.at..begins).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.at = self.at.max(begins);
        self.line
    }
}

fn broken(file: &str, text: &str, error: &csv::Error) -> String {
    let line = Lines { text, at: 0, line: 1 }.of(error.position());
    match error.kind() {
        csv::ErrorKind::UnequalLengths { len, .. } => {
            format!("{file}:{line}: {len} fields where name,price,quantity are expected")
        }
        csv::ErrorKind::Utf8 { .. } => format!("{file}:{line}: it is not UTF-8 text"),
        _ => format!("{file}:{line}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_become_cents_without_floats() {
        for (text, expected) in [
            ("15.99", Some(1599)),
            ("15.9", Some(1590)),
            ("15", Some(1500)),
            ("0.07", Some(7)),
            ("999999999.99", Some(99_999_999_999)),
            ("1000000000", None),
            ("15.999", None),
            ("15.", None),
            (".99", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("", None),
            ("1,5", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(cents(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_bad_line_is_named_with_what_is_expected() {
        for (text, part) in [
            ("name,price\nTux,1\n", "c.csv:1: the first line must be name,price,quantity"),
            ("", "c.csv:1: the first line must be"),
            ("name,price,quantity\n", "c.csv: it lists no product"),
            ("name,price,quantity\nTux,1\n", "c.csv:2: 2 fields where"),
            ("name,price,quantity\nTux,1,2\nTux,1,2\n", "c.csv:3: Tux"),
            ("name,price,quantity\n\"Tux\",cheap,2\n", "c.csv:2: the price \"cheap\""),
            ("name,price,quantity\nTux,1,-2\n", "c.csv:2: the quantity \"-2\""),
            ("name,price,quantity\n,1,2\n", "c.csv:2: the product name is empty"),
            ("name,price,quantity\n\n\nTux,1,2\n\n,1,2\n", "c.csv:6: the product name is empty"),
            ("name,price,quantity\r\n\r\nTux,cheap,2\r\n", "c.csv:3: the price"),
            ("name,price,quantity\n\nTux,1\n", "c.csv:3: 2 fields where"),
        ] {
            let why = parse("c.csv", text).expect_err(text);
            assert!(why.contains(part) || part.ends_with("Tux") && why.contains("line 2"), "{text:?}: {why}");
        }
    }

    /// A file of a million products takes a second, not a day.
    #[test]
    fn the_last_of_many_lines_is_named() {
        let many: String = (0..200_000).map(|number| format!("toy {number},1,1\n")).collect();
        let why = parse("c.csv", &format!("name,price,quantity\n{many}Tux,1,-1\n")).expect_err("a bad line");
        assert!(why.starts_with("c.csv:200002: the quantity"), "{why}");
    }
}
