//! What a person gives, checked where it becomes one of these types.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a value that a person or a peer gave is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A product name was empty.
    #[error("the product name is empty")]
    EmptyName,
    /// A product name was longer than [`ProductName::MAX_BYTES`].
    #[error("the product name has {0} bytes; at most {max} are allowed", max = ProductName::MAX_BYTES)]
    LongName(usize),
    /// A quantity was outside of 1 to [`Quantity::MAX`].
    #[error("quantity must be a whole number from 1 to {max}", max = Quantity::MAX)]
    Quantity,
    /// A request id was not 1 to 64 visible ASCII characters.
    #[error("a request id has 1 to {max} visible ASCII characters", max = RequestId::MAX_BYTES)]
    RequestId,
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a text and keeps it.
            ///
            /// # Errors
            /// Says what is wrong with the text.
            pub fn new(text: impl AsRef<str>) -> Result<Self, Invalid> {
                let text = text.as_ref();
                $name::check(text).map(|()| $name(Arc::from(text)))
            }

            /// Checks a text without keeping it.
            ///
            /// # Errors
            /// Says what is wrong with the text.
            pub fn check(text: &str) -> Result<(), Invalid> {
                let check: fn(&str) -> Result<(), Invalid> = $check;
                check(text)
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $name::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

text!(
    /// A product's name: any UTF-8 text of 1 to 128 bytes, compared byte by byte.
    ProductName,
    |text| match text.len() {
        0 => Err(Invalid::EmptyName),
        1..=ProductName::MAX_BYTES => Ok(()),
        long => Err(Invalid::LongName(long)),
    }
);

impl ProductName {
    /// The longest name, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 128;
}

text!(
    /// Names one request to order something, whoever repeats it and however often. It is kept with the order for ever.
    RequestId,
    |text| match text.len() {
        1..=RequestId::MAX_BYTES if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(()),
        _ => Err(Invalid::RequestId),
    }
);

impl RequestId {
    /// The longest key, in bytes.
    pub const MAX_BYTES: usize = 64;
}

/// How many pieces one order asks for: 1 to 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Quantity(u32);

impl Quantity {
    /// The most that one order may ask for.
    pub const MAX: u32 = 1_000_000;

    /// Checks a number of pieces.
    ///
    /// # Errors
    /// [`Invalid::Quantity`] outside of 1 to [`Quantity::MAX`].
    pub fn new(pieces: u64) -> Result<Self, Invalid> {
        match u32::try_from(pieces) {
            Ok(pieces @ 1..=Self::MAX) => Ok(Quantity(pieces)),
            _ => Err(Invalid::Quantity),
        }
    }

    /// The number of pieces.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Quantity::new(u64::from(u32::deserialize(deserializer)?)).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keys_and_quantities_are_checked_at_the_door() {
        for (text, ok) in [
            ("Tux", true),
            ("", false),
            ("Ünïcorn 🦄", true),
            (&"x".repeat(128), true),
            (&"x".repeat(129), false),
        ] {
            assert_eq!(ProductName::new(text).is_ok(), ok, "name {text:?}");
        }
        for (text, ok) in [
            ("k", true),
            ("", false),
            ("a b", false),
            ("é", false),
            ("\n", false),
            (&"k".repeat(64), true),
            (&"k".repeat(65), false),
        ] {
            assert_eq!(RequestId::new(text).is_ok(), ok, "key {text:?}");
        }
        for (pieces, ok) in [(0, false), (1, true), (1_000_000, true), (1_000_001, false), (u64::MAX, false)]
        {
            assert_eq!(Quantity::new(pieces).is_ok(), ok, "quantity {pieces}");
        }
    }

    #[test]
    fn a_peer_cannot_smuggle_an_invalid_value() {
        assert!(serde_json::from_str::<Quantity>("0").is_err());
        assert!(serde_json::from_str::<ProductName>("\"\"").is_err());
        assert!(serde_json::from_str::<RequestId>("\"a b\"").is_err());
    }
}
