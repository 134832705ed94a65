//! Limits of files: how many this process may have open, of which each connection is one, and how long one may be.

/// Lets this process have as many files as the system allows it, and returns how many those are. The usual
/// limit of 1024 is there for programs that use `select`, which this one does not.
#[cfg(unix)]
pub fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return limit.current.unwrap_or(u64::MAX);
    }
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        log::debug!("the limit of open files cannot be raised, so there can be fewer connections: {error}");
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub fn raise_file_limit() -> u64 {
    u64::MAX
}

/// Makes a write beyond the process's limit of file sizes fail, as one to a full disk does, instead of ending the process.
pub fn outlive_file_size_limit() {
    #[cfg(unix)]
    {
        use rustix::process::Signal;
        use tokio::signal::unix::{SignalKind, signal};

        // The handler stays when its receiver is dropped. Without one the process ends at such a write, and says so.
        if let Err(error) = signal(SignalKind::from_raw(Signal::XFSZ.as_raw())) {
            log::warn!(
                "a write beyond the limit of file sizes will end the process, since its signal cannot be caught: {error}"
            );
        }
    }
}
