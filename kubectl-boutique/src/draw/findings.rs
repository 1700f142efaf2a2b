//! Findings below a picture: code, sentence, and what ends it.

use boutique_core::finding::{Finding, Severity};

use crate::style::{BAD, Look, STRONG, WAITING};

/// Findings, each after an empty line.
pub(crate) fn findings(findings: &[Finding], look: Look) -> String {
    let mut out = String::new();
    for finding in findings {
        let style = match finding.severity {
            Severity::Error => BAD,
            Severity::Warning => WAITING,
        };
        let text = look.plain(&finding.to_string());
        let (headline, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let (code, summary) = headline.split_once(' ').unwrap_or(("", headline));
        out.push_str(&format!("\n{} {}\n{rest}\n", look.paint(style, code), look.paint(STRONG, summary)));
    }
    out
}
