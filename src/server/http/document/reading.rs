//! The document, read for a person: what a page shows of each operation.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::curl::Call;
use super::prose::Prose;

/// Operations of one group.
pub struct Group {
    pub name: String,
    pub about: Prose,
    pub operations: Vec<Operation>,
}

/// One operation.
pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    pub summary: String,
    pub about: Prose,
    pub token: bool,
    pub parameters: Vec<Field>,
    pub body: Option<Body>,
    /// Those of its own.
    pub answers: Vec<Answer>,
    /// The statuses of those that it has in common with others.
    pub others: Vec<String>,
    pub curl: String,
}

/// A parameter, or a field of an object.
pub struct Field {
    pub name: String,
    /// Where it is sent; empty for a field.
    pub place: String,
    pub kind: String,
    pub required: bool,
    pub about: Prose,
}

/// What is sent.
pub struct Body {
    pub about: Prose,
    pub fields: Vec<Field>,
    pub example: String,
}

/// What is answered.
pub struct Answer {
    pub status: String,
    pub about: Prose,
    /// Of which media type.
    pub kind: String,
    pub headers: Vec<Field>,
    pub fields: Vec<Field>,
    /// What each shows, and the body.
    pub examples: Vec<(String, String)>,
}

/// A document that is read, and where the store is that it is about.
pub struct Reader<'a> {
    pub document: &'a Value,
    pub store: &'a str,
}

impl Answer {
    /// Its status's first digit, which says how it ended.
    pub fn class(&self) -> &str {
        self.status.get(..1).unwrap_or_default()
    }
}

impl<'a> Reader<'a> {
    /// What holds for all operations, in paragraphs.
    pub fn about(&self) -> Vec<Prose> {
        let text = text(&self.document["info"]["description"]);
        text.split("\n\n").map(Prose::new).collect()
    }

    /// All operations, in their groups.
    pub fn groups(&self) -> Vec<Group> {
        let groups = items(&self.document["tags"]).map(|tag| {
            let name = text(&tag["name"]).to_owned();
            let operations =
                self.operations().filter(|(_, _, operation)| text(&operation["tags"][0]) == name);
            let operations =
                operations.map(|(path, method, operation)| self.operation(path, method, operation));
            Group { operations: operations.collect(), about: Prose::new(text(&tag["description"])), name }
        });
        groups.collect()
    }

    /// What any operation may answer.
    pub fn shared(&self) -> Vec<Answer> {
        let shared = fields(&self.document["components"]["responses"]);
        shared.map(|(name, answer)| self.answer(name.trim_start_matches("Refused"), answer)).collect()
    }

