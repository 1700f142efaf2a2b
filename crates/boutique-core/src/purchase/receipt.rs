//! What the order page says about a purchase.

use serde::Serialize;

/// The facts of a completed order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The shop's number of the order.
    pub order: Option<String>,
    /// Amount with currency, such as `USD 28.98`.
    pub total: Option<String>,
}

/// Reads an order page. Fields that the page does not show are absent: a newer shop may lay it out differently, and the
/// purchase is no less complete for it.
pub fn receipt(body: &str) -> Receipt {
    let text = plain_text(body);
    let after = |label: &str| {
        let from = text.find(label)? + label.len();
        text[from..].split_whitespace().next().map(str::to_owned)
    };
    let total = after("Total Paid").and_then(|amount| {
        let digits = amount.find(|c: char| c.is_ascii_digit())?;
        let number = &amount[digits..];
        number.parse::<f64>().ok().map(|_| format!("USD {number}"))
    });
    Receipt { order: after("Confirmation #"), total }
}

/// The text of a page: tags removed, the entities that Go's templates write turned back.
pub(super) fn plain_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            _ if in_tag => {}
            c => text.push(c),
        }
    }
    for (entity, plain) in [
        ("&#34;", "\""),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#43;", "+"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, plain);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_page_tells_number_and_total() {
        let page = "<h3>Your order is complete!</h3><div>Confirmation #</div><div>\n 1f3c-22 </div>\
                    <div>Total Paid</div>\n<div>$28.98</div>";
        let expected = Receipt { order: Some("1f3c-22".into()), total: Some("USD 28.98".into()) };
        assert_eq!(receipt(page), expected);
    }

    #[test]
    fn a_page_without_the_labels_gives_an_empty_receipt() {
        assert_eq!(receipt("Your order is complete!"), Receipt { order: None, total: None });
        assert_eq!(receipt("Total Paid"), Receipt { order: None, total: None });
    }
}
