//! What a command says when it is done, on standard output.

use std::io::Write as _;

/// Prints lines at once, whoever reads them; nobody may.
pub fn say(lines: &[String]) {
    let mut out = std::io::stdout().lock();
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
    let _ = out.flush();
}
