//! The syntax of image references, as container runtimes read them.

/// Why a text is no image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Nothing there.
    #[error("it is empty")]
    Empty,
    /// A scheme such as `https://`.
    #[error("an image reference has no scheme: leave out \"{0}://\"")]
    Scheme(String),
    /// A part of the path.
    #[error(
        "{0:?} is no part of an image's path: lower-case letters, digits and single separators . _ __ - are allowed"
    )]
    Path(String),
    /// The host in front.
    #[error("{0:?} is no host of a registry: it is written host or host:port")]
    Host(String),
    /// After the colon.
    #[error("{0:?} is no tag: at most 128 letters, digits, _ . and -, not beginning with . or -")]
    Tag(String),
    /// After the at sign.
    #[error("{0:?} is no digest: it is written sha256:<64 hexadecimal digits>")]
    Digest(String),
    /// Longer than registries take.
    #[error("its name has {0} characters, registries take at most 255")]
    TooLong(usize),
    /// A registry that names a tag or a digest.
    #[error("a registry is only the part before the image's name: it takes no tag and no digest")]
    NotARegistry,
}

/// Says what is wrong with an image reference, `[host[:port]/]path[:tag][@digest]`.
///
/// # Errors
///
/// [`ImageError`] with the part that is wrong.
pub fn check_image(reference: &str) -> Result<(), ImageError> {
    let rest = check_scheme(reference)?;
    let (rest, digest) = rest.split_once('@').map_or((rest, None), |(rest, digest)| (rest, Some(digest)));
    if let Some(digest) = digest {
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        if hex.len() != 64 || !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(ImageError::Digest(digest.to_owned()));
        }
    }
    // A colon before the last slash belongs to the port.
    let name_start = rest.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match rest[name_start..].find(':') {
        Some(colon) => (&rest[..name_start + colon], Some(&rest[name_start + colon + 1..])),
        None => (rest, None),
    };
    if let Some(tag) = tag {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let fits = tag.len() <= 128
            && tag.bytes().next().is_some_and(is_word)
            && tag.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'));
        if !fits {
            return Err(ImageError::Tag(tag.to_owned()));
        }
    }
    check_name(name)
}

/// Says what is wrong with a registry prefix, `host[:port][/path]` without a slash at the end.
///
/// # Errors
///
/// [`ImageError`] with the part that is wrong.
pub fn check_registry(registry: &str) -> Result<(), ImageError> {
    let rest = check_scheme(registry)?;
    if rest.contains('@') {
        return Err(ImageError::NotARegistry);
    }
    match rest.split_once('/') {
        None => check_host(rest),
        Some((_, path)) if path.contains(':') => Err(ImageError::NotARegistry),
        Some(_) => check_name(rest),
    }
}

fn check_scheme(text: &str) -> Result<&str, ImageError> {
    match text.split_once("://") {
        Some((scheme, _)) => Err(ImageError::Scheme(scheme.to_owned())),
        None if text.is_empty() => Err(ImageError::Empty),
        None => Ok(text),
    }
}

fn check_name(name: &str) -> Result<(), ImageError> {
    if name.len() > 255 {
        return Err(ImageError::TooLong(name.len()));
    }
    // The first part is a host if it could be no part of a path, or is `localhost`.
    let path = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
            check_host(host)?;
            path
        }
        _ => name,
    };
    match path.split('/').find(|part| !is_path_part(part)) {
        Some(part) => Err(ImageError::Path(part.to_owned())),
        None => Ok(()),
    }
}

fn check_host(host: &str) -> Result<(), ImageError> {
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if name.split('.').all(is_label) && port_fits { Ok(()) } else { Err(ImageError::Host(host.to_owned())) }
}

fn is_path_part(part: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    is_plain(*first)
        && is_plain(*last)
        && bytes.iter().all(|byte| is_plain(*byte) || matches!(byte, b'.' | b'_' | b'-'))
        && !["..", "._", "_.", "___", "-.", ".-", "-_", "_-"].iter().any(|twins| part.contains(twins))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn references_that_runtimes_take_pass() {
        let digest = "a".repeat(64);
        for reference in [
            "redis:alpine",
            "redis",
            "localhost/shop/frontend:v1",
            "localhost:5000/frontend",
            "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo/frontend:v0.10.6",
            &format!("redis:alpine@sha256:{digest}"),
            &format!("example.com/a/b@sha256:{digest}"),
            "a/b__c--d.e",
        ] {
            assert_eq!(check_image(reference), Ok(()), "{reference}");
        }
    }

    #[test]
    fn each_wrong_part_is_named() {
        let digest = "a".repeat(63);
        for (reference, error) in [
            ("", ImageError::Empty),
            ("https://example.com/a", ImageError::Scheme("https".into())),
            ("example.com/Frontend:v1", ImageError::Path("Frontend".into())),
            ("example.com//a", ImageError::Path(String::new())),
            ("a b", ImageError::Path("a b".into())),
            ("frontend:", ImageError::Tag(String::new())),
            ("frontend:-x", ImageError::Tag("-x".into())),
            ("exa_mple.com/a", ImageError::Host("exa_mple.com".into())),
            ("localhost:port/a", ImageError::Host("localhost:port".into())),
            (&format!("a@sha256:{digest}"), ImageError::Digest(format!("sha256:{digest}"))),
        ] {
            assert_eq!(check_image(reference), Err(error), "{reference}");
        }
    }

    #[test]
    fn a_registry_has_no_tag_and_no_slash_at_the_end() {
        for registry in ["localhost:5000", "mirror", "example.com/a/b", "localhost:5000/shop"] {
            assert_eq!(check_registry(registry), Ok(()), "{registry}");
        }
        for registry in ["", "example.com/", "example.com/a:v1", "https://example.com", "a@sha256:x", "exa mple"] {
            assert!(check_registry(registry).is_err(), "{registry}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_check_panic(text in "\\PC{0,40}") {
            let _ = (check_image(&text), check_registry(&text));
        }

        #[test]
        fn a_service_under_a_good_registry_is_a_good_reference(registry in "[a-z]{1,8}(\\.[a-z]{1,8}){0,2}(:[1-9][0-9]{1,3})?(/[a-z0-9]{1,8}){0,3}") {
            prop_assert_eq!(check_registry(&registry), Ok(()));
            let image = format!("{registry}/frontend:v0.10.6");
            prop_assert_eq!(check_image(&image), Ok(()));
        }
    }
}
