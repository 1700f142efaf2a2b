//! The cart and the confirmed order.

use super::{Frame, Line, document, esc, suggestions};
use crate::money::render;
use axum::response::Html;
use hipstershop_proto::hipstershop::{Money, OrderResult, Product};

/// The cart with the order form.
pub(in super::super) fn cart(
    frame: &Frame<'_>,
    lines: &[Line],
    shipping: &Money,
    total: &Money,
    others: &[Product],
) -> Html<String> {
    let base = esc(&frame.shop.settings.base_url);
    let others = suggestions(frame, others);
    if lines.is_empty() {
        let main = format!(
            r#"<section class="panel empty"><h1>Your shopping cart is empty!</h1><p>Items you add to your shopping cart will appear here.</p><a class="button" href="{base}/">Continue Shopping</a></section>{others}"#
        );
        return document(frame, "Cart", &main);
    }
    let items: String = lines.iter().map(|line| item(&base, line)).collect();
    let main = format!(
        r#"<section class="basket">
  <div class="panel">
    <div class="heading"><h1>Cart ({count})</h1><form method="POST" action="{base}/cart/empty"><button class="plain">Empty Cart</button></form></div>
    {items}
    <dl class="sums"><dt>Shipping</dt><dd>{shipping}</dd><dt class="total">Total</dt><dd class="total">{total}</dd></dl>
  </div>
  {form}
</section>
{others}"#,
        count = frame.cart_size,
        shipping = render(shipping),
        total = render(total),
        form = form(&base),
    );
    document(frame, "Cart", &main)
}

fn item(base: &str, line: &Line) -> String {
    format!(
        r#"<div class="item"><a href="{base}/product/{id}"><img src="{base}{picture}" alt=""></a><div><h3>{name}</h3><p class="sku">SKU #{id}</p></div><span class="times">Quantity: {quantity}</span><strong>{cost}</strong></div>"#,
        id = esc(&line.product.id),
        picture = esc(&line.product.picture),
        name = esc(&line.product.name),
        quantity = line.quantity,
        cost = render(&line.cost),
    )
}

/// The form, filled in with somebody who does not exist.
fn form(base: &str) -> String {
    let this_year = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year();
    let months: String = (1..=12)
        .map(|month| {
            format!(r#"<option value="{month}"{}>{month:02}</option>"#, if month == 1 { " selected" } else { "" })
        })
        .collect();
    let years: String = (1..=5)
        .map(|ahead| this_year + ahead)
        .map(|year| format!(r#"<option value="{year}">{year}</option>"#))
        .collect();
    format!(
        r#"<form class="panel order" method="POST" action="{base}/cart/checkout">
    <h2>Shipping Address</h2>
    <label>E-mail Address<input type="email" name="email" value="someone@example.com" required></label>
    <label>Street Address<input name="street_address" value="1600 Amphitheatre Parkway" required></label>
    <div class="pair"><label>Zip Code<input name="zip_code" value="94043" pattern="\d{{4,5}}" required></label><label>City<input name="city" value="Mountain View" required></label></div>
    <div class="pair"><label>State<input name="state" value="CA" required></label><label>Country<input name="country" value="United States" required></label></div>
    <h2>Payment Method</h2>
    <label>Credit Card Number<input name="credit_card_number" value="4432801561520454" required></label>
    <div class="three"><label>Month<select name="credit_card_expiration_month">{months}</select></label><label>Year<select name="credit_card_expiration_year">{years}</select></label><label>CVV<input name="credit_card_cvv" value="672" pattern="\d{{3}}" required></label></div>
    <button class="button wide">Place Order</button>
  </form>"#
    )
}

/// The confirmation of an order.
pub(in super::super) fn order(
    frame: &Frame<'_>,
    order: &OrderResult,
    email: &str,
    paid: &Money,
    others: &[Product],
) -> Html<String> {
    let main = format!(
        r#"<section class="panel done">
  <svg viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="30" fill="var(--accent)"/><path d="m20 33 8.5 8.5L45 24" fill="none" stroke="white" stroke-width="5" stroke-linecap="round" stroke-linejoin="round"/></svg>
  <h1>Your order is complete!</h1>
  <p>We've sent a confirmation to {email}.</p>
  <dl class="sums">
    <dt>Confirmation #</dt><dd>{id}</dd>
    <dt>Tracking #</dt><dd>{tracking}</dd>
    <dt>Shipping</dt><dd>{shipping}</dd>
    <dt class="total">Total Paid</dt><dd class="total">{paid}</dd>
  </dl>
  <a class="button" href="{base}/">Continue Shopping</a>
</section>
{others}"#,
        email = esc(email),
        id = esc(&order.order_id),
        tracking = esc(&order.shipping_tracking_id),
        shipping = order.shipping_cost.as_ref().map(render).unwrap_or_default(),
        paid = render(paid),
        base = esc(&frame.shop.settings.base_url),
        others = suggestions(frame, others),
    );
    document(frame, "Order complete", &main)
}
