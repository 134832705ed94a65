//! What an operator's calls send and are answered, as the API's document describes it. The services have types of their own
//! for it, which know nothing of a document; a test reads the examples by both.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{
    AdditionalProperties, Array, ArrayBuilder, ArrayItems, ObjectBuilder, OneOfBuilder, Schema, SchemaType,
    Type,
};
use utoipa::openapi::{Object, RefOr};

/// Products to take in.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// In the file's order.
    pub products: Vec<ProductSeed>,
    /// The SHA-256 of the whole file, with its last part: at later starts nothing is said of it.
    #[schema(required = false, schema_with = digest)]
    pub digest: Option<Vec<u8>>,
}

/// A product as a file has it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductSeed {
    /// Its name. One that is repeated counts once.
    #[schema(min_length = 1, max_length = 128)]
    pub name: String,
    /// In whole cents.
    pub price_cents: u64,
    /// Pieces in stock at first.
    pub quantity: u64,
}

/// What came of an import, in products.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    /// New ones.
    pub added: u64,
    /// With another price than before.
    pub repriced: u64,
    /// As they were.
    pub unchanged: u64,
    /// Of those that were there: with another quantity than at their import. It was not changed.
    pub recounted: u64,
}

/// To go on without those that do not answer.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recover {
    /// The replicas to go on without: the operator has made sure that they are dead.
    #[schema(schema_with = replicas)]
    pub without: Vec<u8>,
    /// Whether to do it; else it is only said what would be done.
    pub confirmed: bool,
}

/// What going on without somebody means.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// The replica that leads then.
    #[schema(minimum = 0, maximum = 255)]
    pub leader: u8,
    /// The last order in its book.
    pub last: u64,
    /// Orders up to this number are known to be acknowledged; those that the book lacks are lost. Null if nobody knows.
    #[schema(required = true)]
    pub settled: Option<u64>,
    /// What is gone on without: these replicas, or none, if it is enough that no other answers; or the front-end that
    /// registered at the catalog last, of which no replica has heard.
    #[schema(schema_with = without)]
    pub without: Without,
    /// Whether it was done.
    pub done: bool,
}

/// What an operator goes on without.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Without {
    /// These replicas, or none: it is enough that no other answers.
    Replicas(Vec<u8>),
    /// The front-end that registered at the catalog last, of which no replica has heard.
    FrontEnd,
}

/// To rebuild the catalog's memory from the leader's book.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoverCatalog {
    /// Replicas that do not answer, to go on without.
    #[schema(schema_with = replicas)]
    pub without: Vec<u8>,
}

/// What the catalog knows again.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rebuilt {
    /// Orders that it knows again.
    pub orders: u64,
    /// Products of which more were sold than were imported, each with how many had to be restocked at least.
    #[schema(schema_with = restocked)]
    pub restocked: Vec<(String, u64)>,
    /// Products that the book has and the catalog has not.
    #[schema(schema_with = names)]
    pub unknown: Vec<String>,
}

/// A change of who is in sync, as a leader asks for it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeView {
    /// The front-end's run whose view is to be changed: a number of up to 16 hexadecimal digits.
    #[schema(pattern = "^[0-9a-fA-F]{1,16}$")]
    pub by: String,
    /// The number of that view.
    pub epoch: u64,
    /// The replica that leads by it.
    #[schema(minimum = 0, maximum = 255)]
    pub leader: u8,
    /// The replica that did not confirm in time, to drop; or the run of one that has everything, to add.
    #[schema(schema_with = in_sync_change)]
    pub change: InSyncChange,
}

/// How those in sync are to change.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InSyncChange {
    /// This replica did not confirm in time.
    Drop(u8),
    /// This run of the replica has confirmed everything that is acknowledged.
    Add(u8, String),
}

