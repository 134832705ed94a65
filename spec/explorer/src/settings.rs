//! Rules as switches, and bounds: what a run is set by.

/// A rule, or half of one.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its number in the protocol's description.
    pub number: &'static str,
    /// What it says.
    pub text: &'static str,
}

/// Rules that can be kept or broken one by one. Made by [`rules!`](crate::rules!).
pub trait Switches {
    /// All of them.
    const ALL: &'static [Rule];

    /// All rules kept.
    fn kept() -> Self;

    /// Keeps or breaks the rule of that name. False if there is none.
    fn set(&mut self, name: &str, kept: bool) -> bool;
}

/// How much of the world is explored. Made by [`bounds!`](crate::bounds!).
pub trait Limits {
    /// Names and what they mean.
    const ALL: &'static [(&'static str, &'static str)];

    /// A small world.
    fn small() -> Self;

    /// Sets the bound of that name. False if there is none, or the value is none for it.
    fn set(&mut self, name: &str, value: &str) -> bool;
}

/// What a bound can be.
pub trait Value: Sized {
    /// From a word on the command line.
    fn parse(word: &str) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty)*) => {
        $(impl Value for $number {
            fn parse(word: &str) -> Option<$number> {
                word.parse().ok()
            }
        })*
    };
}

numbers! { i8 u8 usize }

impl Value for bool {
    fn parse(word: &str) -> Option<bool> {
        match word {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        }
    }
}

/// A digit for each.
impl<const N: usize> Value for [u8; N] {
    fn parse(word: &str) -> Option<[u8; N]> {
        let digits: Option<Vec<u8>> = word.chars().map(|c| c.to_digit(10).map(|digit| digit as u8)).collect();
        digits?.try_into().ok()
    }
}

/// A struct `Rules` with a switch for each rule: its name, its number, and what it says. `true` is the rule kept.
#[macro_export]
macro_rules! rules {
    ($($name:ident $number:literal $text:literal)*) => {
        /// One switch for each rule, or for each half of one; `true` is the rule kept.
        #[derive(Clone, Debug)]
        pub struct Rules {
            $(#[doc = $text] pub $name: bool,)*
        }

        impl $crate::Switches for Rules {
            const ALL: &'static [$crate::Rule] =
                &[$($crate::Rule { name: stringify!($name), number: $number, text: $text },)*];

            fn kept() -> Rules {
                Rules { $($name: true,)* }
            }

            fn set(&mut self, name: &str, kept: bool) -> bool {
                match name {
                    $(stringify!($name) => self.$name = kept,)*
                    _ => return false,
                }
                true
            }
        }
    };
}

/// A struct `Bounds` with a bound of each name: its type, its value in a small world, and what it is.
#[macro_export]
macro_rules! bounds {
    ($($name:ident: $type:ty = $small:expr, $text:literal)*) => {
        /// How much of the world a run explores.
        #[derive(Clone, Debug)]
        pub struct Bounds {
            $(#[doc = $text] pub $name: $type,)*
        }

        impl $crate::Limits for Bounds {
            const ALL: &'static [(&'static str, &'static str)] = &[$((stringify!($name), $text),)*];

            fn small() -> Bounds {
                Bounds { $($name: $small,)* }
            }

            fn set(&mut self, name: &str, value: &str) -> bool {
                match name {
                    $(stringify!($name) => match $crate::Value::parse(value) {
                        Some(value) => self.$name = value,
                        None => return false,
                    },)*
                    _ => return false,
                }
                true
            }
        }
    };
}

/// Rules, bounds and whether progress is asked for, from words: `NAME=NUMBER` sets a bound, `NAME` breaks a rule,
/// `none` breaks all, `+NAME` keeps one, `progress`.
///
/// # Errors The first word that is none of these.
pub fn read<'a, R: Switches, B: Limits>(
    words: impl Iterator<Item = &'a str>,
) -> Result<(R, B, bool), &'a str> {
    let (mut rules, mut bounds, mut progress) = (R::kept(), B::small(), false);
    for word in words {
        let known = match (word.split_once('='), word.strip_prefix('+')) {
            (Some((name, value)), _) => bounds.set(name, value),
            (None, Some(name)) => rules.set(name, true),
            (None, None) if word == "progress" => {
                progress = true;
                true
            }
            (None, None) if word == "none" => R::ALL.iter().all(|rule| rules.set(rule.name, false)),
            (None, None) => rules.set(word, false),
        };
        if !known {
            return Err(word);
        }
    }
    Ok((rules, bounds, progress))
}
