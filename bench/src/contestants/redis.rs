//! Redis: the bytes under a key.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use rustix::process::Signal;

use super::{START, listens};
use crate::load::raw::{Kind, Target};
use crate::load::wire::Wire;
use crate::process::{Process, User};
use crate::{ports, stop};

/// Redis with nothing to save.
#[derive(Debug)]
pub struct Redis {
    address: SocketAddr,
    _process: Process,
}

impl Redis {
    /// Starts it and sets the key.
    ///
    /// # Errors
    /// When it does not start or does not take the key.
    pub fn start(dir: &Path, key: &str, value: &str) -> Result<Redis> {
        std::fs::create_dir_all(dir)?;
        let [address] = ports::free::<1>()?;
        let log = dir.join("redis.log");
        let mut process =
            Process::start("/usr/bin/redis-server", User::Caller, &log, Signal::KILL, |command| {
                command.args(["--bind", "127.0.0.1", "--port", &address.port().to_string()]);
                command.args(["--save", "", "--appendonly", "no", "--dir"]).arg(dir);
            })?;
        stop::eventually("redis listens", START, || {
            process.check()?;
            Ok(listens(address).then_some(()))
        })?;
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(&command(&["SET", key, value]))?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        if &answer != b"+OK\r\n" {
            bail!("redis refused the key");
        }
        Ok(Redis { address, _process: process })
    }

    /// `GET key`, without pipelining.
    pub fn queries(&self, key: &str) -> Target {
        let requests = vec![command(&["GET", key])];
        Target { address: self.address, wire: Wire::Resp, kinds: vec![Kind { weight: 1, requests }] }
    }
}

fn command(words: &[&str]) -> Vec<u8> {
    let mut text = format!("*{}\r\n", words.len());
    for word in words {
        text.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    text.into_bytes()
}
