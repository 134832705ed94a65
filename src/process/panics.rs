//! What a panic prints, and what it ends.
//!
//! redb can panic over a damaged file; the storage layer catches that and names the file, so the panic
//! itself must not be printed. Any other panic is a bug: an actor or worker that lost its thread would
//! leave a store that seems to run, so the process says one sentence and ends.

use std::cell::Cell;
use std::io::{self, Write as _};
use std::panic::{self, PanicHookInfo};
use std::process;
use std::sync::Once;

use crate::console::failure::COULD_NOT_RUN;

/// It is said once that the date stands still.
static DATE_STANDS: Once = Once::new();

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs work whose panics are caught by whoever called this, and turned into an error.
pub fn contained<T>(work: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            CONTAINED.set(self.0);
        }
    }
    let _restore = Restore(CONTAINED.replace(true));
    work()
}

/// Makes every panic that is not contained end the process.
pub fn install() {
    panic::set_hook(Box::new(|info| {
        if CONTAINED.get() {
            log::debug!("a damaged file made redb panic, which is said elsewhere: {info}");
            return;
        }
        if is_about_the_date(info) {
            // It ends the task that writes the time into answers, and nothing else; each worker has one.
            DATE_STANDS.call_once(|| log::warn!(
                "the clock of this machine is before 1970 or beyond the year 9999; the store goes on, and the Date of its answers \
                 stands still until it is started again"
            ));
            return;
        }
        // A panic of its own, over standard error that is closed, would end this one without a status.
        let _ = writeln!(io::stderr(), "toystore: {}", sentence(info));
        process::exit(i32::from(COULD_NOT_RUN));
    }));
}

fn sentence(info: &PanicHookInfo<'_>) -> String {
    let what = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map_or_else(
        || "an unknown place".into(),
        |place| format!("{}:{}", below_sources(place.file()), place.line()),
    );
    if what.contains("Too many open files") {
        return format!(
            "this process may not open more files; raise the limit, as with `ulimit -n 4096` (at {place})"
        );
    }
    format!("this is a bug in toystore, and it stops rather than go on wrongly: {what} (at {place})")
}

/// actix-http writes the time of day into every answer, and has httpdate 1.0 format it twice a second in a task of each
/// worker; httpdate panics where a date of HTTP cannot be written.
fn is_about_the_date(info: &PanicHookInfo<'_>) -> bool {
    info.location().is_some_and(|place| below_sources(place.file()).starts_with("httpdate-"))
}

/// A file of a library by its crate, without the place where it lay when this was built.
fn below_sources(file: &str) -> &str {
    let below = file.split_once("/registry/src/").and_then(|(_, rest)| rest.split_once('/'));
    below.map_or(file, |(_, crate_and_file)| crate_and_file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_directories_are_told() {
        for (file, told) in [
            ("src/server/node.rs", "src/server/node.rs"),
            ("/home/somebody/.cargo/registry/src/index-1/redb-4.1.0/src/db.rs", "redb-4.1.0/src/db.rs"),
        ] {
            assert_eq!(below_sources(file), told);
        }
    }
}
