//! What the document says is what the store's own types read, and all that it names is there.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use toystore_actors::domain::View;
use toystore_actors::messages::catalog::{Import, Imported, Rebuilt, Stocked};
use toystore_actors::messages::front_end::Invalidate;
use toystore_actors::messages::view_service::{ChangeView, Recover, RecoverCatalog, Recovery};

use super::openapi::text;
use crate::server::http::public::OrderBody;
use crate::wire::{answers, backup, operator};

fn document() -> Value {
    serde_json::from_slice(&text().expect("the document is written")).expect("the document is JSON")
}

/// Each operation, by its name.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let methods = paths.flat_map(|(_, methods)| methods.as_object().into_iter().flatten());
    methods.map(|(_, operation)| (operation["operationId"].as_str().expect("a name"), operation))
}

/// The examples of an answer or of a body.
fn examples(content: &Value) -> Vec<&Value> {
    let several = content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
    content.get("example").into_iter().chain(several).collect()
}

/// Reads an example by a type, and writes it anew: nothing of it may be missing then, or other.
fn same<T: DeserializeOwned + Serialize>(example: &Value) -> Result<(), String> {
    let read: T = serde_json::from_value(example.clone()).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(read).map_err(|error| error.to_string())?;
    if written == *example { Ok(()) } else { Err(format!("read and written it is {written}")) }
}

/// Reads an example by a type that cannot be written.
fn read<T: DeserializeOwned>(example: &Value) -> Result<(), String> {
    answers::whole::<T>(example.to_string().as_bytes()).map(drop)
}

/// Reads what is under `data`, and nothing beside it.
fn data<T: DeserializeOwned>(example: &Value) -> Result<(), String> {
    answers::data::<T>(example.to_string().as_bytes()).map(drop)
}

/// Reads what is under `data` by the services' own type and by that of the document.
fn both<Own: DeserializeOwned + Serialize, Told: DeserializeOwned + Serialize>(
    example: &Value,
) -> Result<(), String> {
    data::<Own>(example)?;
    same::<Own>(&example["data"])?;
    same::<Told>(&example["data"])
}

/// Reads a success by the type that is answered.
fn answered(operation: &str, example: &Value) -> Result<(), String> {
    match operation {
        "getProduct" => data::<answers::Product>(example),
        "listProducts" => read::<answers::ProductPage>(example),
        "placeOrder" => data::<answers::Placed>(example),
        "getOrder" => data::<answers::Order>(example),
        "getReceipt" => data::<answers::Receipt>(example),
        "listOrders" => read::<answers::OrderPage>(example),
        "getLeader" => data::<answers::Leader>(example),
        "listCached" => data::<Vec<String>>(example),
        "getHealth" => data::<answers::Alive>(example),
        "getReadiness" => data::<answers::Ready>(example),
        "importProducts" => both::<Imported, operator::Imported>(example),
        "recover" => both::<Recovery, operator::Recovery>(example),
        "recoverCatalog" => both::<Rebuilt, operator::Rebuilt>(example),
        "changeView" => both::<Option<View>, Option<operator::View>>(example),
        "dropCached" => data::<operator::Nothing>(example),
        "backUpOrders" => both::<backup::Page, operator::BookPage>(example),
        "backUpStock" => both::<Vec<Stocked>, Vec<operator::Stocked>>(example),
        "getDocument" => {
            if example["openapi"] == "3.1.0" {
                Ok(())
            } else {
                Err("no document".into())
            }
        }
        "getMetrics" => {
            if example.as_str().is_some_and(|text| text.starts_with("# HELP ")) {
                Ok(())
            } else {
                Err("no metrics".into())
            }
        }
        "getEvents" => {
            if example.as_str().is_some_and(|text| text.ends_with("\n\n")) {
                Ok(())
            } else {
                Err("no events".into())
            }
        }
        _ => Err("nothing reads the answers of this operation; add it here".into()),
    }
}

/// Reads a body by the type that is taken.
fn taken(operation: &str, example: &Value) -> Result<(), String> {
    match operation {
        "placeOrder" => read::<OrderBody>(example),
        "importProducts" => same::<Import>(example).and_then(|()| same::<operator::Import>(example)),
        "recover" => same::<Recover>(example).and_then(|()| same::<operator::Recover>(example)),
        "recoverCatalog" => {
            same::<RecoverCatalog>(example).and_then(|()| same::<operator::RecoverCatalog>(example))
        }
        "changeView" => same::<ChangeView>(example).and_then(|()| same::<operator::ChangeView>(example)),
        "dropCached" => same::<Invalidate>(example).and_then(|()| same::<operator::Invalidate>(example)),
        _ => Err("nothing reads the body of this operation; add it here".into()),
    }
}

#[test]
fn every_example_is_read_by_the_types_that_are_answered_and_taken() {
    let document = document();
    for (name, operation) in operations(&document) {
        for (status, answer) in operation["responses"].as_object().expect("answers") {
            let content = answer["content"].as_object().into_iter().flatten();
            for example in content.flat_map(|(_, content)| examples(content)) {
                let outcome = match status.as_str() {
                    "200" | "201" => answered(name, example),
                    _ => refused(status, example),
                };
                outcome.unwrap_or_else(|why| panic!("{name} {status}: {why}: {example}"));
            }
        }
        if let Some(body) = operation.get("requestBody") {
            let examples = examples(&body["content"]["application/json"]);
            assert!(!examples.is_empty(), "{name} has no example of its body");
            for example in examples {
                taken(name, example).unwrap_or_else(|why| panic!("{name}: {why}: {example}"));
            }
        }
    }
    for (name, answer) in document["components"]["responses"].as_object().expect("answers") {
        let examples = examples(&answer["content"]["application/json"]);
        assert!(!examples.is_empty(), "{name}");
        for example in examples {
            refused(name.trim_start_matches("Refused"), example)
                .unwrap_or_else(|why| panic!("{name}: {why}"));
        }
    }
}

fn refused(status: &str, example: &Value) -> Result<(), String> {
    let status = status.parse().map_err(|_| format!("{status} is no status"))?;
    answers::error(status, example.to_string().as_bytes()).map(drop)
}

#[test]
fn every_answer_and_parameter_has_words_and_every_name_is_there() {
    let document = document();
    let names: BTreeSet<_> = operations(&document).map(|(name, _)| name).collect();
    assert_eq!(names.len(), operations(&document).count(), "two operations of one name: {names:?}");
    for (name, operation) in operations(&document) {
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        for (status, answer) in operation["responses"].as_object().expect("answers") {
            let told = answer.get("$ref").is_some()
                || answer["description"].as_str().is_some_and(|text| !text.is_empty());
            assert!(told, "{name} {status} has no description");
            let has_example = answer["content"]
                .as_object()
                .into_iter()
                .flatten()
                .all(|(_, content)| !examples(content).is_empty());
            assert!(has_example, "{name} {status} has no example");
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let has = |field: &str| parameter.get(field).is_some_and(|value| !value.is_null());
            assert!(has("description") && has("example"), "{name}: {parameter}");
        }
    }
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 50, "{}", references.len());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("it is in the document");
        assert!(document.pointer(pointer).is_some(), "there is no {reference}");
    }
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
