//! Tables and scripts of what the rules say: state and input in, commands out.

mod change;
mod choose;
mod establish;
mod leader;
mod operator;
mod registration;
mod world;
