use proptest::prelude::*;

use super::*;
use crate::value::Any;
use crate::{Dynamic, Number, Type};

fn types() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![Just(Type::String), Just(Type::Number), Just(Type::Bool), Just(Type::Dynamic)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::map),
            inner.clone().prop_filter("no dynamic in sets", |ty| !ty.holds_dynamic()).prop_map(Type::set),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Type::Tuple),
            prop::collection::btree_map("[a-c]", inner, 0..3).prop_map(Type::Object),
        ]
    })
}

fn numbers() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        prop::num::f64::NORMAL.prop_map(|value| Number::from_f64(value).unwrap()),
        "-?[1-9][0-9]{0,40}(\\.[0-9]{1,40})?(e-?[0-9]{1,2})?".prop_map(|text| text.parse().unwrap()),
    ]
}

fn values(ty: &Type) -> BoxedStrategy<Dynamic> {
    let known: BoxedStrategy<Dynamic> = match ty {
        Type::String => "\\PC{0,8}".prop_map(|text: String| Dynamic::String(normal(&text).into_owned())).boxed(),
        Type::Number => numbers().prop_map(Dynamic::Number).boxed(),
        Type::Bool => any::<bool>().prop_map(Dynamic::Bool).boxed(),
        Type::Dynamic => types()
            .prop_filter("a type that stands for itself", |ty| !ty.holds_dynamic())
            .prop_flat_map(|ty| (Just(ty.clone()), values(&ty)))
            .prop_map(|(ty, value)| Dynamic::Any(Box::new(Any { ty, value })))
            .boxed(),
        Type::List(element) => prop::collection::vec(values(element), 0..4).prop_map(Dynamic::List).boxed(),
        Type::Set(element) => prop::collection::vec(values(element), 0..4).prop_map(Dynamic::set).boxed(),
        Type::Map(element) => {
            prop::collection::btree_map("[a-z]{1,3}", values(element), 0..4).prop_map(Dynamic::Map).boxed()
        }
        Type::Tuple(types) => types.iter().map(values).collect::<Vec<_>>().prop_map(Dynamic::List).boxed(),
        Type::Object(types) => {
            let members: Vec<_> = types.iter().map(|(name, ty)| (Just(name.clone()), values(ty))).collect();
            members.prop_map(|members| Dynamic::Map(members.into_iter().collect())).boxed()
        }
    };
    prop_oneof![8 => known, 1 => Just(Dynamic::Null), 1 => Just(Dynamic::UNKNOWN)].boxed()
}

fn typed() -> impl Strategy<Value = (Type, Dynamic)> {
    types().prop_flat_map(|ty| (Just(ty.clone()), values(&ty)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_survives_messagepack((ty, value) in typed()) {
        let bytes = to_msgpack(&value, &ty).unwrap();
        prop_assert_eq!(from_msgpack(&bytes, &ty).unwrap(), value);
    }

    #[test]
    fn every_known_value_survives_json((ty, value) in typed()) {
        prop_assume!(value.is_wholly_known());
        let json = to_json(&value, &ty).unwrap();
        // Through text, as state is stored.
        let again = serde_json::from_str(&json.to_string()).unwrap();
        prop_assert_eq!(from_json(&again, &ty).unwrap(), value);
    }

    #[test]
    fn arbitrary_bytes_never_panic(ty in types(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = from_msgpack(&bytes, &ty);
        let _ = Type::from_json(&bytes);
    }

    #[test]
    fn damaged_bytes_never_panic((ty, value) in typed(), position in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = to_msgpack(&value, &ty).unwrap();
        let position = position.index(bytes.len());
        bytes[position] = byte;
        if let Ok(value) = from_msgpack(&bytes, &ty) {
            prop_assert!(to_msgpack(&value, &ty).is_ok());
        }
    }
}

#[test]
fn dynamic_values_within_dynamic_values_end_somewhere() {
    let mut bytes = Vec::new();
    for _ in 0..100_000 {
        bytes.extend(b"\x92\xc4\x09\"dynamic\"");
    }
    assert!(from_msgpack(&bytes, &Type::Dynamic).is_err());
}