/// Who leads, by which view.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// Which store it is.
    #[schema(pattern = "^[0-9a-f]{16}$")]
    pub store: String,
    /// The run of the front-end that saved it.
    #[schema(pattern = "^[0-9a-f]{16}$")]
    pub by: String,
    /// All runs of that front-end's file.
    pub line: Vec<String>,
    /// Its number.
    pub epoch: u64,
    /// The replica that leads by it.
    #[schema(minimum = 0, maximum = 255)]
    pub leader: u8,
    /// Those in sync by their numbers, each with its run.
    pub in_sync: BTreeMap<String, String>,
}

/// Products to drop from the cache.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invalidate {
    /// Their names; none for all.
    #[schema(schema_with = names)]
    pub products: Vec<String>,
}

/// Nothing.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Acknowledged orders, with all that a replica keeps of them.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookPage {
    /// Whose they are.
    #[schema(pattern = "^[0-9a-f]{16}$")]
    pub store: String,
    /// All orders up to this number are acknowledged; the page may end before.
    pub acknowledged: u64,
    /// Without gaps.
    pub entries: Vec<Entry>,
}

/// One place of the book.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The order's number.
    #[schema(minimum = 1)]
    pub number: u64,
    /// The number of the view in which a leader appended it.
    pub epoch: u64,
    /// What was bought; null says that the order is lost.
    #[schema(required = true)]
    pub purchase: Option<Purchase>,
    /// What it cost, and when; null for an order of before that was kept, and for one that is lost.
    #[schema(required = true)]
    pub receipt: Option<Receipt>,
}

/// For how much something was sold, and when.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SoldFor)]
pub struct Receipt {
    /// Of one piece, in whole cents.
    pub price_cents: u64,
    /// Milliseconds since 1970, UTC.
    pub sold_at: u64,
}

/// What one order bought.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Purchase {
    /// The Idempotency-Key under which it was ordered.
    #[schema(min_length = 1, max_length = 64)]
    pub key: String,
    /// The product's name.
    #[schema(min_length = 1, max_length = 128)]
    pub name: String,
    /// How many pieces.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub quantity: u64,
}

/// One product, as the catalog keeps it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Stocked {
    /// Its name.
    #[schema(min_length = 1, max_length = 128)]
    pub name: String,
    /// In whole cents.
    pub price_cents: u64,
    /// Pieces at the import.
    pub initial: u64,
    /// Pieces that all restocks brought.
    pub restocked: u64,
    /// Pieces that all purchases took.
    pub sold: u64,
}

fn small_number() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(255))
}

fn replicas() -> Array {
    Array::new(small_number())
}

fn digest() -> Array {
    let bytes = ArrayBuilder::new().items(small_number()).min_items(Some(32)).max_items(Some(32));
    bytes.schema_type(SchemaType::from_iter([Type::Array, Type::Null])).build()
}

fn names() -> Array {
    let name = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(128));
    Array::new(name)
}

fn restocked() -> Array {
    let name = ObjectBuilder::new().schema_type(Type::String).build();
    let pieces = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
    Array::new(pair(name, pieces))
}

fn pair(first: Object, second: Object) -> Array {
    let both: [Schema; 2] = [first.into(), second.into()];
    ArrayBuilder::new()
        .prefix_items(both)
        .items(ArrayItems::False)
        .min_items(Some(2))
        .max_items(Some(2))
        .build()
}

/// An object with this one property, as serde writes a variant.
fn variant(name: &str, of: impl Into<RefOr<Schema>>) -> Object {
    let object = ObjectBuilder::new().property(name, of).required(name);
    object.additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false))).build()
}

fn without() -> RefOr<Schema> {
    let front_end = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["FrontEnd"])).build();
    OneOfBuilder::new().item(variant("Replicas", replicas())).item(front_end).into()
}

fn in_sync_change() -> RefOr<Schema> {
    let run = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-fA-F]{1,16}$")).build();
    let add = variant("Add", pair(small_number().build(), run));
    OneOfBuilder::new().item(variant("Drop", small_number())).item(add).into()
}
