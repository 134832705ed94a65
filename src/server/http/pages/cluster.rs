//! The cluster, as it was when the services were last asked.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::public::FrontEndState;
use super::super::shared::errors::ApiResult;
use super::html::page;
use crate::server::cluster::{NodeShown, Snapshot};

#[derive(Template)]
#[template(path = "cluster.html")]
struct ClusterPage {
    lab: bool,
    front_end: String,
    nodes: Vec<NodeShown>,
}

#[derive(Template)]
#[template(path = "lab.html")]
struct LabPage {
    lab: bool,
    front_end: String,
    nodes: Vec<NodeShown>,
}

pub async fn cluster(state: Data<FrontEndState>) -> ApiResult {
    let Snapshot { front_end, nodes, .. } = state.cluster.snapshot();
    page(StatusCode::OK, &ClusterPage { lab: state.has_lab(), front_end: front_end.node, nodes })
}

pub async fn lab(state: Data<FrontEndState>) -> ApiResult {
    let Snapshot { front_end, nodes, .. } = state.cluster.snapshot();
    page(StatusCode::OK, &LabPage { lab: true, front_end: front_end.node, nodes })
}
