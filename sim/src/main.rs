//! `toystore-sim`: runs the store on virtual time under every fault that a seed can draw.

use std::process::ExitCode;

fn main() -> ExitCode {
    toystore_sim::command_line::main()
}
