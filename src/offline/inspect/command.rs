//! `toystore inspect`: what is read, and in which order.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;
use toystore_actors::view_service::Saved;

use super::data_directory::{FRONT_END, read_audit, read_saved, services};
use super::inspection::Inspection;
use super::report::{CatalogReport, FrontEndReport, InspectionReport, SavedView};
use super::text;
use crate::advice::NamedStore;

/// Reads the data files of a stopped store, and says whether they agree.
///
/// Prints what each service remembers: the front-end its view, the catalog its purchases, each order replica how many
/// orders it holds, the last one's number, the newest epoch it has heard of and a digest of its book (the first 16
/// hex digits of SHA-256 over all orders). Then where the books first differ, what is in stock, and whether what was sold
/// is what was ordered. Of whatever is damaged, gone, or behind it says what becomes of it at the next start, and which
/// command helps where none of the services does. The files are not changed, not even those that a crash left unrepaired.
///
/// Exit status: 0 all agrees, 1 something does not, 2 usage, 3 a file could not be read.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:\n  toystore inspect toystore-data\n  \
                        toystore inspect --json toystore-data | jq .books.agree")]
pub struct Args {
    /// The store's data directory.
    #[arg(value_name = "DIR")]
    data: PathBuf,

    /// List every product, however many there are.
    #[arg(long)]
    products: bool,

    /// Print one JSON object instead, for programs; docs/inspect.md says what its fields mean.
    #[arg(long)]
    json: bool,
}

/// Inspects, and says what was found.
pub fn run(args: Args) -> ExitCode {
    let report = inspect(&args);
    let shown = if args.json { text::json(&report) } else { text::text(&report) };
    // Whoever closed the output does not want to know; the exit status still says it.
    let _ = io::stdout().write_all(shown.as_bytes());
    for unreadable in &report.unreadable {
        let _ = writeln!(io::stderr(), "toystore inspect: {}", unreadable.why);
    }
    ExitCode::from(report.status)
}

fn inspect(args: &Args) -> InspectionReport {
    let directory = &args.data;
    let mut report =
        InspectionReport { data: directory.display().to_string(), ..InspectionReport::default() };
    match services(directory) {
        Ok(found) => {
            report.set_aside = found.set_aside;
            let store = NamedStore { data: Some(directory.to_owned()), ..NamedStore::default() };
            let mut inspection = Inspection::new(store, report);
            inspect_services(&mut inspection, directory, found.replicas, args.products);
            report = inspection.report;
        }
        Err(why) => report.unreadable(None, why),
    }
    report.judge();
    report
}

fn inspect_services(
    inspection: &mut Inspection,
    directory: &Path,
    mut ids: BTreeSet<ReplicaId>,
    list_products: bool,
) {
    let saved = read_saved(directory);
    // A replica that has lost its directory is one all the same.
    let view = saved.as_ref().ok().and_then(|(saved, _)| saved.view.as_ref());
    ids.extend(view.iter().flat_map(|view| view.in_sync.ids()));
    inspection.open_replicas(directory, ids);
    if let Some((saved, file)) = inspection.readable(FRONT_END, saved) {
        let Saved { store, view, .. } = saved;
        inspection.report.front_end =
            Some(FrontEndReport { file, store, view: view.as_ref().map(SavedView::from) });
        inspection.view = view;
    }
    let comparison = inspection.compare();
    let audit = inspection.readable(NodeId::Catalog, read_audit(directory));
    let audit = audit.map(|(audit, file)| {
        let (store, settled, unsettled) = (audit.store, audit.settled, audit.unsettled.len());
        let products = audit.items.len();
        inspection.report.catalog = Some(CatalogReport { file, store, products, settled, unsettled });
        audit
    });
    inspection.report_books(&comparison);
    inspection.foresee(&comparison, audit.as_ref());
    inspection.report_stores();
    inspection.report_view();
    if let Some(audit) = audit {
        inspection.report_stock(&comparison, audit, list_products);
    }
}
