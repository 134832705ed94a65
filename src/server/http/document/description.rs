//! What the document says before it names the operations.

/// What holds for all of them, in paragraphs.
pub const ABOUT: &str = "\
A toy store that loses no order. It speaks HTTP/1.1 and HTTP/1.0, in JSON, and has no TLS of its own.

What was asked for is under `data`. What is refused is told as `{\"error\":{\"code\",\"message\"}}`, and `code` is the answer's \
status once more. No answer may be kept by anybody on the way (`Cache-Control: no-store`).

503 means not now, or not known; `Retry-After` says when to ask again. Whether an order was placed that was answered 503, or \
not answered at all, is not known: ask again with the same `Idempotency-Key`, and it is placed once.

Parameters and fields that an operation does not have are refused. `HEAD` is answered where `GET` is, and `OPTIONS` everywhere, \
with the methods of the path in `Allow`. A shopper's path may end in one slash.

Left out here: the pages for people (`/`, `/order`, `/cluster`, `/lab`, `/buy`, `/docs` and what they load from `/assets/`), \
what they break a store with that runs with `--lab` (`/lab/`), the other names `/product/{name}` and `POST /order`, and what the \
services say to each other.";

/// The operations' groups, in the order in which a reader meets them, each with what is in it.
pub const GROUPS: [(&str, &str); 4] = [
    ("Products", "What there is to buy."),
    ("Orders", "Orders, placed and looked up."),
    ("The store", "How the store is, for shoppers and for whoever sends them here."),
    ("The operator's", "What the operator's commands ask. Where the cluster has a token, these want it."),
];

/// What the token is.
pub const TOKEN: &str = "The cluster's token, as the services have it (`TOYSTORE_TOKEN`). A store that is configured without one demands none.";
