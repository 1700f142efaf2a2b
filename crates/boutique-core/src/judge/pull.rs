//! What container runtimes say when an image does not come.

/// Why a pull failed, and whether the next one may succeed without anybody's doing.
pub(super) fn cause(message: &str) -> (&'static str, bool) {
    let message = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["invalid reference", "couldn't parse image", "invalidimagename"]) {
        ("the image's name is malformed", false)
    } else if says(&["no match for platform"]) {
        ("the image is not published for this node's processor", false)
    } else if says(&["toomanyrequests", "429"]) {
        ("the registry limits how often it is asked", true)
    } else if says(&["unauthorized", "authentication required", "access denied", "denied:", "forbidden", "403"]) {
        ("the registry wants credentials, or has no such repository", false)
    } else if says(&["not found", "manifest unknown", "name unknown", "not present with pull policy"]) {
        ("the registry does not have this image", false)
    } else if says(&["no such host"]) {
        ("the registry's host does not exist", false)
    } else if says(&["x509", "certificate"]) {
        ("the node does not trust the registry's certificate", false)
    } else if says(&["server gave http response to https"]) {
        ("the registry speaks plain HTTP, which the node does not accept", false)
    } else {
        ("the registry cannot be reached or does not answer", true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runtimes_say_is_understood() {
        for (said, understood, transient) in [
            (
                "rpc error: code = NotFound desc = failed to pull and unpack image \"x\": x: not found",
                "the registry does not have this image",
                false,
            ),
            (
                "pull access denied, repository does not exist or may require authorization: server message: \
                 insufficient_scope: authorization failed",
                "the registry wants credentials, or has no such repository",
                false,
            ),
            (
                "dial tcp: lookup registry.invalid on 10.0.0.10:53: no such host",
                "the registry's host does not exist",
                false,
            ),
            (
                "no match for platform in manifest: not found",
                "the image is not published for this node's processor",
                false,
            ),
            (
                "unexpected status code 429 Too Many Requests - toomanyrequests: You have reached your pull rate limit",
                "the registry limits how often it is asked",
                true,
            ),
            (
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
                "the node does not trust the registry's certificate",
                false,
            ),
            ("dial tcp 10.0.0.1:443: i/o timeout", "the registry cannot be reached or does not answer", true),
        ] {
            assert_eq!(cause(said), (understood, transient), "{said}");
        }
    }
}