    fn operations(&self) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
        fields(&self.document["paths"]).flat_map(|(path, methods)| {
            fields(methods).map(move |(method, operation)| (path, method, operation))
        })
    }

    fn operation(&self, path: &str, method: &str, operation: &'a Value) -> Operation {
        let method = method.to_ascii_uppercase();
        let answers: Vec<_> = fields(&operation["responses"]).collect();
        let is_shared = |(_, answer): &(&str, &Value)| answer.get("$ref").is_some();
        let (shared, own): (Vec<_>, Vec<_>) = answers.into_iter().partition(is_shared);
        Operation {
            id: text(&operation["operationId"]).to_owned(),
            summary: text(&operation["summary"]).to_owned(),
            about: Prose::new(text(&operation["description"])),
            token: operation.get("security").is_some(),
            parameters: items(&operation["parameters"]).map(|parameter| self.parameter(parameter)).collect(),
            body: operation.get("requestBody").map(|body| self.body(body)),
            answers: own.into_iter().map(|(status, answer)| self.answer(status, answer)).collect(),
            others: shared.into_iter().map(|(status, _)| status.to_owned()).collect(),
            curl: self.curl(&method, path, operation),
            path: path.to_owned(),
            method,
        }
    }

    fn parameter(&self, parameter: &Value) -> Field {
        Field {
            name: text(&parameter["name"]).to_owned(),
            place: text(&parameter["in"]).to_owned(),
            kind: self.kind(&parameter["schema"]),
            required: parameter["required"] == Value::Bool(true),
            about: Prose::new(text(&parameter["description"])),
        }
    }

    fn body(&self, body: &'a Value) -> Body {
        let content = &body["content"]["application/json"];
        Body {
            about: Prose::new(text(&body["description"])),
            fields: self.fields(&content["schema"]),
            example: pretty(&content["example"]),
        }
    }

    fn answer(&self, status: &str, answer: &'a Value) -> Answer {
        let headers = fields(&answer["headers"]).filter(|(_, header)| header.get("$ref").is_none());
        let (kind, content) = fields(&answer["content"]).next().unwrap_or(("", &Value::Null));
        Answer {
            status: status.to_owned(),
            about: Prose::new(text(&answer["description"])),
            kind: kind.to_owned(),
            headers: headers.map(|(name, header)| header_field(name, header)).collect(),
            // A refusal looks the same each time.
            fields: if status.starts_with('2') {
                self.answered_fields(&content["schema"])
            } else {
                Vec::new()
            },
            examples: examples(content),
        }
    }

    /// The fields of what is under `data`, where it is an object or a list of them; otherwise those of the whole.
    fn answered_fields(&self, schema: &'a Value) -> Vec<Field> {
        let schema = self.resolved(schema);
        let data = self.resolved(&schema["properties"]["data"]);
        let element = self.resolved(&data["items"]);
        [element, data, schema]
            .map(|schema| self.fields(schema))
            .into_iter()
            .find(|fields| !fields.is_empty())
            .unwrap_or_default()
    }

    fn fields(&self, schema: &'a Value) -> Vec<Field> {
        let schema = self.resolved(schema);
        let required: Vec<_> = items(&schema["required"]).map(text).collect();
        let field = |(name, of): (&str, &'a Value)| Field {
            name: name.to_owned(),
            place: String::new(),
            kind: self.kind(of),
            required: required.contains(&name),
            about: Prose::new(text(&of["description"])),
        };
        fields(&schema["properties"]).map(field).collect()
    }

    /// Where a schema only names another, that one.
    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let name = schema.get("$ref").and_then(Value::as_str);
        let Some(pointer) = name.and_then(|name| name.strip_prefix('#')) else { return schema };
        self.document.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// What may stand there, in words.
    fn kind(&self, schema: &Value) -> String {
        let kinds: Vec<_> = match &schema["type"] {
            Value::String(kind) => vec![kind.as_str()],
            Value::Array(kinds) => kinds.iter().map(text).collect(),
            _ => Vec::new(),
        };
        let words = kinds.iter().map(|kind| match *kind {
            "integer" => ranged("whole number", &schema["minimum"], &schema["maximum"]),
            "number" => "number".to_owned(),
            "string" => ranged("text", &schema["minLength"], &schema["maxLength"]),
            "boolean" => "true or false".to_owned(),
            "array" => "list".to_owned(),
            "null" => "null".to_owned(),
            _ => "object".to_owned(),
        });
        let words: Vec<_> = words.collect();
        if words.is_empty() { "object".to_owned() } else { words.join(" or ") }
    }

    fn curl(&self, method: &str, path: &str, operation: &Value) -> String {
        let example = |parameter: &Value| match &parameter["example"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let (mut target, mut query, mut headers) = (path.to_owned(), Vec::new(), Vec::new());
        for parameter in items(&operation["parameters"]) {
            let (name, value) = (text(&parameter["name"]), example(parameter));
            let encoded = utf8_percent_encode(&value, NON_ALPHANUMERIC);
            match text(&parameter["in"]) {
                "path" => target = target.replace(&format!("{{{name}}}"), &encoded.to_string()),
                "query" => query.push(format!("{name}={encoded}")),
                _ => headers.push((name, value)),
            }
        }
        if !query.is_empty() {
            target = format!("{target}?{}", query.join("&"));
        }
        let content = &operation["requestBody"]["content"]["application/json"];
        let call = Call {
            method,
            store: self.store,
            target: &target,
            token: operation.get("security").is_some(),
            headers: headers.iter().map(|(name, value)| (*name, value.as_str())).collect(),
            body: content.get("example"),
            endless: operation["responses"]["200"]["content"].get("text/event-stream").is_some(),
        };
        call.line()
    }
}

fn header_field(name: &str, header: &Value) -> Field {
    Field {
        name: name.to_owned(),
        place: String::new(),
        kind: text(&header["schema"]["examples"][0]).to_owned(),
        required: true,
        about: Prose::new(text(&header["description"])),
    }
}

fn examples(content: &Value) -> Vec<(String, String)> {
    if let Some(only) = content.get("example") {
        return vec![(String::new(), pretty(only))];
    }
    let several = fields(&content["examples"]);
    several.map(|(_, example)| (text(&example["summary"]).to_owned(), pretty(&example["value"]))).collect()
}

/// A text as it is, all else as JSON on several lines.
fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => format!("{other:#}"),
    }
}

fn ranged(what: &str, least: &Value, most: &Value) -> String {
    // That a number has 64 bits is no limit to a person.
    let most = if most.as_u64() == Some(u64::MAX) { &Value::Null } else { most };
    match (least.as_f64(), most.as_f64()) {
        (Some(_), Some(_)) => format!("{what}, {least} to {most}"),
        (Some(least_number), None) if least_number > 0.0 => format!("{what} from {least}"),
        (None, Some(_)) => format!("{what} up to {most}"),
        _ => what.to_owned(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn fields(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}
