//! `toystore inspect`: reads the data files of a stopped store, and says whether they tell one story.

mod book_source;
mod books;
mod command;
mod compare_books;
mod compare_stock;
mod data_directory;
mod difference;
mod inspected_file;
mod inspection;
mod outlook;
mod read_only;
mod replica_book;
mod report;
mod stock;
mod tally;
mod text;

pub use self::command::{Args, run};
