//! What the pages load beside their text: compiled in, and named by what it is.

use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, EntityTag, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest as _, Sha256};

use super::super::shared::errors::{ApiError, ApiResult};
use super::html::secure;

/// One of them.
struct Asset {
    name: &'static str,
    kind: &'static str,
    body: &'static [u8],
    tag: EntityTag,
}

macro_rules! assets {
    ($($name:literal)*) => {
        [$(($name, include_bytes!(concat!("assets/", $name)).as_slice())),*]
    };
}

/// All of them.
static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let all = assets! {
        "board.js" "charts.js" "cluster.css" "cluster.js" "control.js" "docs.css" "dom.js" "drawing.js" "experiments.js" "favicon.svg" "lab.css" "lab.js" "live-worker.js" "live.js" "orders.js" "series.js" "shop.js" "stream.js" "style.css" "toys.svg" "verdict.js"
    };
    all.into_iter().map(|(name, body)| Asset { name, kind: kind(name), body, tag: tag(body) }).collect()
});

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn tag(body: &[u8]) -> EntityTag {
    let digest: String = Sha256::digest(body).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    EntityTag::new_strong(digest)
}

/// Answers with one. A browser that has it is told that it is still the same: the next version of the store may have
/// another under the name.
pub fn asset(request: &HttpRequest, name: &str) -> ApiResult {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    let asset = asset.ok_or_else(|| ApiError::not_found("there is no such file"))?;
    let unchanged = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&asset.tag)),
        // An unreadable condition is none.
        Err(_) => false,
    };
    let mut answer = HttpResponse::build(if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    secure(&mut answer);
    answer
        .insert_header((header::ETAG, asset.tag.to_string()))
        .insert_header((header::CACHE_CONTROL, "no-cache"));
    if unchanged {
        return Ok(answer.finish());
    }
    Ok(answer.insert_header((header::CONTENT_TYPE, asset.kind)).body(asset.body))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_compiled_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/server/http/pages/assets");
        let files =
            std::fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file").file_name());
        let files: BTreeSet<_> = files.map(|name| name.into_string().expect("a plain name")).collect();
        let compiled_in: BTreeSet<_> = ASSETS.iter().map(|asset| asset.name.to_owned()).collect();
        assert_eq!(files, compiled_in);
        assert!(ASSETS.iter().all(|asset| asset.kind != "application/octet-stream"));
    }

    #[test]
    fn the_shop_is_small() {
        let shop = [
            "style.css",
            "shop.js",
            "orders.js",
            "stream.js",
            "live.js",
            "live-worker.js",
            "toys.svg",
            "favicon.svg",
        ];
        let size: usize =
            ASSETS.iter().filter(|asset| shop.contains(&asset.name)).map(|asset| asset.body.len()).sum();
        assert!(size < 80 << 10, "{size} bytes; with a page of 60 toys it must stay below 100 KiB");
    }
}
