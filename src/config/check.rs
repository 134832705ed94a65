//! From the configuration as written to the configuration as used.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned;
use toystore_actors::domain::{FrontEndId, ReplicaId};
use toystore_actors::net::NodeId;

use super::raw::{RawConfig, RawMember, RawTiming};
use super::settings::{
    CacheSettings, Config, Http, MAX_DRAIN_S, PlacedStatus, ProductsFile, Restock, Timing,
};
use super::token::Token;

/// The shortest limit for anything that waits for another machine: a message there and back, and a sync of its disk, take
/// as long at times, and what can never be answered in time never works.
const ROUND_TRIP_MS: u64 = 20;

/// The longest span of time that anything may be set to.
const MAX_MS: u64 = 3_600_000;

/// Reads and checks a configuration; `origin` names it in errors. Paths stay as written.
///
/// # Errors
/// One sentence with the place and what to do.
pub fn parse(origin: &str, text: &str) -> Result<Config, String> {
    let source = ConfigText { origin, text };
    let raw: RawConfig = toml::from_str(text).map_err(|error| {
        let what = error.message().trim().replace('\n', "; ");
        match error.span() {
            Some(span) => source.at(span.start, &what),
            None => format!("{origin}: {what}"),
        }
    })?;
    let Listed { addresses, front_end, front_end_address } = source.addresses(&raw)?;
    let token = match &raw.token {
        Some(token) => Some(Token::new(token.get_ref()).map_err(|why| source.at(token.span().start, &why))?),
        None => None,
    };
    let cache = CacheSettings {
        capacity: to_usize(source.number("cache.capacity", &raw.cache.capacity, 10, 0..=1_000_000)?),
        lease: source.span("cache.lease_ms", &raw.cache.lease_ms, 2000)?,
        drift_percent: u32::try_from(source.number(
            "cache.drift_percent",
            &raw.cache.drift_percent,
            10,
            0..=100,
        )?)
        .unwrap_or(u32::MAX),
    };
    let restock = Restock {
        every: Duration::from_millis(source.number(
            "catalog.restock_every_ms",
            &raw.catalog.restock_every_ms,
            10_000,
            0..=MAX_MS,
        )?),
        to: source.number("catalog.restock_to", &raw.catalog.restock_to, 100, 0..=1_000_000_000)?,
    };
    Ok(Config {
        origin: origin.to_owned(),
        data: raw.data.unwrap_or_default(),
        token,
        addresses,
        front_end,
        front_end_address,
        products_file: raw.catalog.products.map_or(ProductsFile::Nowhere, ProductsFile::File),
        cache,
        restock,
        timing: source.timing(&raw.timing)?,
        http: Http {
            placed: source.placed_status(&raw.http.placed_status)?,
            keep_alive: Duration::from_secs(source.number(
                "http.keep_alive_s",
                &raw.http.keep_alive_s,
                120,
                5..=3600,
            )?),
            drain: Duration::from_secs(source.number(
                "http.drain_s",
                &raw.http.drain_s,
                0,
                0..=MAX_DRAIN_S,
            )?),
        },
        max_calls: to_usize(source.number("limits.max_calls", &raw.limits.max_calls, 1024, 1..=1_000_000)?),
        log_format: raw.log.format.unwrap_or_default(),
    })
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The text and its name, to say where something is wrong.
struct ConfigText<'a> {
    origin: &'a str,
    text: &'a str,
}

