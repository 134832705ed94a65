//! A model's command line.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use crate::runs::{How, Table};
use crate::search::{End, search};
use crate::settings::{self, Limits, Switches};
use crate::world::World;

const UNEXPECTED: u8 = 1;
const USAGE: u8 = 2;

/// Runs what the command line asks for. The exit status is 1 if a result is not the expected one, or something is wrong
/// in the one setting that was asked for; 2 if the command line cannot be understood.
pub fn command<W: World>(program: &str, tables: &[Table]) -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some((first, others)) = words.split_first() else {
        println!("{}", usage(program, tables));
        return ExitCode::from(USAGE);
    };
    let result = if let Some(table) = tables.iter().find(|table| table.name == *first) {
        options(table, others).map(|(jobs, how)| run_all::<W>(table, jobs, how))
    } else if *first == "rules" && others.is_empty() {
        print_rules::<W>();
        Ok(true)
    } else {
        run_one::<W>(&words)
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(UNEXPECTED),
        Err(word) => {
            eprintln!("not understood: {word}\n{}", usage(program, tables));
            ExitCode::from(USAGE)
        }
    }
}

fn usage(program: &str, tables: &[Table]) -> String {
    let mut text = format!("usage: {program} TABLE [--jobs N]\n");
    for table in tables {
        let walks = if matches!(table.how, How::Walks(_)) { " [WALKS]" } else { "" };
        text += &format!("         {:17} {}\n", format!("{}{walks}", table.name), table.about);
    }
    text += &format!("       {program} rules\n         all rules and bounds\n");
    text += &format!("       {program} BOUND=NUMBER... RULE... [none] [+RULE...] [progress] [walks=N]\n");
    text += "         explores these bounds with these rules broken (\"none\": all but those with a plus), and prints a shortest trace\n";
    text + "\"??\" before a line is a result that is not the expected one; the exit status is 1 then"
}

/// How many runs at a time, and how they are explored.
fn options<'a>(table: &Table, words: &[&'a str]) -> Result<(usize, How), &'a str> {
    let (mut jobs, mut how) = (1, table.how);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if *word == "--jobs" {
            jobs =
                words.next().and_then(|number| number.parse().ok()).filter(|jobs| *jobs > 0).ok_or(*word)?;
        } else if matches!(how, How::Walks(_)) {
            how = How::Walks(word.parse().map_err(|_| *word)?);
        } else {
            return Err(word);
        }
    }
    Ok((jobs, how))
}

/// True if every result is the expected one.
fn run_all<W: World>(table: &Table, jobs: usize, how: How) -> bool {
    let began = Instant::now();
    let next = AtomicUsize::new(0);
    let (done, lines) = mpsc::channel();
    let mut unexpected = 0;
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(table.runs.len()) {
            let (done, next) = (done.clone(), &next);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(run) = table.runs.get(index) else { return };
                    done.send((index, run.line::<W>(how))).expect("somebody listens");
                }
            });
        }
        drop(done);
        unexpected = print_in_order(lines);
    });
    let (name, all, seconds) = (table.name, table.runs.len(), began.elapsed().as_secs_f64());
    if unexpected > 0 {
        println!("{name}: {unexpected} of {all} results are NOT the expected ones (\"??\"), {seconds:.0} s");
    } else {
        println!("{name}: all {all} results are the expected ones, {seconds:.0} s");
    }
    unexpected == 0
}

/// Prints each line when those before it are printed. Returns how many results are not the expected ones.
fn print_in_order(lines: mpsc::Receiver<(usize, (String, bool))>) -> usize {
    let mut waiting = BTreeMap::new();
    let (mut next, mut unexpected) = (0, 0);
    for (index, line) in lines {
        waiting.insert(index, line);
        while let Some((line, expected)) = waiting.remove(&next) {
            println!("{line}");
            unexpected += usize::from(!expected);
            next += 1;
        }
    }
    unexpected
}

fn print_rules<W: World>() {
    for rule in W::Rules::ALL {
        println!("{:6} {:28} {}", rule.number, rule.name, rule.text);
    }
    println!("\nbounds");
    for (name, text) in W::Bounds::ALL {
        println!("       {name:28} {text}");
    }
}

/// Runs one setting and prints the trace. True if nothing is wrong.
fn run_one<'a, W: World>(words: &[&'a str]) -> Result<bool, &'a str> {
    let (walks, words): (Vec<&str>, Vec<&str>) =
        words.iter().copied().partition(|word| word.starts_with("walks="));
    let (rules, bounds, progress) = settings::read(words.into_iter())?;
    let world = W::new(rules, bounds, progress);
    match walks.first() {
        Some(word) => Ok(walk_one(&world, word["walks=".len()..].parse().map_err(|_| *word)?)),
        None => Ok(search_one(&world)),
    }
}

fn walk_one<W: World>(world: &W, walks: u64) -> bool {
    let walked = world.walk(walks);
    println!("{}", walked.counts);
    if let Some((wrong, trace)) = &walked.wrong {
        println!("{wrong}\n{trace}");
    }
    walked.wrong.is_none()
}

fn search_one<W: World>(world: &W) -> bool {
    let found = search(world);
    println!("{}", found.summary());
    if let End::Violation(_, steps) = &found.end {
        let mut before = world.initial();
        for (number, (action, state)) in steps.iter().enumerate() {
            println!("{:4}. {}", number + 1, world.describe_action(*action, &before));
            println!("        {}", world.describe_state(state));
            before = state.clone();
        }
    }
    matches!(found.end, End::Exhausted)
}
