//! The last lines of a container, fit to be shown.

use super::Observation;

/// Lines that are worth showing; the rest of a stack trace is not.
const SHOWN: usize = 5;
/// Characters of one line.
const WIDTH: usize = 240;

/// The last lines of a container as evidence, masked.
pub(super) fn tail(observation: &Observation, pod: &str, container: &str) -> Vec<String> {
    let Some(tail) = observation.logs.iter().find(|tail| tail.pod == pod && tail.container == container) else {
        return Vec::new();
    };
    let lines: Vec<&String> = tail.lines.iter().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(SHOWN)..].iter().map(|line| format!("log: {}", shorten(&mask(line)))).collect()
}

/// All lines of a container together, to look for known causes.
pub(super) fn text(observation: &Observation, pod: &str, container: &str) -> String {
    observation
        .logs
        .iter()
        .filter(|tail| tail.pod == pod && tail.container == container)
        .flat_map(|tail| &tail.lines)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n")
}

fn shorten(line: &str) -> String {
    let line = line.trim_end();
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Hides what looks like a card number, and the security code beside it: the payment service logs both.
fn mask(line: &str) -> String {
    let mut masked = String::with_capacity(line.len());
    let mut digits = String::new();
    // A code of three or four digits is a secret only where the line says so.
    let has_code = line.to_ascii_lowercase().contains("cvv");
    let flush = |digits: &mut String, masked: &mut String| {
        let secret = (13..=19).contains(&digits.len()) || (has_code && (3..=4).contains(&digits.len()));
        masked.push_str(if secret { "****" } else { digits.as_str() });
        digits.clear();
    };
    for letter in line.chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
        } else {
            flush(&mut digits, &mut masked);
            masked.push(letter);
        }
    }
    flush(&mut digits, &mut masked);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_masked_and_ports_are_not() {
        let line = r#"{"credit_card_number":"4432801561520454","credit_card_cvv":672,"month":1,"port":50051}"#;
        assert_eq!(mask(line), r#"{"credit_card_number":"****","credit_card_cvv":****,"month":1,"port":50051}"#);
        assert_eq!(mask("listening on 50051 since 672"), "listening on 50051 since 672");
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        assert_eq!(shorten(&"ä".repeat(400)).chars().count(), WIDTH + 1);
    }
}
