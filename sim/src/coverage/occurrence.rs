//! What happens in a run besides the actors' events, the faults and the limits.

macro_rules! occurrences {
    ($($occurrence:ident $name:literal $must:literal $sentence:literal;)*) => {
        /// Something that happened in a run.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Occurrence {
            $(#[doc = $sentence] $occurrence,)*
        }

        impl Occurrence {
            /// All of them.
            pub const ALL: &[Occurrence] = &[$(Occurrence::$occurrence,)*];

            /// Its name in a summary.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Occurrence::$occurrence => $name,)*
                }
            }

            /// Whether many runs together must have seen it.
            #[must_use]
            pub fn must_be_seen(self) -> bool {
                match self {
                    $(Occurrence::$occurrence => $must,)*
                }
            }
        }
    };
}

// Name, whether many runs together must have seen it, what it is.
occurrences! {
    Crash "crash" false "A process crashed.";
    NodeStopped "node stopped by itself" true "A node stopped by itself, because its disk failed or it has to make way.";
    CrashWhileStarting "crash while starting" true "A process crashed while it started.";
    CrashWhileCreating "crash while files are created" true "A process crashed at its first start.";
    CrashWhileClosing "crash while closing" true "A process crashed while it closed its files.";
    Reconfigured "restarted with another configuration" false "A node was restarted to read its configuration.";
    MemoryFaultNotAdmitted "memory fault not admitted" false "A memory fault did not take place, because the store does not promise to survive it.";
    RestockForgotten "restock forgotten" false "A catalog lost what was restocked, and nothing else.";
    FileRefused "file refused" false "A process did not start on its files.";
    FilesSetAside "files set aside" false "The files on which a process did not start were set aside.";
    Misdirected "message refused by whom it was not for" false "A service refused a message that was meant for another.";
    OrderAskedAgain "order not known, asked again" false "A shopper who was not told what became of an order asked again.";
    AcknowledgedAskedAgain "acknowledged order asked again" false "A shopper repeated an order that was acknowledged.";
    KeyReused "key used for another order" false "A shopper used a key for another order.";
    PriceChanged "price changed" false "A product was given another price.";
    RestockAsked "restock asked for" false "An operator asked for a restock.";
    CatalogRebuiltByOperator "operator rebuilt the catalog" false "An operator had the catalog rebuilt.";
    OperatorWentOn "operator went on" false "An operator had the store go on.";
    RefusalForgotten "refusal forgotten, and the order sold after all" false "A refused order was sold, when the refusal was no longer remembered.";
    Undecided "products whose linearizability was too much to decide" false "The search for a product gave up.";
    BugFired "planted bug fired" false "The planted bug made a difference.";
    UnsettledTakenOver "takeover with unsettled purchases" true "A new leader appended purchases that its predecessor left without an order.";
    ViewChangedInFlight "view changed with an order in flight" true "A leader went on in another view with orders under way.";
    ViewShrunkInFlight "view shrunk with an order in flight" true "The same, with fewer in sync.";
    SeveralEntriesCut "several entries cut" true "A follower cut more than one entry.";
    CacheHit "cache hit" true "A front-end answered a query from its cache.";
    LeaseWaited "waited for a lease" true "A change became visible when leases had run out.";
    CatalogUnconfirmed "catalog ready without confirmations" true "A catalog answered without a confirmation from every front-end.";
    WriteKept "unsynced write kept" true "A crash kept a write that was not synced.";
    WriteLost "unsynced write lost" true "A crash lost one.";
    WriteTorn "unsynced write torn" true "A crash kept a part of one.";
    DiskOperationFailed "disk operation failed" false "A disk operation failed.";
    MessageSent "messages" false "A message was sent.";
    MessageLost "message lost" true "A message was lost.";
    MessageDoubled "message doubled" true "A request arrived twice.";
    MessageLate "message late" true "A message was late.";
    MessageOvertaken "message overtaken" true "A message overtook another.";
    MessageCut "message lost to a partition" true "A message was lost to a partition.";
    MessageHeld "message held" true "A message was held.";
}
