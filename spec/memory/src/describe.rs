//! Traces in words.

use crate::state::{Backup, Book, State, View};
use crate::step::{Action, Model};

fn front_end(f: usize) -> &'static str {
    if f == 0 { "the front-end" } else { "the second front-end" }
}

pub fn action(action: Action) -> String {
    let number = |i: usize| i + 1;
    match action {
        Action::Start(i) => format!("{} starts", number(i)),
        Action::Crash(i) => format!("{} crashes", number(i)),
        Action::Announce { front_end: f, replica } => {
            format!("{} hears the view of {}", number(replica), front_end(f))
        }
        Action::Fetch(i) => format!("{} takes over at the catalog: settled, unsettled", number(i)),
        Action::Sync { leader, follower } => {
            format!("{} sends its book to {}, which confirms", number(leader), number(follower))
        }
        Action::Buy(i) => format!("{} buys at the catalog", number(i)),
        Action::Append(i) => format!("{} appends the order", number(i)),
        Action::Settle(i) => format!("{} settles at the catalog what is acknowledged", number(i)),
        Action::Drop { leader, replica, .. } => format!("{} has {} dropped", number(leader), number(replica)),
        Action::Add { leader, replica, .. } => format!("{} has {} added", number(leader), number(replica)),
        Action::StartFrontEnd(f) => format!("{} starts", front_end(f)),
        Action::CrashFrontEnd(f) => format!("{} crashes", front_end(f)),
        Action::Register(f) => format!("{} makes its run known to the catalog", front_end(f)),
        Action::Begin(f) => format!("{} begins, with a view of its own run", front_end(f)),
        Action::CatalogAsks(f) => {
            format!("the catalog, which has started, asks {} for its view", front_end(f))
        }
        Action::Hear { front_end: f, replica } => {
            format!("{} hears from {} of a view that it does not know", front_end(f), number(replica))
        }
        Action::Ask { front_end: f, replica } => {
            format!("{}, without a view, asks {}", front_end(f), number(replica))
        }
        Action::Recover(f) => format!("{} takes the newest view that it was told", front_end(f)),
        Action::Select { front_end: f, leader, silent } => {
            let silent = silent.map_or(String::new(), |i| format!(" ({} is not heard)", number(i)));
            format!("{} chooses {}{silent}", front_end(f), number(leader))
        }
        Action::Wipe(i) => format!("the file of {} is removed", number(i)),
        Action::Copy(i) => format!("a copy is made of the file of {}", number(i)),
        Action::PutBack(i) => format!("the file of {} is put back to its copy", number(i)),
        Action::Exchange(i, j) => format!("{} and {} get each other's files", number(i), number(j)),
        Action::Configure(i) => format!("{} is taken out of the configuration, or put back", number(i)),
        Action::WipeFrontEnd => "the front-end's file is removed".into(),
        Action::CopyFrontEnd => "a copy is made of the front-end's file".into(),
        Action::PutBackFrontEnd => "the front-end's file is put back to its copy".into(),
        Action::Second { copied: true } => "a second front-end gets a copy of the file".into(),
        Action::Second { copied: false } => "a second front-end comes without a file".into(),
        Action::WipeCatalog => "the catalog's file is removed".into(),
        Action::CopyCatalog => "a copy is made of the catalog's file".into(),
        Action::PutBackCatalog => "the catalog's file is put back to its copy".into(),
        Action::CopyImage => "copies are made of the front-end's and the catalog's files".into(),
        Action::PutBackImage => "the front-end's and the catalog's files are put back to their copies".into(),
        Action::Rebuild(i) => format!("the operator has the catalog rebuilt from the book of {}", number(i)),
        Action::Disown(f) => format!(
            "the operator says that the front-end that registered last is gone, and {} takes the newest view that it was told",
            front_end(f)
        ),
        Action::GoOnWithout { chosen, .. } => format!("the operator goes on with {} alone", number(chosen)),
    }
}

pub fn state(model: &Model, state: &State) -> String {
    let mut parts = Vec::new();
    for (i, replica) in state.replicas.iter().enumerate().take(model.bounds.replicas) {
        let lead = &replica.lead;
        let role = match (replica.up, lead.term, lead.serving) {
            (false, ..) => " down".into(),
            (_, 0, _) => String::new(),
            (_, term, serving) => {
                format!(
                    " {} in term {term}",
                    if lead.unfit {
                        "unfit"
                    } else if serving {
                        "serves"
                    } else {
                        "leads"
                    }
                )
            }
        };
        let book = book(&replica.file.book);
        parts.push(format!("{}{role} run {} {book} {}", i + 1, replica.run, view(&replica.file.view)));
    }
    for (f, front_end) in state.front_ends.iter().enumerate().filter(|(f, it)| *f == 0 || it.file.line != 0) {
        let name = if f == 0 { "front-end" } else { "second" };
        let up = if front_end.up { "" } else { " down" };
        parts.push(format!("{name}{up} run {} {}", front_end.run, view(&front_end.file.view)));
    }
    let catalog = &state.catalog;
    parts.push(format!(
        "catalog by {} term {} sold {} settled {}",
        catalog.by, catalog.term, catalog.bought, catalog.settled
    ));
    if state.backup != Backup::None {
        parts.push("a copy is kept".into());
    }
    parts.push(format!("acknowledged {}", book(&state.told)));
    parts.join("; ")
}

fn view(view: &View) -> String {
    let members: Vec<String> =
        view.members.iter().map(|run| if *run == 0 { "-".into() } else { run.to_string() }).collect();
    format!("view {}.{} leader {} [{}]", view.by, view.epoch, view.leader + 1, members.join(" "))
}

fn book(book: &Book) -> String {
    let entries: Vec<String> =
        book.all().iter().map(|entry| format!("{}.{}", entry.term, entry.purchase)).collect();
    format!("<{}>", entries.join(" "))
}
