//! Texts that must not be seen, and how they are kept out of what is shown.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

/// What stands in place of a secret.
const HIDDEN: &str = "(sensitive)";

/// Shorter texts are found everywhere: hiding them would tell where they are and spoil the text.
const SHORTEST: usize = 4;

/// Texts that must not be seen.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// Adds a text, each line of it, and its base64 form.
    pub fn add(&mut self, text: &str) {
        let forms = [text.to_owned(), BASE64_STANDARD.encode(text)];
        let lines = text.lines().map(|line| line.trim().to_owned());
        for form in forms.into_iter().chain(lines) {
            if form.chars().count() >= SHORTEST && !self.0.contains(&form) {
                self.0.push(form);
            }
        }
        // A secret that holds another one is hidden as a whole.
        self.0.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// Adds every text and number in values.
    pub fn add_values(&mut self, values: &Value) {
        match values {
            Value::String(text) => self.add(text),
            Value::Number(number) => self.add(&number.to_string()),
            Value::Array(list) => list.iter().for_each(|value| self.add_values(value)),
            Value::Object(map) => map.values().for_each(|value| self.add_values(value)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The text without any of them.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let mut hidden = text.to_owned();
        for secret in self.0.iter().filter(|secret| text.contains(secret.as_str())) {
            hidden = hidden.replace(secret.as_str(), HIDDEN);
        }
        hidden
    }

    /// Whether one of them is in a value.
    pub fn are_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.0.iter().any(|secret| text.contains(secret.as_str())),
            Value::Number(number) => self.0.contains(&number.to_string()),
            Value::Array(list) => list.iter().any(|value| self.are_in(value)),
            Value::Object(map) => map.values().any(|value| self.are_in(value)),
            Value::Null | Value::Bool(_) => false,
        }
    }

    /// What is shown in place of a secret value.
    pub fn hidden() -> Value {
        Value::from(HIDDEN)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_hidden_in_every_form_it_takes() {
        let mut secrets = Secrets::default();
        secrets.add_values(
            &json!({"a": {"password": "hunter22"}, "keys": ["-----BEGIN-----\nMIIBsecretline\n"], "pin": 123456}),
        );
        let seen = "password=hunter22 base64=aHVudGVyMjI= pem: MIIBsecretline pin 123456 yes";
        assert_eq!(secrets.hide(seen), "password=(sensitive) base64=(sensitive) pem: (sensitive) pin (sensitive) yes");
        assert!(secrets.are_in(&json!([{"x": "user:hunter22@host"}])));
        assert!(!secrets.are_in(&json!({"x": "other"})));
        assert!(!format!("{secrets:?}").contains("hunter"));
    }

    #[test]
    fn a_secret_within_a_longer_one_leaves_no_rest() {
        let mut secrets = Secrets::default();
        secrets.add("abcd");
        secrets.add("abcd-efgh");
        assert_eq!(secrets.hide("x abcd-efgh y"), "x (sensitive) y");
    }

    proptest! {
        #[test]
        fn no_secret_survives(secret in "[a-zA-Z0-9]{6,20}", before in "\\PC{0,20}", after in "\\PC{0,20}") {
            let mut secrets = Secrets::default();
            secrets.add(&secret);
            let hidden = secrets.hide(&format!("{before}{secret}{after}"));
            prop_assert!(!hidden.contains(&secret) || "(sensitive)".contains(&secret));
        }
    }
}
