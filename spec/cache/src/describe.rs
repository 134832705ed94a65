//! Traces in words.

use crate::state::State;
use crate::step::{Action, Model};

fn name(front_end: usize) -> String {
    format!("front-end {}", letter(front_end))
}

fn letter(front_end: usize) -> char {
    (b'A' + front_end as u8) as char
}

pub fn action(model: &Model, action: Action) -> String {
    match action {
        Action::Tick => "time passes".into(),
        Action::Change(products) => {
            let named = model.products().filter(|product| products >> product & 1 == 1);
            let named: Vec<String> = named.map(|product| product.to_string()).collect();
            format!("the catalog commits a change of product {}, and calls the holders", named.join(" and "))
        }
        Action::Sync => "a change is durable".into(),
        Action::Show(None) => "what is committed becomes visible".into(),
        Action::Show(Some(product)) => format!("product {product} becomes visible"),
        Action::Reveal => "an answer reveals the change".into(),
        Action::Crash => "the catalog crashes and starts".into(),
        Action::Ready => "the catalog answers again".into(),
        Action::Query { front_end, product } => {
            format!("{} sends a query for product {product}", name(front_end))
        }
        Action::Answer { front_end, product } => {
            format!("the catalog answers {} about product {product}", name(front_end))
        }
        Action::Fill { front_end, product, version, cacheable } => {
            let cacheable = if cacheable { "cacheable" } else { "not cacheable" };
            format!("{} gets product {product} in version {version}, {cacheable}", name(front_end))
        }
        Action::FailFill { front_end, product } => {
            format!("{} gives up its query for product {product}", name(front_end))
        }
        Action::Insert(front_end) => format!("{} inserts what it got", name(front_end)),
        Action::Evict { front_end, product } => format!("{} evicts product {product}", name(front_end)),
        Action::CrashFrontEnd(front_end) => format!("{} crashes and starts", name(front_end)),
        Action::Drop { front_end, call } => {
            format!("{} gets call {call}, drops, and confirms", name(front_end))
        }
        Action::Confirm { front_end, call } => {
            format!("its confirmation of call {call} arrives from {}", name(front_end))
        }
        Action::DropAll { front_end, call } => {
            format!("{} gets call {call}, drops everything, and confirms", name(front_end))
        }
        Action::AskRenewal(front_end) => format!("{} asks for its lease", name(front_end)),
        Action::Grant(front_end) => format!("the catalog grants it to {}", name(front_end)),
        Action::Renew(front_end) => format!("{} gets its lease", name(front_end)),
        Action::BeginHit(front_end) => format!("{} begins to answer a query from its cache", name(front_end)),
        Action::EndHit(front_end) => format!("{} ends it", name(front_end)),
    }
}

pub fn state(model: &Model, state: &State) -> String {
    let (committed, durable) = (state.committed, state.durable);
    let mut text = format!("{committed} changes, {durable} durable");
    if state.starting {
        text += &format!("; the catalog waits for {}", state.wait);
    }
    for product in model.products() {
        text +=
            &format!("; product {product} visible {} shown {}", state.visible[product], state.shown[product]);
    }
    for (index, it) in state.front_ends[..model.bounds.front_ends].iter().enumerate() {
        for product in model.products() {
            if let Some(cached) = it.cached[product] {
                let left = if model.bounds.front_end_leases { it.lease } else { cached.left };
                text +=
                    &format!("; {} caches {product} in version {} for {left}", letter(index), cached.version);
            }
            if it.holder.until[product] > 0 {
                text += &format!("; {} may hold {product} for {}", letter(index), it.holder.until[product]);
            }
        }
    }
    text
}
