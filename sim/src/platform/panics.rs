//! Panics in a world: each is a finding, which the report tells; it need not be printed when it happens.

use std::any::Any;
use std::cell::RefCell;
use std::panic;
use std::sync::Once;

thread_local! {
    /// What the last panic in a world on this thread said; none while no world runs here.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// From now on, until [`stop`], a panic on this thread is kept instead of printed.
pub fn keep() {
    HOOK.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let quiet = PANIC.with_borrow_mut(|panic| match panic {
                Some(text) => {
                    *text = info.to_string();
                    true
                }
                None => false,
            });
            if !quiet {
                default(info);
            }
        }));
    });
    PANIC.set(Some(String::new()));
}

/// Panics on this thread are printed again.
pub fn stop() {
    PANIC.set(None);
}

/// What a panic said, with its place if it was in a world.
#[must_use]
pub fn text(payload: &(dyn Any + Send)) -> String {
    let seen = PANIC.with_borrow(Clone::clone).filter(|text| !text.is_empty());
    let text = seen.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}
