//! What an operator may ask the front-end, and have it do, for the API's document.

use utoipa::OpenApi;

use crate::wire::operator::{
    BookPage, ChangeView, Import, Imported, Invalidate, Nothing, Rebuilt, Recover, RecoverCatalog, Recovery,
    Stocked, View,
};

/// What an operator may ask the front-end.
#[derive(OpenApi)]
#[openapi(
    paths(
        super::front_end::import,
        super::front_end::recover,
        super::front_end::recover_catalog,
        super::front_end::change_view,
        super::front_end::invalidate,
        super::backup::orders,
        super::backup::stock,
    ),
    components(schemas(
        BookPage,
        ChangeView,
        Import,
        Imported,
        Invalidate,
        Nothing,
        Rebuilt,
        Recover,
        RecoverCatalog,
        Recovery,
        Stocked,
        View
    ))
)]
pub struct Operations;
