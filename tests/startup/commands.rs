//! Commands that start, or are refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::process::{finish, toystore};
use crate::support::store::free_addresses;

/// The command ends with that status and one line on stderr that says this; nothing goes to stdout.
pub fn refused(label: &str, command: Command, status: i32, parts: &[&str]) {
    let finished = finish(command);
    assert_eq!(finished.status, status, "{label}: {finished:?}");
    assert_eq!(finished.stdout, "", "{label}");
    assert_eq!(finished.stderr.lines().count(), 1, "{label}: {finished:?}");
    for part in parts {
        assert!(finished.stderr.contains(part), "{label}: {:?} does not say {part:?}", finished.stderr);
    }
}

pub fn up(data: &Path, config: Option<&Path>) -> Command {
    let mut command = toystore(["up", "--data"]);
    command.arg(data);
    match config {
        Some(config) => command.arg("--config").arg(config),
        None => command.arg("--free-ports"),
    };
    command
}

/// A configuration with good services, some text before them and some after.
pub fn config(directory: &Path, before: &str, after: &str) -> PathBuf {
    let addresses = free_addresses(3);
    let text = format!(
        "{before}\n[[front_end]]\nid = 1\naddress = \"{}\"\n[catalog]\naddress = \"{}\"\nproducts = \"catalog.csv\"\n\
         [[order]]\nid = 1\naddress = \"{}\"\n{after}\n",
        addresses[0], addresses[1], addresses[2]
    );
    let file = directory.join("store.toml");
    fs::write(&file, text).expect("the configuration is written");
    fs::write(directory.join("catalog.csv"), "name,price,quantity\nTux,15.99,100\n").expect("it is written");
    file
}

/// `serve order --id 2`, on any free port.
pub fn serve_order_2(config: &Path, data: &Path) -> Command {
    let mut command = toystore(["serve", "order", "--id", "2", "--listen", "127.0.0.1:0", "--config"]);
    command.arg(config).arg("--data").arg(data);
    command
}
