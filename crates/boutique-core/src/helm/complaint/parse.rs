//! Small readers of helm's texts.

/// The complaint without what helm puts around it: log lines, `Error:`, `UPGRADE FAILED:`.
pub(super) fn essence(stderr: &str) -> String {
    let lines = stderr.lines().filter(|line| !is_log(line));
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut text = text.trim();
    // `helm repo update` tells on its other output what went wrong; its error is only that something did.
    if let Some((before, rest)) = text.rsplit_once("\nError: ") {
        text = if rest.to_ascii_lowercase().contains("failed to update the following repositories") {
            before
        } else {
            rest
        };
    }
    text = text.strip_prefix("Error: ").unwrap_or(text);
    for prefix in ["UPGRADE FAILED: ", "INSTALLATION FAILED: ", "uninstallation completed with 1 error(s): "] {
        text = text.strip_prefix(prefix).unwrap_or(text);
    }
    text.trim().to_owned()
}

/// Lines of helm's own log and of client-go's, and what it says about file modes.
fn is_log(line: &str) -> bool {
    let klog =
        line.len() > 5 && line.starts_with(['I', 'W', 'E']) && line.as_bytes()[1..5].iter().all(u8::is_ascii_digit);
    klog || line.starts_with("WARNING: ") || line.starts_with("level=") || line.starts_with("time=")
}

/// The first part of a text.
pub(super) fn start(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most).collect();
    format!("{start}…")
}

/// What stands between two texts.
pub(super) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

/// What follows a text, to the end of the line.
pub(super) fn after<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.lines().next().unwrap_or_default().trim())
}

/// `Kind namespace/name` from words such as `Deployment.apps "web" is invalid`.
pub(super) fn named(kind: &str, name: &str, namespace: Option<&str>) -> String {
    let kind = kind.split('.').next().unwrap_or(kind);
    match namespace.filter(|namespace| !namespace.is_empty()) {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

/// The word before a text.
pub(super) fn word_before<'a>(text: &'a str, after: &str) -> Option<&'a str> {
    let (before, _) = text.split_once(after)?;
    before.split_whitespace().next_back()
}
