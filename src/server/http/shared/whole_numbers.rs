//! Whole numbers, however they are written. JSON has no integers of its own: to its schemas 5.0 and 5e0 are one, and some
//! clients write them so.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Up to here every whole number is a floating-point number of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The whole number that this is, if it is one, and not less than 0.
pub fn as_whole(number: f64) -> Option<u64> {
    let is_whole = number.fract() == 0.0 && (0.0..=EXACT).contains(&number);
    // In this range it is exact.
    is_whole.then_some(number as u64)
}

/// Reads JSON. What cannot be read as it is written, is read once more with its whole numbers written as such.
///
/// # Errors
/// Those of the first reading, unless it was about such numbers alone.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(bytes).or_else(|error| {
        let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else { return Err(error) };
        if rewrite(&mut value) { serde_json::from_value(value) } else { Err(error) }
    })
}

/// Whether there was such a number.
fn rewrite(value: &mut Value) -> bool {
    match value {
        Value::Number(number) if number.is_f64() => match number.as_f64().and_then(as_whole) {
            Some(whole) => {
                *number = whole.into();
                true
            }
            None => false,
        },
        Value::Array(items) => items.iter_mut().fold(false, |found, item| rewrite(item) | found),
        Value::Object(fields) => fields.values_mut().fold(false, |found, field| rewrite(field) | found),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for (text, expected) in [
            ("[1, 2]", Some(vec![1, 2])),
            ("[1.0, 2e2]", Some(vec![1, 200])),
            ("[18446744073709551615]", Some(vec![u64::MAX])),
            ("[18446744073709551615, 1.0]", Some(vec![u64::MAX, 1])),
            ("[1.5]", None),
            ("[-1.0]", None),
            ("[1e30]", None),
            ("[1.0", None),
            ("[\"1\"]", None),
        ] {
            assert_eq!(from_slice::<Vec<u64>>(text.as_bytes()).ok(), expected, "{text}");
        }
    }
}
