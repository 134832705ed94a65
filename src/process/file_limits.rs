//! How many files this process may have open; a connection is one.

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
