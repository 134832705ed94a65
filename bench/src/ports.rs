//! Ports of our own.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Result, bail};

/// The first port tried. All lie below the ports that the system gives to outgoing connections, so that a
/// service that is killed finds its own free when it comes back.
const FIRST: u16 = 21_000;
const LAST: u16 = 31_000;

/// Loopback addresses that nobody listens on and that were not given before.
///
/// # Errors
/// When all are taken.
pub fn free<const N: usize>() -> Result<[SocketAddr; N]> {
    static NEXT: AtomicU16 = AtomicU16::new(FIRST);
    let mut found = Vec::new();
    while found.len() < N {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        if port > LAST {
            bail!("no free port from {FIRST} to {LAST}");
        }
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            found.push(address);
        }
    }
    let Ok(found) = found.try_into() else { unreachable!("the loop ends with exactly {N}") };
    Ok(found)
}
