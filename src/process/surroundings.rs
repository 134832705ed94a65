//! What a process must be given to run at all, looked at before anything begins: a library that finds out later panics.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::file_limits::raise_file_limit;
use crate::console::failure::Failure;

/// So many files a store has open by itself: data files, sockets, threads' wake-ups, and some connections.
const FEWEST_FILES: u64 = 256;

/// The first second of the year 10000: dates in HTTP have four digits (RFC 9110, 5.6.7).
const YEAR_10000: Duration = Duration::from_secs(253_402_300_800);

/// Refuses to run where it would not get far.
///
/// # Errors
/// Says what is too little, and how to change it.
pub fn check() -> Result<(), Failure> {
    files(raise_file_limit()).and_then(|()| clock(SystemTime::now())).map_err(Failure::CouldNotRun)
}

fn files(most: u64) -> Result<(), String> {
    if most >= FEWEST_FILES {
        return Ok(());
    }
    Err(format!(
        "this process may have {most} files open at a time, and a store needs {FEWEST_FILES} for itself; raise the limit, as with \
         `ulimit -n 4096`"
    ))
}

fn clock(now: SystemTime) -> Result<(), String> {
    match now.duration_since(UNIX_EPOCH) {
        Ok(since) if since < YEAR_10000 => Ok(()),
        Ok(_) => Err("the clock of this machine is beyond the year 9999; set it".into()),
        Err(_) => Err("the clock of this machine is before the year 1970; set it".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_little_is_named() {
        assert_eq!(files(256), Ok(()));
        assert!(files(255).is_err_and(|why| why.contains("255 files") && why.contains("ulimit -n")));
        let second = Duration::from_secs(1);
        for (now, why) in [
            (UNIX_EPOCH, None),
            (SystemTime::now(), None),
            (UNIX_EPOCH + YEAR_10000 - second, None),
            (UNIX_EPOCH + YEAR_10000, Some("beyond the year 9999")),
            (UNIX_EPOCH - second, Some("before the year 1970")),
        ] {
            match (clock(now), why) {
                (Ok(()), None) => {}
                (Err(said), Some(why)) => assert!(said.contains(why), "{said}"),
                (said, _) => panic!("{now:?}: {said:?}"),
            }
        }
    }
}
