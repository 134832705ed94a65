//! The routes in the code, beside those of the document.

use std::path::Path;

use syn::LitStr;
use syn::visit::{self, Visit};

use crate::{document, operations, store};

/// Where the front-end's paths are written.
const FILES: [&str; 8] = [
    "src/lab/routes.rs",
    "src/server/http/document/openapi.rs",
    "src/server/http/pages/dispatch.rs",
    "src/server/http/public/dispatch.rs",
    "src/server/http/public/orders.rs",
    "src/server/http/routes.rs",
    "src/wire/backup.rs",
    "src/wire/paths.rs",
];

/// What is not in the document, and why. What ends in a slash stands for all below it.
const LEFT_OUT: &[(&str, &str)] = &[
    ("/assets/", "what the pages load"),
    ("/buy", "a form of a page; at the catalog, its operator's"),
    ("/cluster", "a page"),
    ("/docs", "a page"),
    ("/lab", "a page"),
    ("/lab/", "what the lab's page asks"),
    ("/last", "a replica's"),
    ("/observe", "the catalog's and the replicas'"),
    ("/order", "a page; another name of /orders where it is posted to"),
    ("/product/", "another name of /products/{name}"),
    ("/query/{name:[^/]*}", "the catalog's"),
    ("/restock", "the catalog's"),
    ("/status", "a replica's"),
    ("/sync", "a replica's"),
    ("/syncfrom", "a replica's"),
    ("/{message}", "what the services say to each other"),
    ("/{number:[0-9]+}", "a replica's"),
];

/// The texts of a file that begin with a slash.
#[derive(Default)]
struct Routes(Vec<String>);

impl<'ast> Visit<'ast> for Routes {
    fn visit_lit_str(&mut self, text: &'ast LitStr) {
        let text = text.value();
        if text.starts_with('/') {
            self.0.push(text);
        }
    }

    /// What is documented is in an attribute, which is what this is compared with.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    /// Tests ask for what there is not.
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }
}

fn routes() -> Vec<String> {
    let mut routes = Routes::default();
    for file in FILES {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect(file);
        routes.visit_file(&syn::parse_file(&text).expect(file));
    }
    routes.0
}

#[test]
fn every_route_is_in_the_document_or_left_out_for_a_reason() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = store(directory.path());
    let document = document(store.front_end);
    let told: Vec<_> = operations(&document).map(|operation| operation.path).collect();
    let is_told = |route: &str| {
        // What dispatching compares the begin or the end of a path with has a number or a name beside it.
        let beside =
            |path: &&str| path.starts_with(&format!("{route}{{")) || path.ends_with(&format!("}}{route}"));
        told.contains(&route) || told.iter().any(beside)
    };
    let covers = |left_out: &str, route: &str| {
        left_out == route || left_out.ends_with('/') && route.starts_with(left_out)
    };
    let routes = routes();
    assert!(routes.len() > 20, "{routes:?}");
    for route in &routes {
        let left_out = LEFT_OUT.iter().any(|(path, _)| covers(path, route));
        assert!(
            is_told(route) != left_out,
            "{route} is {}",
            if left_out { "in the document, and left out" } else { "not in the document" }
        );
    }
    for (path, why) in LEFT_OUT {
        assert!(routes.iter().any(|route| covers(path, route)), "{path} ({why}) is no route any more");
    }
}
