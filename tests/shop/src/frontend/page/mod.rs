//! The pages. Functions that write HTML; everything that comes from outside goes through [`esc`].

mod basket;
mod goods;

use super::{Shop, visit::Visit};
use axum::response::Html;
use hipstershop_proto::hipstershop::{Ad, CartItem, Money, Product};
use http::StatusCode;

pub(super) use basket::{cart, order};
pub(super) use goods::{home, product};

/// What all pages have around their content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) shop: &'a Shop,
    pub(super) visit: &'a Visit,
    /// Currencies to choose from; none hides the selector.
    pub(super) currencies: &'a [String],
    pub(super) cart_size: i64,
}

/// A product with its price in the visitor's currency.
#[derive(Debug)]
pub(super) struct Tile {
    pub(super) product: Product,
    pub(super) price: Option<Money>,
}

/// A product in the cart.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) product: Product,
    pub(super) quantity: i32,
    pub(super) cost: Money,
}

/// How many things are in a cart.
pub(super) fn pieces(cart: &[CartItem]) -> i64 {
    cart.iter().map(|item| i64::from(item.quantity)).sum()
}

/// Text as it may stand in HTML, between tags and within quotes.
fn esc(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A whole page around its content.
fn document(frame: &Frame<'_>, title: &str, main: &str) -> Html<String> {
    let settings = &frame.shop.settings;
    let (base, brand) = (esc(&settings.base_url), settings.brand());
    let theme = if settings.cymbal_branding { "cymbal" } else { "boutique" };
    let message =
        settings.message.as_deref().map_or_else(String::new, |m| format!(r#"<p class="message">{}</p>"#, esc(m)));
    let assistant = if settings.assistant {
        format!(r#"<a class="quiet" href="{base}/assistant">Assistant</a>"#)
    } else {
        String::new()
    };
    let badge = match frame.cart_size {
        size if size > 0 => format!(r#"<span class="badge">{size}</span>"#),
        _ => String::new(),
    };
    Html(format!(
        r##"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · {brand}</title>
<link rel="icon" type="image/svg+xml" href="{base}/static/favicon.svg">
<link rel="stylesheet" href="{base}/static/style.css">
</head>
<body class="{theme}">
{message}
<header>
  <a class="brand" href="{base}/"><svg viewBox="0 0 32 32" aria-hidden="true"><path d="M6 11h20l-2 17H8z" fill="currentColor"/><path d="M11 14V9a5 5 0 0 1 10 0v5" fill="none" stroke="var(--accent-2)" stroke-width="2.4" stroke-linecap="round"/></svg>{brand}</a>
  <nav>
    {assistant}
    {selector}
    <a class="cart-link" href="{base}/cart" aria-label="Cart"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 4h2.2l2.3 11.2a1.6 1.6 0 0 0 1.6 1.3h8.3a1.6 1.6 0 0 0 1.6-1.2L20.7 8H6.2" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/><circle cx="9.8" cy="20" r="1.5" fill="currentColor"/><circle cx="17" cy="20" r="1.5" fill="currentColor"/></svg><span>Cart</span>{badge}</a>
  </nav>
</header>
<main>
{main}
</main>
{footer}
</body>
</html>
"##,
        title = esc(title),
        selector = selector(frame, &base),
        footer = footer(frame),
    ))
}

fn selector(frame: &Frame<'_>, base: &str) -> String {
    if frame.currencies.is_empty() {
        return String::new();
    }
    let options: String = frame
        .currencies
        .iter()
        .map(|code| {
            let selected = if *code == frame.visit.currency { " selected" } else { "" };
            format!(r#"<option value="{0}"{selected}>{0}</option>"#, esc(code))
        })
        .collect();
    format!(
        r#"<form class="currency" method="POST" action="{base}/setCurrency"><select name="currency_code" aria-label="Currency" onchange="this.form.submit()">{options}</select><noscript><button>Set</button></noscript></form>"#
    )
}

fn footer(frame: &Frame<'_>) -> String {
    format!(
        r#"<footer>
  <div><strong>{}</strong><p>A demonstration shop. Nothing here can be bought, and no card is ever charged.</p></div>
  <dl>
    <dt>Pod</dt><dd>{}</dd>
    <dt>Session</dt><dd>{}</dd>
    <dt>Request</dt><dd>{}</dd>
  </dl>
</footer>"#,
        frame.shop.settings.brand(),
        esc(&frame.shop.host),
        esc(&frame.visit.session),
        esc(&frame.visit.request_id),
    )
}

/// A strip with an ad, if there is one.
fn advertisement(frame: &Frame<'_>, ad: Option<&Ad>) -> String {
    ad.map_or_else(String::new, |ad| {
        format!(
            r#"<aside class="ad"><span>Ad</span><a href="{}{}">{}</a></aside>"#,
            esc(&frame.shop.settings.base_url),
            esc(&ad.redirect_url),
            esc(&ad.text)
        )
    })
}

/// A row of suggestions, if there are any.
fn suggestions(frame: &Frame<'_>, products: &[Product]) -> String {
    if products.is_empty() {
        return String::new();
    }
    let base = esc(&frame.shop.settings.base_url);
    let cards: String = products
        .iter()
        .map(|product| {
            format!(
                r#"<a class="card small" href="{base}/product/{}"><img src="{base}{}" alt="" loading="lazy"><div><h3>{}</h3></div></a>"#,
                esc(&product.id),
                esc(&product.picture),
                esc(&product.name)
            )
        })
        .collect();
    format!(r#"<section class="suggestions"><h2>You May Also Like</h2><div class="grid">{cards}</div></section>"#)
}

/// The page that says that a page could not be made.
pub(super) fn problem(shop: &Shop, visit: &Visit, status: StatusCode, text: &str) -> Html<String> {
    let frame = Frame { shop, visit, currencies: &[], cart_size: 0 };
    let main = format!(
        r#"<section class="panel problem">
<p class="code">{}</p>
<h1>Something went wrong</h1>
<p>This page could not be put together. What the shop says about it:</p>
<p class="status">HTTP Status: {} {}</p>
<pre>{}</pre>
<a class="button" href="{}/">Back to the shop</a>
</section>"#,
        status.as_u16(),
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
        esc(text),
        esc(&shop.settings.base_url),
    );
    document(&frame, "Something went wrong", &main)
}

/// The page to talk to the assistant on.
pub(super) fn assistant(frame: &Frame<'_>) -> Html<String> {
    let main = format!(
        r#"<section class="panel">
<h1>Shopping assistant</h1>
<p>Describe the room or the occasion, and ask for something that fits.</p>
<form id="ask"><label>Your question<textarea name="message" rows="3" required></textarea></label><button class="button">Ask</button></form>
<pre id="answer" hidden></pre>
</section>
<script>
document.getElementById("ask").addEventListener("submit", async (event) => {{
  event.preventDefault();
  const answer = document.getElementById("answer");
  answer.hidden = false;
  answer.textContent = "…";
  const message = new FormData(event.target).get("message");
  const reply = await fetch("{}/bot", {{method: "POST", body: JSON.stringify({{message}})}});
  answer.textContent = reply.ok ? (await reply.json()).message : "The assistant is not available.";
}});
</script>"#,
        esc(&frame.shop.settings.base_url)
    );
    document(frame, "Assistant", &main)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(esc(r#"<b class="x">'&'</b>"#), "&lt;b class=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/b&gt;");
    }

    #[test]
    fn a_cart_counts_pieces_and_not_lines() {
        let item = |quantity| CartItem { product_id: String::new(), quantity };
        assert_eq!(pieces(&[item(2), item(i32::MAX)]), 2 + i64::from(i32::MAX));
    }
}
