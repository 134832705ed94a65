//! Requests, and how each is answered.

pub const TUX: &str = r#"{"data":{"name":"Tux","price":15.99,"quantity":100}}"#;

/// How one of several requests that are sent at once is answered.
pub struct Told {
    pub request: &'static str,
    pub status: u16,
    pub version: &'static str,
    pub body: &'static str,
    /// What the answer says of the connection.
    pub connection: Option<&'static str>,
}

pub const fn told(request: &'static str, body: &'static str) -> Told {
    Told { request, status: 200, version: "HTTP/1.1", body, connection: None }
}

pub const GET: Told = told("GET /products/Tux HTTP/1.1\r\nHost: x\r\n\r\n", TUX);

pub const HEAD: Told = told("HEAD /products/Tux HTTP/1.1\r\nHost: x\r\n\r\n", "");

pub const OLD: Told = Told { request: "GET /products/Tux HTTP/1.0\r\n\r\n", version: "HTTP/1.0", ..GET };

pub const OLD_KEPT: Told = Told {
    request: "GET /products/Tux HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    version: "HTTP/1.0",
    connection: Some("keep-alive"),
    ..GET
};

pub const CLOSE: Told = Told {
    request: "GET /products/Tux HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    connection: Some("close"),
    ..GET
};

/// Is answered by the catalog, not at once.
pub const ASKED: Told = Told {
    request: "GET /products/Unicorn HTTP/1.1\r\nHost: x\r\n\r\n",
    status: 404,
    body: r#"{"error":{"code":404,"message":"there is no such product"}}"#,
    ..GET
};

/// It is answered before its body is read, which actix-http takes as the end of the connection.
pub const WITH_BODY: Told = Told {
    request: "GET /products/Tux HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nGET / HTT",
    connection: Some("close"),
    ..GET
};

pub const WITH_CHUNKS: Told = told(
    "GET /products/Tux HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9;a=b\r\nGET / HTT\r\n0\r\nX: y\r\n\r\n",
    TUX,
);

pub const REFUSED: Told = Told {
    request: "GET /products/Tux HTTP/1.1\r\n\r\n",
    status: 400,
    body: r#"{"error":{"code":400,"message":"there is no Host"}}"#,
    connection: Some("close"),
    ..GET
};

pub const ORDER: Told = Told {
    request: "POST /orders HTTP/1.1\r\nHost: x\r\nIdempotency-Key: a\r\nContent-Length: 27\r\n\r\n{\"name\":\"Fox\",\"quantity\":1}",
    status: 201,
    body: r#"{"data":{"order_number":1}}"#,
    ..GET
};

pub const ORDER_IN_CHUNKS: Told = Told {
    request: "POST /orders HTTP/1.1\r\nHost: x\r\nIdempotency-Key: a\r\nTransfer-Encoding: chunked\r\n\r\n\
              1;a=b\r\n{\r\n1A\r\n\"name\":\"Fox\",\"quantity\":1}\r\n0\r\nX: y\r\n\r\n",
    ..ORDER
};

pub const EMPTY_LINE: Told = Told { request: "\r\nGET /products/Tux HTTP/1.1\r\nHost: x\r\n\r\n", ..GET };
