//! The end of a process: what tells it to stop, and how long it serves on after that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Whether this process is about to stop. While it is, it still serves whoever asks, but wants nobody to be sent to it.
#[derive(Debug, Clone, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// The process is about to stop, from now on.
    pub fn begin(&self) {
        // It guards nothing: whoever sees it a moment later does as one who asked a moment earlier.
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the process is about to stop.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Waits until the process is told to stop: by Ctrl-C, by whoever supervises it, or because its terminal has gone.
pub async fn signalled() {
    Signals::listen().next().await;
}

/// Waits until the process is to stop: it has been told so, and `drain` has passed since. `draining` says so meanwhile.
/// Ctrl-C and a second signal of any kind end the wait.
pub async fn stopped(drain: Duration, draining: &Draining) {
    let mut signals = Signals::listen();
    if signals.next().await == StopSignal::Now || drain.is_zero() {
        return;
    }
    draining.begin();
    log::info!("told to stop: /readyz says so, and all else is served for another {} s", drain.as_secs());
    // The time is up, or somebody cannot wait.
    let _ = tokio::time::timeout(drain, signals.next()).await;
}

/// How a process is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StopSignal {
    /// By somebody who sits in front of it.
    Now,
    /// By whoever supervises it, or because its terminal has gone.
    Soon,
}

use signals::Signals;

#[cfg(unix)]
mod signals {
    use std::future::pending;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::StopSignal;

    /// What a process listens to; nothing that comes between two calls of [`Signals::next`] is missed.
    pub struct Signals {
        interrupt: Option<Signal>,
        terminate: Option<Signal>,
        hang_up: Option<Signal>,
    }

    impl Signals {
        pub fn listen() -> Signals {
            Signals {
                interrupt: heard("Ctrl-C", SignalKind::interrupt()),
                terminate: heard("SIGTERM", SignalKind::terminate()),
                hang_up: heard("SIGHUP", SignalKind::hangup()),
            }
        }

        pub async fn next(&mut self) -> StopSignal {
            tokio::select! {
                () = come(&mut self.interrupt) => StopSignal::Now,
                () = come(&mut self.terminate) => StopSignal::Soon,
                () = come(&mut self.hang_up) => StopSignal::Soon,
            }
        }
    }

    fn heard(name: &str, kind: SignalKind) -> Option<Signal> {
        signal(kind).inspect_err(|error| log::warn!("{name} ends the process at once: {error}")).ok()
    }

    async fn come(signal: &mut Option<Signal>) {
        match signal {
            Some(signal) => {
                signal.recv().await;
            }
            None => pending().await,
        }
    }
}

#[cfg(not(unix))]
mod signals {
    use super::StopSignal;

    /// Ctrl-C is all there is.
    pub struct Signals;

    impl Signals {
        pub fn listen() -> Signals {
            Signals
        }

        pub async fn next(&mut self) -> StopSignal {
            if let Err(error) = tokio::signal::ctrl_c().await {
                log::warn!("Ctrl-C cannot be noticed: {error}");
                std::future::pending::<()>().await;
            }
            StopSignal::Now
        }
    }
}
