//! Bytes that go-cty v1.16.0, the value library of Terraform 1.11, writes and reads.

use super::*;
use crate::value::{Any, Refinement};
use crate::{Dynamic, Number, Type};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn number(text: &str) -> Dynamic {
    Dynamic::Number(text.parse().unwrap())
}

fn float(value: f64) -> Dynamic {
    Dynamic::Number(Number::from_f64(value).unwrap())
}

fn refined(refinement: Refinement) -> Dynamic {
    Dynamic::Unknown(Some(Box::new(refinement)))
}

fn any(ty: Type, value: Dynamic) -> Dynamic {
    Dynamic::Any(Box::new(Any { ty, value }))
}

/// Type, value, MessagePack, JSON (none where it has none).
fn vectors() -> Vec<(&'static str, Type, Dynamic, &'static str, Option<&'static str>)> {
    let int = |value: &str| number(value);
    let not_null = || Refinement { not_null: true, ..Refinement::default() };
    let list = || Type::list(Type::String);
    let object = || Type::object([("a", Type::String), ("b", Type::String)]);
    let strings = Type::list(Type::Bool);
    vec![
        ("a string", Type::String, "hello".into(), "a568656c6c6f", Some(r#""hello""#)),
        ("a text in another normal form", Type::String, "e\u{301}".into(), "a2c3a9", Some("\"\u{e9}\"")),
        ("a null string", Type::String, Dynamic::Null, "c0", Some("null")),
        ("an unknown string", Type::String, Dynamic::UNKNOWN, "d40000", None),
        ("an unknown string, not null", Type::String, refined(not_null()), "c7030c8101c2", None),
        (
            "an unknown string with a prefix",
            Type::String,
            refined(Refinement { prefix: Some("foo-".to_owned()), ..not_null() }),
            "c7090c8201c202a4666f6f2d",
            None,
        ),
        ("true", Type::Bool, true.into(), "c3", Some("true")),
        ("1", Type::Number, int("1"), "01", Some("1")),
        ("-1", Type::Number, int("-1"), "ff", Some("-1")),
        ("127", Type::Number, int("127"), "7f", Some("127")),
        ("128", Type::Number, int("128"), "cc80", Some("128")),
        ("256", Type::Number, int("256"), "cd0100", Some("256")),
        ("65536", Type::Number, int("65536"), "ce00010000", Some("65536")),
        ("-129", Type::Number, int("-129"), "d1ff7f", Some("-129")),
        ("1.5", Type::Number, number("1.5"), "cb3ff8000000000000", Some("1.5")),
        ("0.1 as text", Type::Number, number("0.1"), "a3302e31", Some("0.1")),
        ("0.1 as a float", Type::Number, float(0.1), "cb3fb999999999999a", Some("0.1")),
        (
            "the greatest of 64 bits",
            Type::Number,
            int("9223372036854775807"),
            "cf7fffffffffffffff",
            Some("9223372036854775807"),
        ),
        (
            "one more",
            Type::Number,
            int("9223372036854775808"),
            "b339323233333732303336383534373735383038",
            Some("9223372036854775808"),
        ),
        (
            "1e30",
            Type::Number,
            number("1e30"),
            "bf31303030303030303030303030303030303030303030303030303030303030",
            Some("1000000000000000000000000000000"),
        ),
        ("infinity", Type::Number, float(f64::INFINITY), "cb7ff0000000000000", None),
        (
            "an unknown number in [1,10)",
            Type::Number,
            refined(Refinement {
                lower: Some((1_i64.into(), true)),
                upper: Some((10_i64.into(), false)),
                ..not_null()
            }),
            "c70b0c8301c2039201c304920ac2",
            None,
        ),
        ("a list", list(), Dynamic::List(vec!["a".into()]), "91a161", Some(r#"["a"]"#)),
        ("an empty list", list(), Dynamic::List(vec![]), "90", Some("[]")),
        (
            "an unknown list of 1 to 3",
            list(),
            refined(Refinement { min_length: Some(1), max_length: Some(3), ..not_null() }),
            "c7070c8301c205010603",
            None,
        ),
        ("a map", Type::map(Type::Number), Dynamic::map([("k", int("1"))]), "81a16b01", Some(r#"{"k":1}"#)),
        (
            "a tuple",
            Type::Tuple(vec![Type::String, Type::Bool]),
            Dynamic::List(vec!["x".into(), false.into()]),
            "92a178c2",
            Some(r#"["x",false]"#),
        ),
        (
            "an object",
            object(),
            Dynamic::map([("a", "x".into()), ("b", Dynamic::Null)]),
            "82a161a178a162c0",
            Some(r#"{"a":"x","b":null}"#),
        ),
        ("a null object", object(), Dynamic::Null, "c0", Some("null")),
        (
            "a dynamic string",
            Type::Dynamic,
            any(Type::String, "hi".into()),
            "92c40822737472696e6722a26869",
            Some(r#"{"value":"hi","type":"string"}"#),
        ),
        (
            "a dynamic list",
            Type::Dynamic,
            any(strings, Dynamic::List(vec![true.into()])),
            "92c40f5b226c697374222c22626f6f6c225d91c3",
            Some(r#"{"value":[true],"type":["list","bool"]}"#),
        ),
        ("an untyped null", Type::Dynamic, Dynamic::Null, "c0", Some("null")),
        (
            "a dynamic null of a string",
            Type::Dynamic,
            any(Type::String, Dynamic::Null),
            "92c40822737472696e6722c0",
            Some(r#"{"value":null,"type":"string"}"#),
        ),
        ("an untyped unknown", Type::Dynamic, Dynamic::UNKNOWN, "d40000", None),
        (
            "a dynamic unknown of a string",
            Type::Dynamic,
            any(Type::String, Dynamic::UNKNOWN),
            "92c40822737472696e6722d40000",
            None,
        ),
    ]
}

#[test]
fn messagepack_is_what_terraform_writes() {
    for (name, ty, value, bytes, _) in vectors() {
        assert_eq!(to_msgpack(&value, &ty), Ok(hex(bytes)), "{name}");
    }
}

#[test]
fn messagepack_of_terraform_reads() {
    for (name, ty, value, bytes, _) in vectors() {
        let normal = if name == "a text in another normal form" { "\u{e9}".into() } else { value };
        assert_eq!(from_msgpack(&hex(bytes), &ty), Ok(normal), "{name}");
    }
}

#[test]
fn json_is_what_terraform_writes() {
    for (name, ty, value, _, json) in vectors() {
        assert_eq!(to_json(&value, &ty).ok().map(|json| json.to_string()).as_deref(), json, "{name}");
    }
}

#[test]
fn json_of_terraform_reads() {
    for (name, ty, value, _, json) in vectors() {
        let Some(json) = json else { continue };
        let normal = if name == "a text in another normal form" { "\u{e9}".into() } else { value };
        assert_eq!(from_json(&serde_json::from_str(json).unwrap(), &ty), Ok(normal), "{name}");
    }
}

#[test]
fn short_extensions_of_any_type_are_plain_unknowns() {
    for bytes in ["c70000", "d40c00", "d4ff00", "c70101ff"] {
        assert_eq!(from_msgpack(&hex(bytes), &Type::String), Ok(Dynamic::UNKNOWN), "{bytes}");
    }
}

#[test]
fn floats_of_32_bits_read_as_what_they_are() {
    let value = from_msgpack(&hex("ca3dcccccd"), &Type::Number).unwrap();
    assert_eq!(value, float(0.100_000_001_490_116_12));
}

#[test]
fn unsigned_integers_beyond_63_bits_read() {
    assert_eq!(from_msgpack(&hex("cfffffffffffffffff"), &Type::Number), Ok(number("18446744073709551615")));
}

#[test]
fn the_type_of_a_dynamic_value_may_be_text() {
    let bytes = hex("92a822737472696e6722a26869");
    assert_eq!(from_msgpack(&bytes, &Type::Dynamic), Ok(any(Type::String, "hi".into())));
}

#[test]
fn unknown_promises_and_trailing_bytes_of_a_refinement_are_skipped() {
    let not_null = refined(Refinement { not_null: true, ..Refinement::default() });
    assert_eq!(from_msgpack(&hex("c7050c8201c26301"), &Type::String), Ok(not_null.clone()));
    assert_eq!(from_msgpack(&hex("c7050c8101c2ffff"), &Type::String), Ok(not_null));
}

#[test]
fn objects_need_every_member_once_and_no_other() {
    let ty = Type::object([("a", Type::String)]);
    for bytes in ["80", "82a161c0a162c0", "82a161c0a161c0", "81a162c0"] {
        assert!(from_msgpack(&hex(bytes), &ty).is_err(), "{bytes}");
    }
    assert!(to_msgpack(&Dynamic::map(Vec::<(String, Dynamic)>::new()), &ty).is_err());
}

#[test]
fn errors_name_the_place() {
    let ty = Type::object([("labels", Type::map(Type::String))]);
    let error = from_msgpack(&hex("81a66c6162656c7381a16b01"), &ty).unwrap_err();
    assert_eq!(error.to_string(), r#"labels["k"]: found a number or something else, but a string is needed"#);
}
