//! The lab over HTTP, at the front-end.

use std::time::Duration;

use actix_web::web::{Data, Path, ServiceConfig};
use serde::Deserialize;

use super::control::{LabControl, NodeAction};
use super::guard::FromHere;
use super::network::LinkFault;
use super::refusal::Refusal;
use super::shoppers::ShopperPlan;
use crate::server::http::shared::bodies::JsonMessage;
use crate::server::http::shared::errors::ApiResult;
use crate::server::http::shared::routing::{get, post};
use crate::server::http::shared::shapes;

/// By how much longer a sync of a slow disk takes, where nobody says otherwise.
const SLOW_DISK_MS: u64 = 200;

/// The longest that may be asked for.
const LONGEST_MS: u64 = 60_000;

/// By how much longer a message takes on a slow link.
const SLOW_LINK_MS: u64 = 100;

/// How many messages of a hundred a lossy link loses.
const LOSSY_PERCENT: u32 = 20;

/// What there is for whoever breaks the store.
pub fn lab(control: &LabControl, config: &mut ServiceConfig) {
    config
        .app_data(Data::new(control.clone()))
        .service(get("/lab/state", state))
        .service(post("/lab/links", link))
        .service(post("/lab/shoppers", shoppers))
        .service(post("/lab/bug", bug))
        .service(post("/lab/heal", heal))
        .service(post("/lab/nodes/{node}/{action}", node));
}

type Control = Data<LabControl>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeBody {
    ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkBody {
    a: String,
    b: String,
    fault: String,
    ms: Option<u64>,
    percent: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BugBody {
    name: Option<String>,
}

fn shown(control: &LabControl) -> ApiResult {
    Ok(shapes::data(control.snapshot()))
}

async fn state(_: FromHere, control: Control) -> ApiResult {
    shown(&control)
}

async fn node(
    _: FromHere,
    control: Control,
    path: Path<(String, String)>,
    body: JsonMessage<NodeBody>,
) -> ApiResult {
    let (name, action) = path.into_inner();
    let id = control.breakable(&name)?;
    control.node(id, node_action(&action, body.0.ms)?).await?;
    shown(&control)
}

fn node_action(name: &str, ms: Option<u64>) -> Result<NodeAction, Refusal> {
    if ms.is_some() && name != "slow-disk" {
        return Err(Refusal::Wrong("only slow-disk has a number of milliseconds".into()));
    }
    Ok(match name {
        "crash" => NodeAction::Crash,
        "restart" => NodeAction::Restart,
        "pause" => NodeAction::Pause,
        "resume" => NodeAction::Resume,
        "wipe" => NodeAction::Wipe,
        "slow-disk" => NodeAction::SlowDisk(millis(ms.unwrap_or(SLOW_DISK_MS))?),
        "full-disk" => NodeAction::FullDisk,
        "healthy-disk" => NodeAction::HealthyDisk,
        _ => {
            return Err(Refusal::Unknown(format!(
                "there is no action {name:?}; there are crash, restart, pause, resume, wipe, slow-disk, full-disk and \
                 healthy-disk"
            )));
        }
    })
}

fn millis(ms: u64) -> Result<Duration, Refusal> {
    if (1..=LONGEST_MS).contains(&ms) {
        return Ok(Duration::from_millis(ms));
    }
    Err(Refusal::Wrong(format!("ms is {ms}; use a number from 1 to {LONGEST_MS}")))
}

async fn link(_: FromHere, control: Control, body: JsonMessage<LinkBody>) -> ApiResult {
    let LinkBody { a, b, fault, ms, percent } = body.0;
    let fault = link_fault(&fault, ms, percent)?;
    control.link(control.linked(&a)?, control.linked(&b)?, fault)?;
    shown(&control)
}

fn link_fault(name: &str, ms: Option<u64>, percent: Option<u32>) -> Result<Option<LinkFault>, Refusal> {
    if (ms.is_some() && name != "slow") || (percent.is_some() && name != "lossy") {
        return Err(Refusal::Wrong("only a slow link has ms, and only a lossy one percent".into()));
    }
    match name {
        "none" => Ok(None),
        "cut" => Ok(Some(LinkFault::Cut)),
        "slow" => Ok(Some(LinkFault::Slow(millis(ms.unwrap_or(SLOW_LINK_MS))?))),
        "lossy" => match percent.unwrap_or(LOSSY_PERCENT) {
            percent @ 1..=100 => Ok(Some(LinkFault::Lossy(percent))),
            other => Err(Refusal::Wrong(format!("percent is {other}; use a number from 1 to 100"))),
        },
        _ => Err(Refusal::Wrong(format!("there is no fault {name:?}; there are cut, slow, lossy and none"))),
    }
}

async fn shoppers(_: FromHere, control: Control, body: JsonMessage<ShopperPlan>) -> ApiResult {
    control.shoppers(body.0.checked()?);
    shown(&control)
}

async fn bug(_: FromHere, control: Control, body: JsonMessage<BugBody>) -> ApiResult {
    control.plant(body.0.name.as_deref())?;
    shown(&control)
}

async fn heal(_: FromHere, control: Control, _: JsonMessage<Nothing>) -> ApiResult {
    control.heal().await?;
    shown(&control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_strictly() {
        let slow = |ms| Some(LinkFault::Slow(Duration::from_millis(ms)));
        for (name, ms, percent, expected) in [
            ("none", None, None, Some(None)),
            ("cut", None, None, Some(Some(LinkFault::Cut))),
            ("slow", None, None, Some(slow(SLOW_LINK_MS))),
            ("slow", Some(7), None, Some(slow(7))),
            ("lossy", None, None, Some(Some(LinkFault::Lossy(LOSSY_PERCENT)))),
            ("lossy", None, Some(100), Some(Some(LinkFault::Lossy(100)))),
            ("slow", Some(0), None, None),
            ("slow", Some(LONGEST_MS + 1), None, None),
            ("slow", None, Some(5), None),
            ("lossy", None, Some(0), None),
            ("lossy", None, Some(101), None),
            ("lossy", Some(5), None, None),
            ("cut", Some(5), None, None),
            ("broken", None, None, None),
        ] {
            assert_eq!(link_fault(name, ms, percent).ok(), expected, "{name} {ms:?} {percent:?}");
        }
    }

    #[test]
    fn actions_are_read_strictly() {
        let slow = |ms| NodeAction::SlowDisk(Duration::from_millis(ms));
        for (name, ms, expected) in [
            ("crash", None, Some(NodeAction::Crash)),
            ("slow-disk", None, Some(slow(SLOW_DISK_MS))),
            ("slow-disk", Some(5), Some(slow(5))),
            ("slow-disk", Some(0), None),
            ("full-disk", Some(5), None),
            ("explode", None, None),
            ("Crash", None, None),
        ] {
            assert_eq!(node_action(name, ms).ok(), expected, "{name} {ms:?}");
        }
    }
}
