//! The forms of the pages and what they accept.

use super::iso4217;
use crate::{payment::luhn, urlencoded};
use hipstershop_proto::hipstershop::{Address, CreditCardInfo};

/// A form as it was sent.
#[derive(Debug)]
pub(super) struct Form(Vec<(String, String)>);

/// Which field is wrong, and by which rule.
type Fault = (&'static str, &'static str);

/// What is put into a cart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Addition {
    pub(super) product_id: String,
    pub(super) quantity: i32,
}

/// Who orders, where to and how it is paid.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) email: String,
    pub(super) address: Address,
    pub(super) card: CreditCardInfo,
}

impl Form {
    pub(super) fn of(body: &[u8]) -> Self {
        Self(urlencoded::parse(body))
    }

    fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(sent, _)| sent == name).map_or("", |(_, value)| value)
    }

    /// The number in a field; 0 if it is none.
    fn number(&self, name: &str) -> i32 {
        self.text(name).parse().unwrap_or(0)
    }

    /// The form of the product page.
    pub(super) fn addition(&self) -> Result<Addition, String> {
        let quantity = self.number("quantity");
        let mut faults = Vec::new();
        check(&mut faults, "Quantity", quantity != 0, "required");
        check(&mut faults, "Quantity", quantity == 0 || quantity >= 1, "gte");
        check(&mut faults, "Quantity", quantity <= 10, "lte");
        check(&mut faults, "ProductID", !self.text("product_id").is_empty(), "required");
        said(&faults)?;
        Ok(Addition { product_id: self.text("product_id").to_owned(), quantity })
    }

    /// The currency selector.
    pub(super) fn currency(&self) -> Result<String, String> {
        let code = self.text("currency_code");
        let mut faults = Vec::new();
        check(&mut faults, "Currency", !code.is_empty(), "required");
        check(&mut faults, "Currency", code.is_empty() || iso4217::is_currency(code), "iso4217");
        said(&faults)?;
        Ok(code.to_owned())
    }

    /// The form of the cart page.
    pub(super) fn order(&self) -> Result<Order, String> {
        let mut faults = Vec::new();
        let mut required = |field, name: &str, longest: usize| {
            let text = self.text(name);
            check(&mut faults, field, !text.is_empty(), "required");
            check(&mut faults, field, text.chars().count() <= longest, "max");
        };
        required("StreetAddress", "street_address", 512);
        required("City", "city", 128);
        required("State", "state", 128);
        required("Country", "country", 128);
        let email = self.text("email");
        check(&mut faults, "Email", !email.is_empty(), "required");
        check(&mut faults, "Email", email.is_empty() || is_email(email), "email");
        let zip_code = self.number("zip_code");
        check(&mut faults, "ZipCode", zip_code != 0, "required");
        let number = self.text("credit_card_number");
        check(&mut faults, "CcNumber", !number.is_empty(), "required");
        check(&mut faults, "CcNumber", number.is_empty() || luhn(number), "credit_card");
        let month = self.number("credit_card_expiration_month");
        check(&mut faults, "CcMonth", (1..=12).contains(&month), "gte");
        let year = self.number("credit_card_expiration_year");
        check(&mut faults, "CcYear", year != 0, "required");
        let cvv = self.number("credit_card_cvv");
        check(&mut faults, "CcCVV", cvv != 0, "required");
        said(&faults)?;
        let text = |name: &str| self.text(name).to_owned();
        Ok(Order {
            email: text("email"),
            address: Address {
                street_address: text("street_address"),
                city: text("city"),
                state: text("state"),
                country: text("country"),
                zip_code,
            },
            card: CreditCardInfo {
                credit_card_number: text("credit_card_number"),
                credit_card_cvv: cvv,
                credit_card_expiration_year: year,
                credit_card_expiration_month: month,
            },
        })
    }
}

fn check(faults: &mut Vec<Fault>, field: &'static str, right: bool, rule: &'static str) {
    if !right {
        faults.push((field, rule));
    }
}

/// All faults, one line each.
fn said(faults: &[Fault]) -> Result<(), String> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(faults.iter().map(|(field, rule)| format!("Field '{field}' is invalid: {rule}\n")).collect())
}

fn is_email(text: &str) -> bool {
    match text.rsplit_once('@') {
        Some((user, host)) => {
            !user.is_empty()
                && host.contains('.')
                && !host.starts_with('.')
                && !host.ends_with('.')
                && !text.contains(' ')
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_order(change: (&str, &str)) -> Result<Order, String> {
        let fields = [
            ("email", "someone@example.com"),
            ("street_address", "1600 Amphitheatre Parkway"),
            ("zip_code", "94043"),
            ("city", "Mountain View"),
            ("state", "CA"),
            ("country", "United States"),
            ("credit_card_number", "4432-8015-6152-0454"),
            ("credit_card_expiration_month", "1"),
            ("credit_card_expiration_year", "2039"),
            ("credit_card_cvv", "672"),
        ];
        let changed = fields.map(|(name, value)| if name == change.0 { change } else { (name, value) });
        Form::of(urlencoded::build(&changed).as_bytes()).order()
    }

    #[test]
    fn the_suggested_order_is_accepted() {
        let order = mk_order(("", "")).unwrap();
        assert_eq!(order.address.zip_code, 94043);
        assert_eq!(order.card.credit_card_cvv, 672);
    }

    #[test]
    fn each_wrong_field_of_an_order_is_named() {
        for (name, value, fault) in [
            ("email", "nobody", "Field 'Email' is invalid: email"),
            ("email", "", "Field 'Email' is invalid: required"),
            ("zip_code", "W1A", "Field 'ZipCode' is invalid: required"),
            ("city", &"x".repeat(129), "Field 'City' is invalid: max"),
            ("street_address", &"x".repeat(513), "Field 'StreetAddress' is invalid: max"),
            ("country", "", "Field 'Country' is invalid: required"),
            ("credit_card_number", "4432801561520455", "Field 'CcNumber' is invalid: credit_card"),
            ("credit_card_expiration_month", "13", "Field 'CcMonth' is invalid: gte"),
            ("credit_card_expiration_year", "", "Field 'CcYear' is invalid: required"),
            ("credit_card_cvv", "x", "Field 'CcCVV' is invalid: required"),
        ] {
            let said = mk_order((name, value)).unwrap_err();
            assert_eq!(said.trim_end(), fault, "{name}={value}");
        }
    }

    #[test]
    fn one_to_ten_pieces_may_be_added() {
        let of = |body: &str| Form::of(body.as_bytes()).addition();
        assert_eq!(of("product_id=A&quantity=10").unwrap(), Addition { product_id: "A".into(), quantity: 10 });
        for body in
            ["product_id=A&quantity=0", "product_id=A&quantity=11", "product_id=A&quantity=-1", "quantity=1", ""]
        {
            assert!(of(body).unwrap_err().starts_with("Field '"), "{body}");
        }
    }

    #[test]
    fn only_real_currencies_can_be_chosen() {
        assert_eq!(Form::of(b"currency_code=CHF").currency().unwrap(), "CHF");
        assert!(Form::of(b"currency_code=XYZ").currency().is_err());
        assert!(Form::of(b"").currency().is_err());
    }
}
