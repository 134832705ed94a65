//! An operation as a line for a shell.

use serde_json::Value;

/// What a line is made of.
pub struct Call<'a> {
    /// In capitals.
    pub method: &'a str,
    /// Where the store is, without a slash at the end.
    pub store: &'a str,
    /// The path and what follows it.
    pub target: &'a str,
    /// Whether it wants the token.
    pub token: bool,
    /// Header fields with an example.
    pub headers: Vec<(&'a str, &'a str)>,
    /// An example of the body, if it has one.
    pub body: Option<&'a Value>,
    /// Whether the answer has no end.
    pub endless: bool,
}

impl Call<'_> {
    /// The line.
    pub fn line(&self) -> String {
        let mut line = String::from(if self.endless { "curl -N" } else { "curl" });
        if self.method != "GET" && self.body.is_none() {
            line.push_str(&format!(" -X {}", self.method));
        }
        if self.token {
            // The shell puts it in.
            line.push_str(" -H \"Authorization: Bearer $TOYSTORE_TOKEN\"");
        }
        if let Some(body) = self.body {
            line.push_str(" -H 'Content-Type: application/json'");
            for (name, value) in &self.headers {
                line.push_str(&format!(" -H {}", quoted(&format!("{name}: {value}"))));
            }
            line.push_str(&format!(" -d {}", quoted(&body.to_string())));
        }
        line.push(' ');
        line.push_str(&quoted(&format!("{}{}", self.store, self.target)));
        line
    }
}

/// As one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_one_command_whatever_is_in_it() {
        let call = |method, target, token, body, endless| {
            let headers = vec![("Idempotency-Key", "it's")];
            Call { method, store: "http://x", target, token, headers, body, endless }.line()
        };
        let body = json!({ "name": "Rubik's Cube" });
        for (line, expected) in [
            (
                call("GET", "/products?search=a&limit=2", false, None, false),
                "curl 'http://x/products?search=a&limit=2'",
            ),
            (call("GET", "/events", false, None, true), "curl -N 'http://x/events'"),
            (
                call("GET", "/backup/stock", true, None, false),
                "curl -H \"Authorization: Bearer $TOYSTORE_TOKEN\" 'http://x/backup/stock'",
            ),
            (
                call("POST", "/orders", false, Some(&body), false),
                r#"curl -H 'Content-Type: application/json' -H 'Idempotency-Key: it'\''s' -d '{"name":"Rubik'\''s Cube"}' 'http://x/orders'"#,
            ),
            (call("GET", "/'; rm", false, None, false), r"curl 'http://x/'\''; rm'"),
        ] {
            assert_eq!(line, expected);
        }
    }
}
