//! Label selectors, as policies and budgets have them.

use serde_json::Value;

/// Whether a selector (`matchLabels`, `matchExpressions`) chooses an object with these labels. An empty one chooses all.
pub(super) fn selects(selector: &Value, labels: &Value) -> bool {
    let label = |key: &str| labels.get(key).and_then(Value::as_str);
    let equal = selector.get("matchLabels").and_then(Value::as_object).is_none_or(|wanted| {
        wanted.iter().all(|(key, value)| value.as_str().is_some_and(|value| label(key) == Some(value)))
    });
    let expressions = selector.get("matchExpressions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    equal && expressions.iter().all(|expression| holds(expression, label))
}

fn holds<'a>(expression: &Value, label: impl Fn(&str) -> Option<&'a str>) -> bool {
    let found = expression.get("key").and_then(Value::as_str).and_then(label);
    let values = expression.get("values").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let among = found.is_some_and(|found| values.iter().any(|value| value == found));
    match expression.get("operator").and_then(Value::as_str) {
        Some("In") => among,
        Some("NotIn") => !among,
        Some("Exists") => found.is_some(),
        Some("DoesNotExist") => found.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_and_expressions_must_all_hold() {
        let labels = json!({"app": "frontend", "tier": "web"});
        let expression = |key: &str, operator: &str, values: &[&str]| json!({"matchLabels": {"tier": "web"}, "matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        assert!(selects(&json!({}), &labels));
        assert!(!selects(&json!({"matchLabels": {"app": "cartservice"}}), &labels));
        for (key, operator, values, expected) in [
            ("app", "In", &["frontend", "x"][..], true),
            ("app", "NotIn", &["frontend"][..], false),
            ("owner", "NotIn", &["frontend"][..], true),
            ("app", "Exists", &[][..], true),
            ("owner", "DoesNotExist", &[][..], true),
            ("owner", "Exists", &[][..], false),
        ] {
            assert_eq!(selects(&expression(key, operator, values), &labels), expected, "{key} {operator}");
        }
    }
}
