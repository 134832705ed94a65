use super::*;
use crate::domain::{Epoch, ProductName, ReplicaId, RequestId, Run, StoreId, Term};
use crate::messages::catalog::Refusal;
use crate::probe::{Limit, LostReason, SaveReason, SuspectReason};

fn view() -> View {
    let (store, by) = (StoreId::new(0x703), Run::new(0x2a));
    let in_sync = [1, 2, 3].map(|id| (ReplicaId::new(id), Run::new(7))).into_iter().collect();
    View {
        store,
        by,
        line: [by].into_iter().collect(),
        epoch: Epoch::new(8),
        leader: ReplicaId::new(2),
        in_sync,
    }
}

fn name(text: &str) -> ProductName {
    ProductName::new(text).unwrap()
}

fn key(text: &str) -> RequestId {
    RequestId::new(text).unwrap()
}

/// An event of every variant, and what it says. A new variant that is not here does not compile.
macro_rules! every {
    ($($part:ident $events:ident {
        $($variant:ident { $($field:ident: $value:expr),* $(,)? } => $said:literal;)*
    })*) => {
        fn every() -> Vec<(Event, &'static str, &'static str)> {
            fn _is_here(event: &Event) {
                match event { $($(Event::$part($events::$variant { .. }) => (),)*)* }
            }
            vec![$($(
                ($events::$variant { $($field: $value),* }.into(), stringify!($variant), $said)
            ),*),*]
        }
    };
}

every! {
    Replica ReplicaEvent {
        TakeoverBegan { view: view() } => "begins to lead in epoch 8, in sync: 1, 2, 3";
        UnsettledCompleted { term: Term::new(8), purchases: 3 } =>
            "makes orders of 3 purchases that the leader before left without one, in epoch 8";
        UnsettledInBook { term: Term::new(8), purchases: 1 } =>
            "finds one purchase that the catalog does not know to be settled in its book, in epoch 8";
        Serving { by: Run::new(0x2a), epoch: Epoch::new(8), last: OrderNumber::new(12) } =>
            "leads in epoch 8 and takes orders from now on; the last one has number 12";
        Deposed { epoch: Epoch::new(8) } => "leads no longer, since epoch 8 is over";
        ViewAdopted { view: view(), orders_in_flight: 4 } =>
            "goes on leading in epoch 8, in sync: 1, 2, 3, with 4 orders under way";
        TailCut { after: OrderNumber::new(5), entries: 2 } =>
            "cuts 2 entries after order 5 from its book, which no leader had acknowledged";
        OldEpochRefused { message: "sync", epoch: Epoch::new(3), current: Epoch::new(8) } =>
            "refuses a sync message of epoch 3, for it follows the view of epoch 8";
        DuplicateSuppressed { key: key("k-1"), number: OrderNumber::new(7) } =>
            "answers the repeated request k-1 with order 7, which it has already";
        Acknowledged { through: OrderNumber::new(9), by: Run::new(0x2a), epoch: Epoch::new(8) } =>
            "acknowledges the orders up to 9, in epoch 8";
        OutOfStock { left: 1, epoch: Epoch::new(8) } =>
            "refuses an order, since only 1 are left in stock, in epoch 8";
        DropAsked { replica: ReplicaId::new(1), epoch: Epoch::new(8) } => "asks the front-end to let order-1 out of those in sync, in epoch 8";
        JoinerCounted { replica: ReplicaId::new(1), epoch: Epoch::new(8) } =>
            "waits for order-1 too from now on, which has caught up, in epoch 8";
        JoinerUnreached { replica: ReplicaId::new(1), epoch: Epoch::new(8) } =>
            "does not count order-1, which asked for it and cannot be reached, in epoch 8";
        JoinerGivenUp { replica: ReplicaId::new(1), epoch: Epoch::new(8) } =>
            "waits no longer for order-1, which does not answer, in epoch 8";
        AddAsked { replica: ReplicaId::new(1), epoch: Epoch::new(8) } => "asks the front-end to count order-1 among those in sync, in epoch 8";
        CaughtUp { last: OrderNumber::new(9) } => "has fetched a part of the book, up to order 9";
        Unfit { term: Term::new(8) } =>
            "does not lead in epoch 8, since it lacks orders that the catalog knows to be acknowledged";
        OtherNumberSold { expected: OrderNumber::new(7), sold: OrderNumber::new(5) } =>
            "leads no longer, since the catalog sold order 5 where its book goes on with 7: one of the two remembers \
             another past";
        PurchaseDiffers { number: OrderNumber::new(7), key: key("k-1") } =>
            "has another order 7 in its book than the catalog sold under request k-1";
        CatalogRefuses { why: Refusal::Behind { purchases: OrderNumber::new(5), orders: OrderNumber::new(7) } } =>
            "cannot buy, and waits for `toystore recover catalog`: the catalog remembers 5 purchases, and the book has 7 \
             orders: its memory is older";
        OrdersLost { after: OrderNumber::new(5), through: OrderNumber::new(9) } =>
            "goes on without the orders 6 to 9, which are lost, as an operator decided";
    }
    View ViewEvent {
        ViewSaved { view: view(), why: SaveReason::AnotherLeader } =>
            "saves that order-2 leads in epoch 8, in sync: 1, 2, 3 (another leader)";
        ViewChangeRefused { named: Epoch::new(7), current: Epoch::new(8) } =>
            "refuses to change who is in sync, since the leader names epoch 7 and this is 8";
        LeaderSuspected { replica: ReplicaId::new(2), epoch: Epoch::new(8), why: SuspectReason::Silent } =>
            "suspects order-2, the leader of epoch 8: it is silent";
        ViewLost { why: LostReason::ReplicaFollowsNewer } =>
            "asks all replicas for the newest view, since its own is older: a replica follows a newer view";
        LeaderServes { replica: ReplicaId::new(2), epoch: Epoch::new(8) } => "sends orders to order-2, which leads in epoch 8";
        FrontEndRegistered { run: Run::new(0x2a) } => "is known to the catalog, as run 000000000000002a";
    }
    FrontEnd FrontEndEvent {
        OrderRetried { key: key("k-1"), epoch: Epoch::new(8) } =>
            "sends the order of request k-1 once more, in epoch 8";
        StaleFillDropped { name: name("Tux") } =>
            "does not cache Tux, which changed while it was fetched";
        Invalidated { products: vec![name("Tux"), name("Fox")] } => "drops what it cached of Tux, Fox";
    }
    Catalog CatalogEvent {
        GroupVisible { products: vec![name("Tux")], waited_for_lease: true } =>
            "shows the new stock of Tux, now that leases have run out";
        BatchRefused { term: Term::new(2), batch: 3 } =>
            "refuses purchase batch 3 of the term that began in epoch 2, since a newer one has been here";
        BatchRepeated { term: Term::new(2), batch: 3 } =>
            "answers the repeated purchase batch 3 of the term that began in epoch 2 as before";
        Restocked { products: vec![name("Tux")] } => "restocks Tux";
        CatalogReady { confirmed: true } =>
            "answers from now on, since every front-end has dropped its cache";
        CatalogRebuilt { orders: OrderNumber::new(9), stock: vec![(name("Tux"), 98), (name("Fox"), 0)] } =>
            "is rebuilt from a book of 9 orders; in stock are 98 of Tux, 0 of Fox";
        Refused { keys: vec![key("k-1"), key("k-2")] } =>
            "refuses for lack of stock, and remembers, the requests k-1, k-2";
    }
    Service ServiceEvent {
        LimitReached { limit: Limit::MessageEntries } =>
            "has reached a limit: entries in a message to a follower";
        DiskFailed { why: "order-2/book.redb: no space left".into() } =>
            "stops, since its disk failed: order-2/book.redb: no space left";
    }
}

