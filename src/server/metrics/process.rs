//! What this process takes of its machine, under the names that all of Prometheus's client libraries use. `up` is one
//! process: each of its services tells the same.

use std::fs;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use super::samples::Samples;

/// Adds what Linux tells of this process; elsewhere, and of what cannot be read, nothing.
pub fn add(samples: &mut Samples) {
    if let Some(stat) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(Stat::read) {
        let ticks = clock_ticks_per_second() as f64;
        let cpu = stat.ticks as f64 / ticks;
        samples.counter("process_cpu_seconds", "Time that was spent on processors", cpu);
        samples.gauge(
            "process_resident_memory_bytes",
            "Memory in use",
            stat.resident_pages * page_size() as u64,
        );
        samples.gauge("process_virtual_memory_bytes", "Memory that is addressed", stat.virtual_bytes);
        samples.gauge("process_threads", "Threads", stat.threads);
        if let Some(booted) = fs::read_to_string("/proc/stat").ok().as_deref().and_then(boot_time) {
            let help = "When the process was started, in seconds since 1970";
            samples.gauge("process_start_time_seconds", help, booted as f64 + stat.started as f64 / ticks);
        }
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is this look.
        samples.gauge("process_open_fds", "Open files and connections", open.count().saturating_sub(1));
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        samples.gauge("process_max_fds", "How many files and connections may be open", most);
    }
}

/// What is of interest in `/proc/self/stat`; see proc(5).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    /// On processors, in the program and in the system for it.
    ticks: u64,
    threads: u64,
    /// In ticks since the machine started.
    started: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn read(text: &str) -> Option<Stat> {
        // The program's name is in parentheses and may hold any; the third field is behind the last of them.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<_> = rest.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Stat {
            ticks: field(14)? + field(15)?,
            threads: field(20)?,
            started: field(22)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

/// When the machine started, in seconds since 1970, by `/proc/stat`.
fn boot_time(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_those_of_proc() {
        let line = "4242 (a b) c) R 1 2 3 4 5 6 7 8 9 10 110 40 13 14 20 0 17 0 5000 1048576 300 18446744073709551615 1 1";
        let expected =
            Stat { ticks: 150, threads: 17, started: 5000, virtual_bytes: 1_048_576, resident_pages: 300 };
        assert_eq!(Stat::read(line), Some(expected));
        assert_eq!(Stat::read("4242 (a) R 1 2"), None);
        assert_eq!(Stat::read(""), None);
        assert_eq!(boot_time("cpu 1 2\nbtime 1700000000\nprocesses 3\n"), Some(1_700_000_000));
        assert_eq!(boot_time("cpu 1 2\n"), None);
    }
}
