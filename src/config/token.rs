//! The secret of a cluster.

use std::fmt;

/// The secret that the services of one cluster show each other. It is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token of visible ASCII characters, so that it passes through a header as it is.
    ///
    /// # Errors
    /// A sentence that says what is expected.
    pub fn new(text: &str) -> Result<Token, String> {
        if !text.is_empty() && text.len() <= 256 && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Token(text.to_owned()))
        } else {
            Err("the token must be 1 to 256 visible ASCII characters".into())
        }
    }

    /// The secret itself; it is never printed.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
