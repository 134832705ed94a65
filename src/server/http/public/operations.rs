//! What shoppers may ask, for the API's document.

use utoipa::OpenApi;

use crate::wire::answers::{
    Alive, Failed, Leader, NewOrder, Order, OrderPage, Placed, Product, ProductPage, Ready, Receipt,
};

/// What shoppers may ask.
#[derive(OpenApi)]
#[openapi(
    paths(
        super::products::product,
        super::products::products,
        super::place::place,
        super::orders::order,
        super::orders::receipt,
        super::orders::orders,
        super::status::leader,
        super::status::cached,
        super::status::alive,
        super::status::ready,
    ),
    components(schemas(
        Alive,
        Failed,
        Leader,
        NewOrder,
        Order,
        OrderPage,
        Placed,
        Product,
        ProductPage,
        Ready,
        Receipt
    ))
)]
pub struct Operations;
