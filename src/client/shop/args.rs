//! What `toystore shop` is told.

use std::path::PathBuf;

use super::store_client::StoreUrl;

/// Sends clients shopping, and checks at the end that every acknowledged order is there.
///
/// Each client queries a random toy in each round, and with some chance orders 1 to 3 of it if any are left, under an
/// Idempotency-Key of its own. A request that is answered 503, or not at all, is repeated under the same key
/// until its deadline. At the end every acknowledged order is looked up and compared with what its client
/// remembers, no two may share a number, and some are repeated under their key and must keep their number.
///
/// Ctrl-C ends the shopping early, and the check begins; a second one ends everything.
///
/// Exit status: 0 all is well, 1 an error or a mismatch, 2 usage, 3 the store could not be reached.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:\n  toystore shop --clients 20 --rounds 200 --buy 0.3")]
pub struct Args {
    /// The store's front-end.
    #[arg(long, value_name = "URL", env = "TOYSTORE_URL", default_value = "http://127.0.0.1:8080")]
    pub(super) url: StoreUrl,

    /// How many clients shop at once.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) clients: u32,

    /// How many rounds each client goes.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) rounds: u32,

    /// Shop until Ctrl-C, and say every second how it goes
    #[arg(long, conflicts_with = "rounds")]
    pub(super) until_stopped: bool,

    /// The chance that a round has an order, from 0 to 1.
    #[arg(long, value_name = "CHANCE", default_value_t = 0.5, value_parser = chance)]
    pub(super) buy: f64,

    /// Order also what was just seen to be sold out
    #[arg(long)]
    pub(super) blind: bool,

    /// Shop for these, at a store that has no list of its products
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(super) products: Vec<String>,

    /// Choose the same toys and quantities as another run did; keys are new in any case.
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,

    /// Write every operation to this file, as JSON lines.
    #[arg(long, value_name = "FILE")]
    pub(super) history: Option<PathBuf>,

    /// How long one request may take, in seconds, with all its attempts.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(super) deadline: u64,
}

fn chance(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(chance) if (0.0..=1.0).contains(&chance) => Ok(chance),
        _ => Err("a chance is a number from 0 to 1".into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn arguments_are_checked() {
        for (arguments, ok) in [
            ("", true),
            ("--buy 0", true),
            ("--buy 1", true),
            ("--buy 1.1", false),
            ("--buy=-0.1", false),
            ("--buy nan", false),
            ("--buy half", false),
            ("--clients 1", true),
            ("--clients 0", false),
            ("--clients 10001", false),
            ("--rounds 0", false),
            ("--until-stopped", true),
            ("--until-stopped --rounds 5", false),
            ("--deadline 0", false),
            ("--url https://x", false),
            ("--seed 7 --history h.jsonl", true),
            ("--blind --products a,b,c", true),
        ] {
            let words = std::iter::once("shop").chain(arguments.split_whitespace());
            assert_eq!(Command::try_parse_from(words).is_ok(), ok, "{arguments}");
        }
    }
}
