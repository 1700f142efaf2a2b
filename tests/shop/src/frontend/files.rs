//! `GET /static/…`: the style sheet and the pictures, which are inside the binary.

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

const SVG: &str = "image/svg+xml";

/// Path, type, content.
const FILES: [(&str, &str, &str); 12] = [
    ("style.css", "text/css; charset=utf-8", include_str!("page/style.css")),
    ("favicon.svg", SVG, include_str!("pictures/favicon.svg")),
    ("img/hero.svg", SVG, include_str!("pictures/hero.svg")),
    ("img/products/sunglasses.svg", SVG, include_str!("pictures/sunglasses.svg")),
    ("img/products/tank-top.svg", SVG, include_str!("pictures/tank-top.svg")),
    ("img/products/watch.svg", SVG, include_str!("pictures/watch.svg")),
    ("img/products/loafers.svg", SVG, include_str!("pictures/loafers.svg")),
    ("img/products/hairdryer.svg", SVG, include_str!("pictures/hairdryer.svg")),
    ("img/products/candle-holder.svg", SVG, include_str!("pictures/candle-holder.svg")),
    ("img/products/salt-and-pepper-shakers.svg", SVG, include_str!("pictures/salt-and-pepper-shakers.svg")),
    ("img/products/bamboo-glass-jar.svg", SVG, include_str!("pictures/bamboo-glass-jar.svg")),
    ("img/products/mug.svg", SVG, include_str!("pictures/mug.svg")),
];

pub(super) async fn file(Path(path): Path<String>) -> Response {
    match FILES.iter().find(|(known, ..)| *known == path) {
        Some((_, kind, content)) => {
            ([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "max-age=600")], *content).into_response()
        }
        None => (StatusCode::NOT_FOUND, "404 page not found\n").into_response(),
    }
}
