//! `judge`: puts histories to the external checkers.

use std::fs;

use super::args::JudgeArgs;
use super::error::CouldNotRun;
use crate::external_checkers::{self, Finding};
use crate::history_file::HistoryFile;

pub(super) fn judge(args: &JudgeArgs) -> Result<bool, CouldNotRun> {
    let (mut verdicts, mut broken, mut undecided) = (0_u64, 0_u64, 0_u64);
    for file in &args.files {
        let text = fs::read_to_string(file)
            .map_err(|error| CouldNotRun(format!("cannot read {}: {error}", file.display())))?;
        let history = HistoryFile::parse(&text)
            .map_err(|error| CouldNotRun(format!("{} is no history: {error}", file.display())))?;
        for report in external_checkers::judge(&history, args.restock_to) {
            verdicts += 1;
            match report.finding {
                Finding::Kept if args.files.len() > 1 => continue,
                Finding::Kept => {}
                Finding::Undecided => undecided += 1,
                Finding::Broken(_) => broken += 1,
            }
            println!("{}: {report}", file.display());
        }
    }
    println!("{} histories, {verdicts} verdicts: {broken} broken, {undecided} undecided", args.files.len());
    Ok(broken == 0)
}
