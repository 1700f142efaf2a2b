//! The home page and the page of a product.

use super::{Frame, Tile, advertisement, document, esc, suggestions};
use crate::money::render;
use axum::response::Html;
use hipstershop_proto::hipstershop::{Ad, Product};
use serde_json::Value;

/// The home page.
pub(in super::super) fn home(frame: &Frame<'_>, tiles: &[Tile], ad: Option<&Ad>, platform: &str) -> Html<String> {
    let settings = &frame.shop.settings;
    let base = esc(&settings.base_url);
    let color = settings.banner_color.as_deref();
    let color = color.map_or_else(String::new, |color| format!(r#" style="background: {}""#, esc(color)));
    let place = match platform {
        "gcp" => "Google Cloud",
        "aws" => "AWS",
        "azure" => "Azure",
        "onprem" => "On-Premises",
        "alibaba" => "Alibaba Cloud",
        _ => "a local cluster",
    };
    let cards: String = tiles.iter().map(|tile| card(&base, tile)).collect();
    let main = format!(
        r#"<section class="hero"{color}>
  <div><p class="eyebrow">New in {brand}</p><h1>Small things,<br>well made.</h1><p>Nine favourites for the kitchen, the wardrobe and the weekend.</p><a class="button" href="{hash}hot">Shop now</a></div>
  <img src="{base}/static/img/hero.svg" alt="">
</section>
<section id="hot">
  <div class="heading"><h2>Hot Products</h2><span class="place">Served from {place}</span></div>
  <div class="grid">{cards}</div>
</section>
{ad}"#,
        brand = settings.brand(),
        hash = "#",
        ad = advertisement(frame, ad),
    );
    document(frame, "Home", &main)
}

fn card(base: &str, Tile { product, price }: &Tile) -> String {
    format!(
        r#"<a class="card" href="{base}/product/{id}"><img src="{base}{picture}" alt="" loading="lazy"><div><h3>{name}</h3><span class="price">{price}</span></div></a>"#,
        id = esc(&product.id),
        picture = esc(&product.picture),
        name = esc(&product.name),
        price = price.as_ref().map(render).unwrap_or_default(),
    )
}

/// The page of a product.
pub(in super::super) fn product(
    frame: &Frame<'_>,
    Tile { product, price }: &Tile,
    packaging: Option<&Value>,
    others: &[Product],
    ad: Option<&Ad>,
) -> Html<String> {
    let base = esc(&frame.shop.settings.base_url);
    let quantities: String = (1..=10).map(|n| format!("<option>{n}</option>")).collect();
    let tags: String = product.categories.iter().map(|tag| format!("<li>{}</li>", esc(tag))).collect();
    let main = format!(
        r#"<section class="product">
  <img src="{base}{picture}" alt="{name}">
  <div>
    <ul class="tags">{tags}</ul>
    <h1>{name}</h1>
    <p class="price">{price}</p>
    <p>{description}</p>
    {packaging}
    <form method="POST" action="{base}/cart" class="buy">
      <input type="hidden" name="product_id" value="{id}">
      <label>Quantity<select name="quantity">{quantities}</select></label>
      <button class="button">Add To Cart</button>
    </form>
  </div>
</section>
{suggestions}
{ad}"#,
        picture = esc(&product.picture),
        name = esc(&product.name),
        price = price.as_ref().map(render).unwrap_or_default(),
        description = esc(&product.description),
        id = esc(&product.id),
        packaging = packaging.map(packed).unwrap_or_default(),
        suggestions = suggestions(frame, others),
        ad = advertisement(frame, ad),
    );
    document(frame, &product.name, &main)
}

/// Weight and size, as far as they were told.
fn packed(packaging: &Value) -> String {
    let row = |name: &str| match &packaging[name] {
        Value::Null => String::new(),
        value => format!("<dt>{name}</dt><dd>{}</dd>", esc(value.to_string().trim_matches('"'))),
    };
    let rows: String = ["weight", "width", "height", "depth"].into_iter().map(row).collect();
    format!(r#"<dl class="packaging">{rows}</dl>"#)
}