#[test]
fn every_event_is_a_sentence_for_a_person() {
    let all = every();
    for (event, _, expected) in &all {
        let said = event.to_string();
        assert_eq!(said, *expected, "{event:?}");
        for never in ["{", "}", "::", "Some(", "None"] {
            assert!(!said.contains(never), "{said:?} has {never:?}");
        }
        for (_, variant, _) in &all {
            assert!(!said.contains(variant), "{said:?} names {variant}");
        }
    }
}

#[test]
fn what_there_is_one_of_none_of_or_much_of_is_told_so() {
    let products = (1..=7).map(|number| name(&format!("toy-{number}"))).collect();
    for (event, expected) in [
        (Event::from(FrontEndEvent::Invalidated { products: vec![] }), "drops its whole cache"),
        (
            FrontEndEvent::Invalidated { products }.into(),
            "drops what it cached of toy-1, toy-2, toy-3, toy-4, toy-5, 2 more",
        ),
        (CatalogEvent::Restocked { products: vec![] }.into(), "restocks nothing"),
        (
            ReplicaEvent::Serving { by: Run::new(0x2a), epoch: Epoch::new(1), last: OrderNumber::new(0) }
                .into(),
            "leads in epoch 1 and takes orders from now on; there is none yet",
        ),
        (
            ReplicaEvent::ViewAdopted { view: view(), orders_in_flight: 0 }.into(),
            "goes on leading in epoch 8, in sync: 1, 2, 3, with no order under way",
        ),
        (
            ReplicaEvent::TailCut { after: OrderNumber::new(5), entries: 1 }.into(),
            "cuts one entry after order 5 from its book, which no leader had acknowledged",
        ),
        (
            ReplicaEvent::OrdersLost { after: OrderNumber::new(5), through: OrderNumber::new(6) }.into(),
            "goes on without order 6, which is lost, as an operator decided",
        ),
        (
            CatalogEvent::CatalogReady { confirmed: false }.into(),
            "answers from now on, since whatever front-ends cached before has run out",
        ),
        (
            CatalogEvent::GroupVisible { products: vec![name("Tux")], waited_for_lease: false }.into(),
            "shows the new stock of Tux",
        ),
        // A product may have any name; a line of the log stays one line.
        (
            FrontEndEvent::StaleFillDropped { name: name("a\nb 🦄") }.into(),
            "does not cache a\\nb 🦄, which changed while it was fetched",
        ),
    ] {
        assert_eq!(event.to_string(), expected, "{event:?}");
    }
}

#[test]
fn programs_get_the_name_and_the_fields() {
    for (event, variant, _) in every() {
        let value = serde_json::to_value(&event).unwrap();
        let object = value.as_object().unwrap();
        assert_eq!(object.keys().collect::<Vec<_>>(), [variant]);
        assert!(object[variant].is_object(), "{event:?}: {value}");
    }
}

#[test]
fn a_reason_is_its_words_to_programs_as_well() {
    let event = Event::from(ViewEvent::ViewLost { why: LostReason::CatalogKnowsNewer });
    let value = serde_json::to_value(&event).unwrap();
    assert_eq!(value["ViewLost"]["why"], "the catalog knows a newer one");
}