impl ConfigText<'_> {
    fn at(&self, offset: usize, what: &str) -> String {
        format!("{}:{}: {what}", self.origin, self.line(offset))
    }

    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    fn number(
        &self,
        key: &str,
        given: &Option<Spanned<u64>>,
        default: u64,
        allowed: RangeInclusive<u64>,
    ) -> Result<u64, String> {
        let Some(given) = given else { return Ok(default) };
        let number = *given.get_ref();
        if allowed.contains(&number) {
            return Ok(number);
        }
        let (least, most) = allowed.into_inner();
        Err(self.at(given.span().start, &format!("{key} is {number}; use a number from {least} to {most}")))
    }

    fn span(&self, key: &str, given: &Option<Spanned<u64>>, default_ms: u64) -> Result<Duration, String> {
        self.number(key, given, default_ms, 1..=MAX_MS).map(Duration::from_millis)
    }

    /// A span within which another machine has to answer.
    fn limit(&self, key: &str, given: &Option<Spanned<u64>>, default_ms: u64) -> Result<Duration, String> {
        self.number(key, given, default_ms, ROUND_TRIP_MS..=MAX_MS).map(Duration::from_millis)
    }

    fn placed_status(&self, given: &Option<Spanned<u64>>) -> Result<PlacedStatus, String> {
        let status = self.number("http.placed_status", given, 201, 200..=201)?;
        Ok(if status == 200 { PlacedStatus::Ok } else { PlacedStatus::Created })
    }

    fn timing(&self, raw: &RawTiming) -> Result<Timing, String> {
        let timing = Timing {
            heartbeat: self.span("timing.heartbeat_ms", &raw.heartbeat_ms, 250)?,
            suspect_after: self.limit("timing.suspect_after_ms", &raw.suspect_after_ms, 500)?,
            call_limit: self.limit("timing.call_limit_ms", &raw.call_limit_ms, 1000)?,
            drop_after: self.limit("timing.drop_after_ms", &raw.drop_after_ms, 500)?,
            retry_every: self.span("timing.retry_every_ms", &raw.retry_every_ms, 100)?,
            order_deadline: self.limit("timing.order_deadline_ms", &raw.order_deadline_ms, 5000)?,
        };
        if timing.suspect_after <= timing.heartbeat {
            let place = raw.suspect_after_ms.as_ref().or(raw.heartbeat_ms.as_ref());
            let offset = place.map_or(0, |place| place.span().start);
            return Err(self.at(
                offset,
                "timing.suspect_after_ms must be longer than timing.heartbeat_ms, or every leader is suspected",
            ));
        }
        Ok(timing)
    }

    /// Every service's address; no id and no address twice.
    fn addresses(&self, raw: &RawConfig) -> Result<Listed, String> {
        let mut members = Members { source: self, ids: BTreeMap::new(), addresses: BTreeMap::new() };
        let [first, others @ ..] = raw.front_end.as_slice() else {
            return Err(format!("{}: there is no [[front_end]]; add one", self.origin));
        };
        let front_end = FrontEndId::new(*first.id.get_ref());
        let front_end_address = members.add_member("front_end", NodeId::FrontEnd(front_end), first)?;
        for member in others {
            let other = FrontEndId::new(*member.id.get_ref());
            members.add_member("front_end", NodeId::FrontEnd(other), member)?;
        }
        members.add(NodeId::Catalog, &raw.catalog.address)?;
        for member in &raw.order {
            let replica = ReplicaId::new(*member.id.get_ref());
            members.add_member("order", NodeId::Order(replica), member)?;
        }
        if let [second, ..] = others {
            let what = "a second [[front_end]]; replication by a leader has exactly one, so remove it";
            return Err(self.at(second.id.span().start, what));
        }
        if raw.order.is_empty() {
            return Err(format!("{}: there is no [[order]] replica; add at least one", self.origin));
        }
        Ok(Listed { addresses: members.addresses, front_end, front_end_address })
    }
}

/// The services of a configuration.
struct Listed {
    addresses: BTreeMap<NodeId, SocketAddr>,
    front_end: FrontEndId,
    front_end_address: SocketAddr,
}

struct Members<'a> {
    source: &'a ConfigText<'a>,
    ids: BTreeMap<NodeId, usize>,
    addresses: BTreeMap<NodeId, SocketAddr>,
}

