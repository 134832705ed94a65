//! Sentences of the document, on a page.

use std::fmt;

use askama::filters::{Escaper as _, Html, HtmlSafe};

/// A text in which what stands between backticks is code.
pub struct Prose(String);

impl Prose {
    pub fn new(text: impl Into<String>) -> Prose {
        Prose(text.into())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// As HTML.
impl fmt::Display for Prose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, piece) in self.0.split('`').enumerate() {
            // Every other piece is between two of them.
            let code = index % 2 == 1;
            f.write_str(if code { "<code>" } else { "" })?;
            Html.write_escaped_str(&mut *f, piece)?;
            f.write_str(if code { "</code>" } else { "" })?;
        }
        Ok(())
    }
}

impl HtmlSafe for Prose {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_backticks_is_code_and_nothing_is_markup() {
        for (text, html) in [
            ("A <b>.", "A &#60;b&#62;."),
            ("Give `a<b` as `next`.", "Give <code>a&#60;b</code> as <code>next</code>."),
            ("", ""),
        ] {
            assert_eq!(Prose::new(text).to_string(), html);
        }
    }
}
