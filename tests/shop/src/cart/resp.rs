//! Redis' protocol, version 2: commands out, replies in.

/// What Redis answers to the commands used here; none of them answers a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Simple(String),
    Error(String),
    Integer(i64),
    /// Bytes, or nothing at all.
    Bulk(Option<Vec<u8>>),
}

/// A longer value than any cart has: what claims to be longer is not Redis.
const LONGEST: usize = 64 << 20;

/// A command as an array of byte strings.
pub(super) fn command(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend(*word);
        bytes.extend(b"\r\n");
    }
    bytes
}

/// The first reply and the number of bytes it took; nothing while it is incomplete.
pub(super) fn reply(bytes: &[u8]) -> Result<Option<(Reply, usize)>, String> {
    let Some(line_end) = bytes.windows(2).position(|pair| pair == b"\r\n") else {
        return if bytes.len() > LONGEST { Err("a line without an end".to_owned()) } else { Ok(None) };
    };
    let Some((kind, line)) = bytes[..line_end].split_first() else { return Err("an empty reply".to_owned()) };
    let text = String::from_utf8_lossy(line).into_owned();
    let after = line_end + 2;
    let number = || text.parse::<i64>().map_err(|_| format!("{text:?} where a number belongs"));
    match kind {
        b'+' => Ok(Some((Reply::Simple(text), after))),
        b'-' => Ok(Some((Reply::Error(text), after))),
        b':' => Ok(Some((Reply::Integer(number()?), after))),
        b'$' => match usize::try_from(number()?) {
            Err(_) => Ok(Some((Reply::Bulk(None), after))),
            Ok(length) if length > LONGEST => Err(format!("a value of {length} bytes")),
            Ok(length) if bytes.len() < after + length + 2 => Ok(None),
            Ok(length) => Ok(Some((Reply::Bulk(Some(bytes[after..after + length].to_vec())), after + length + 2))),
        },
        other => Err(format!("a reply of kind {:?}", char::from(*other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commands_are_arrays_of_byte_strings() {
        assert_eq!(command(&[b"HGET", b"ann", b"data"]), b"*3\r\n$4\r\nHGET\r\n$3\r\nann\r\n$4\r\ndata\r\n");
    }

    #[test]
    fn each_kind_of_reply_is_read() {
        assert_eq!(reply(b"+OK\r\n").unwrap(), Some((Reply::Simple("OK".into()), 5)));
        assert_eq!(reply(b"-ERR no\r\n").unwrap(), Some((Reply::Error("ERR no".into()), 9)));
        assert_eq!(reply(b":3\r\n:4\r\n").unwrap(), Some((Reply::Integer(3), 4)));
        assert_eq!(reply(b"$-1\r\n").unwrap(), Some((Reply::Bulk(None), 5)));
        assert_eq!(reply(b"$4\r\na\r\nb\r\n").unwrap(), Some((Reply::Bulk(Some(b"a\r\nb".to_vec())), 10)));
        assert!(reply(b"HTTP/1.1 400\r\n").is_err());
    }

    proptest! {
        #[test]
        fn a_reply_in_pieces_is_read_once_it_is_whole(value in proptest::collection::vec(any::<u8>(), 0..50)) {
            let mut bytes = format!("${}\r\n", value.len()).into_bytes();
            bytes.extend(&value);
            bytes.extend(b"\r\n");
            for end in 0..bytes.len() {
                prop_assert_eq!(reply(&bytes[..end]).unwrap(), None);
            }
            prop_assert_eq!(reply(&bytes).unwrap(), Some((Reply::Bulk(Some(value)), bytes.len())));
        }

        #[test]
        fn no_answer_makes_reading_fail_badly(bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
            reply(&bytes).ok();
        }
    }
}
