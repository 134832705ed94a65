//! `toystore catalog import`: new products and other prices, for a store that runs or one that is stopped.

use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use clap::Subcommand;
use toystore_actors::catalog::{self, FILE};
use toystore_actors::domain::{Digest, ProductSeed};
use toystore_actors::messages::catalog::{Import, Imported};
use toystore_actors::net::NodeId;
use toystore_actors::storage::OpenError;

use crate::client::front_end::{FrontEndClient, NoAnswer, RunningStoreFlags};
use crate::config::{Config, ReadProducts};
use crate::console::failure::Failure;
use crate::console::result::say;
use crate::files::{Directory, label};
use crate::wire::paths;

/// So many products are sent at a time: a commit and a message of reasonable size.
const PART: usize = 5_000;

/// See to what the store sells
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: CatalogCommand,
}

#[derive(Debug, Subcommand)]
enum CatalogCommand {
    Import(ImportArgs),
}

/// Add products and change prices, from a file
///
/// The file is like the one of the first start: name,price,quantity. Products that are new are added with their quantity;
/// those that are there get the file's price, and keep their count: it is what was sold and restocked. Nothing is ever
/// removed. While the store runs, shoppers are served meanwhile; while it is stopped, this changes the catalog's file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: toystore catalog import configs/catalog.csv --config configs/cluster.toml")]
struct ImportArgs {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    store: RunningStoreFlags,
}

/// Does what is asked for.
///
/// # Errors
/// See [`Failure`].
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let CatalogCommand::Import(args) = args.what;
    let (config, front_end) = args.store.load()?;
    let ReadProducts { products, digest } = ReadProducts::of(&args.file)?;
    let parts = parts(&products, digest);
    let imported = match send(&front_end, &parts).await {
        Err(silent @ NoAnswer::Silent { .. }) => stopped(&config, &parts)?.ok_or(silent),
        outcome => outcome,
    };
    let imported = imported.map_err(|why| Failure::CouldNotRun(why.to_string()))?;
    say(&told(imported));
    Ok(ExitCode::SUCCESS)
}

fn parts(products: &[ProductSeed], digest: Digest) -> Vec<Import> {
    let part = |products: &[ProductSeed]| Import { products: products.to_vec(), digest: None };
    let mut parts: Vec<_> = products.chunks(PART).map(part).collect();
    if let Some(last) = parts.last_mut() {
        last.digest = Some(digest);
    }
    parts
}

async fn send(front_end: &FrontEndClient, parts: &[Import]) -> Result<Imported, NoAnswer> {
    let mut all = Imported::default();
    for part in parts {
        all = all.plus(front_end.command(paths::IMPORT, part).await?);
    }
    Ok(all)
}

/// Changes the file of a catalog that does not run; `None` if it runs, or was never started here.
fn stopped(config: &Config, parts: &[Import]) -> Result<Option<Imported>, Failure> {
    let directory = config.data.join(label(NodeId::Catalog));
    if !directory.join(FILE).is_file() {
        return Ok(None);
    }
    let _opening = Directory::prepare(&directory).map_err(Failure::CouldNotRun)?;
    let storage = Rc::new(Directory::new(directory).map_err(Failure::CouldNotRun)?);
    match catalog::import_into(storage, parts) {
        Ok(imported) => Ok(Some(imported)),
        Err(OpenError::InUse { .. }) => Ok(None),
        Err(error) => Err(Failure::CouldNotRun(error.to_string())),
    }
}

fn told(imported: Imported) -> Vec<String> {
    let Imported { added, repriced, unchanged, recounted } = imported;
    let mut lines =
        vec![format!("{added} products added, {repriced} prices changed, {unchanged} as they were")];
    if recounted > 0 {
        lines.push(format!(
            "{recounted} have another quantity in the file than when they came in; what is in stock of them stays as it is"
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::ProductName;

    use super::*;

    #[test]
    fn a_file_is_sent_in_parts_and_the_last_one_has_its_digest() {
        let seed = |number: usize| ProductSeed {
            name: ProductName::new(format!("toy-{number}")).expect("a name"),
            price_cents: 1,
            quantity: 1,
        };
        for (count, sizes) in
            [(1, vec![1]), (PART, vec![PART]), (PART + 1, vec![PART, 1]), (2 * PART, vec![PART, PART])]
        {
            let all: Vec<_> = (0..count).map(seed).collect();
            let parts = parts(&all, Digest([7; 32]));
            assert_eq!(parts.iter().map(|part| part.products.len()).collect::<Vec<_>>(), sizes);
            let digests = parts.iter().map(|part| part.digest.is_some());
            assert_eq!(digests.filter(|some| *some).count(), 1);
            assert!(parts.last().is_some_and(|part| part.digest.is_some()));
            assert_eq!(parts.into_iter().flat_map(|part| part.products).collect::<Vec<_>>(), all);
        }
    }
}
