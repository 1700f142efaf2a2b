//! Forms and queries: `application/x-www-form-urlencoded`.

/// The fields of a form, in their order. Broken escapes are kept as they are; bytes that are no UTF-8 are replaced.
pub(crate) fn parse(body: &[u8]) -> Vec<(String, String)> {
    body.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            (decode(halves.next().unwrap_or_default()), decode(halves.next().unwrap_or_default()))
        })
        .collect()
}

/// Fields as a form.
pub(crate) fn build(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

fn decode(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => match escaped(tail) {
                Some(byte) => {
                    bytes.push(byte);
                    rest = &tail[2..];
                }
                None => bytes.push(b'%'),
            },
            other => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn escaped(tail: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(tail.first()?)? * 16 + digit(tail.get(1)?)?)
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            b' ' => "+".to_owned(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_broken_escape_stays_as_it_is() {
        assert_eq!(parse(b"a=%zz&b=100%"), [("a".into(), "%zz".into()), ("b".into(), "100%".into())]);
    }

    proptest! {
        #[test]
        fn whatever_is_built_is_parsed_back(fields in proptest::collection::vec((".+", ".*"), 0..5)) {
            let borrowed: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            prop_assert_eq!(parse(build(&borrowed).as_bytes()), fields);
        }

        #[test]
        fn no_body_makes_parsing_fail(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            parse(&body);
        }
    }
}