impl Members<'_> {
    fn add_member(&mut self, table: &str, node: NodeId, member: &RawMember) -> Result<SocketAddr, String> {
        let offset = member.id.span().start;
        if let Some(first) = self.ids.insert(node, offset) {
            let what = format!(
                "[[{table}]] id {} is used in line {} already; give each its own id",
                member.id.get_ref(),
                self.source.line(first)
            );
            return Err(self.source.at(offset, &what));
        }
        self.add(node, &member.address)
    }

    fn add(&mut self, node: NodeId, text: &Spanned<String>) -> Result<SocketAddr, String> {
        let offset = text.span().start;
        let address: SocketAddr = text.get_ref().parse().map_err(|_| {
            let what = format!("the address {:?} is not IP:PORT, such as \"127.0.0.1:8080\"", text.get_ref());
            self.source.at(offset, &what)
        })?;
        let taken = self.addresses.iter().find(|(_, other)| **other == address && address.port() != 0);
        if let Some((other, _)) = taken {
            let what = format!("{node} has the address {address} of {other}; give each its own");
            return Err(self.source.at(offset, &what));
        }
        self.addresses.insert(node, address);
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICES: &str = "[[front_end]]\nid = 1\naddress = \"127.0.0.1:1\"\n[catalog]\naddress = \"127.0.0.1:2\"\n[[order]]\nid = 1\naddress = \"127.0.0.1:3\"\n";

    fn check(text: &str, expected: &str) {
        let why = parse("c.toml", text).expect_err(text);
        assert!(why.contains(expected), "{why:?} does not say {expected:?}");
        assert!(!why.contains('\n'), "{why:?} is more than one line");
    }

    #[test]
    fn the_least_configuration_loads() {
        let config = parse("c.toml", SERVICES).expect("a good configuration");
        assert_eq!(config.addresses.len(), 3);
        assert_eq!(config.timing.heartbeat, Duration::from_millis(250));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        check("", "c.toml:1: missing field `front_end`");
        check("x = ", "c.toml:1: ");
        check(&format!("colour = 1\n{SERVICES}"), "c.toml:1: unknown field `colour`, expected one of");
        check(&format!("{SERVICES}[cache]\nlease = 1\n"), "c.toml:10: unknown field `lease`");
        check(
            &format!("{SERVICES}[[order]]\nid = 1\naddress = \"127.0.0.1:4\"\n"),
            "c.toml:10: [[order]] id 1",
        );
        check(
            &format!("{SERVICES}[[order]]\nid = 300\naddress = \"127.0.0.1:4\"\n"),
            "c.toml:10: invalid value",
        );
        check(
            &format!("{SERVICES}[[order]]\nid = 2\naddress = \"127.0.0.1:3\"\n"),
            "c.toml:11: order-2 has the address 127.0.0.1:3 of order-1",
        );
        check(
            &format!("{SERVICES}[[order]]\nid = 2\naddress = \"here\"\n"),
            "c.toml:11: the address \"here\" is not IP:PORT",
        );
        check(
            &format!("{SERVICES}[[front_end]]\nid = 2\naddress = \"127.0.0.1:4\"\n"),
            "c.toml:10: a second [[front_end]]",
        );
        check(
            &format!("{SERVICES}[cache]\nlease_ms = 0\n"),
            "c.toml:10: cache.lease_ms is 0; use a number from 1",
        );
        check(&format!("{SERVICES}[cache]\nlease_ms = \"2s\"\n"), "c.toml:10: invalid type");
        check(
            &format!("{SERVICES}[timing]\nsuspect_after_ms = 100\n"),
            "c.toml:10: timing.suspect_after_ms must",
        );
        for key in ["suspect_after_ms", "call_limit_ms", "drop_after_ms", "order_deadline_ms"] {
            let expected = format!("c.toml:10: timing.{key} is 19; use a number from 20 to 3600000");
            check(&format!("{SERVICES}[timing]\n{key} = 19\n"), &expected);
        }
        check(
            &format!("{SERVICES}[http]\nplaced_status = 204\n"),
            "c.toml:10: http.placed_status is 204; use a number from 200 to 201",
        );
        check(
            &format!("{SERVICES}[http]\nkeep_alive_s = 1\n"),
            "c.toml:10: http.keep_alive_s is 1; use a number from 5 to 3600",
        );
        check(
            &format!("{SERVICES}[http]\ndrain_s = 3601\n"),
            "c.toml:10: http.drain_s is 3601; use a number from 0 to 3600",
        );
        check(&format!("token = \"\"\n{SERVICES}"), "c.toml:1: the token must be");
        check(&format!("token = \"a b\"\n{SERVICES}"), "c.toml:1: the token must be");
        let no_order = "order = []\n[[front_end]]\nid = 1\naddress = \"127.0.0.1:1\"\n[catalog]\naddress = \"127.0.0.1:2\"\n";
        check(no_order, "there is no [[order]] replica");
    }
}
