use std::collections::BTreeMap;

use super::{AttributeType, ConversionError, Field};
use crate::schema::{AttributeKind, Nesting};
use crate::value::Any;
use crate::{Dynamic, List, Map, Number, Path, Secret, Set, Type, Value};

impl AttributeType for String {
    fn kind() -> AttributeKind {
        AttributeKind::Plain(Type::String)
    }

    fn decode(value: Dynamic, path: &Path) -> Result<Self, ConversionError> {
        match value {
            Dynamic::String(text) => Ok(text),
            other => Err(ConversionError::new(path, "a string", &other)),
        }
    }

    fn encode(&self) -> Dynamic {
        Dynamic::String(self.clone())
    }
}

impl AttributeType for Secret {
    fn kind() -> AttributeKind {
        AttributeKind::Plain(Type::String)
    }

    fn decode(value: Dynamic, path: &Path) -> Result<Self, ConversionError> {
        String::decode(value, path).map(Self::new)
    }

    fn encode(&self) -> Dynamic {
        Dynamic::from(self.expose())
    }
}

impl AttributeType for bool {
    fn kind() -> AttributeKind {
        AttributeKind::Plain(Type::Bool)
    }

    fn decode(value: Dynamic, path: &Path) -> Result<Self, ConversionError> {
        match value {
            Dynamic::Bool(value) => Ok(value),
            other => Err(ConversionError::new(path, "a bool", &other)),
        }
    }

    fn encode(&self) -> Dynamic {
        Dynamic::Bool(*self)
    }
}

impl AttributeType for Number {
    fn kind() -> AttributeKind {
        AttributeKind::Plain(Type::Number)
    }

    fn decode(value: Dynamic, path: &Path) -> Result<Self, ConversionError> {
        match value {
            Dynamic::Number(number) => Ok(number),
            other => Err(ConversionError::new(path, "a number", &other)),
        }
    }

    fn encode(&self) -> Dynamic {
        Dynamic::Number(self.clone())
    }
}

impl AttributeType for f64 {
    fn kind() -> AttributeKind {
        AttributeKind::Plain(Type::Number)
    }

    fn decode(value: Dynamic, path: &Path) -> Result<Self, ConversionError> {
        let number = Number::decode(value, path)?;
        let float = number.to_f64();
        // A float that stands for another number would come back to Terraform as a change.
        if Number::from_f64(float).is_ok_and(|same| same == number) {
            Ok(float)
        } else {
            Err(ConversionError::new(path, "a number that 64 bits of floating point hold", &Dynamic::Number(number)))
        }
    }

    fn encode(&self) -> Dynamic {
        // NaN is no Terraform number; null is the honest rest of it.
        Number::from_f64(*self).map_or(Dynamic::Null, Dynamic::Number)
    }
}

macro_rules! integer {
    ($($ty:ty => $wanted:literal),+ $(,)?) => {$(
        impl AttributeType for $ty {
            fn kind() -> AttributeKind {
                AttributeKind::Plain(Type::Number)
            }

            fn decode(value: Dynamic, path: &Path) -> Result<Self, ConversionError> {
                let error = ConversionError::new(path, $wanted, &value);
                let Dynamic::Number(number) = value else { return Err(error) };
                let signed = number.to_i64().and_then(|value| value.try_into().ok());
                signed.or_else(|| number.to_u64().and_then(|value| value.try_into().ok())).ok_or(error)
            }

            fn encode(&self) -> Dynamic {
                let value = *self;
                Dynamic::Number(i64::try_from(value).map_or_else(
                    |_| u64::try_from(value).map_or_else(|_| Number::from(0_i64), Number::from),
                    Number::from,
                ))
            }
        }
    )+};
}

integer! {
    i64 => "a whole number of 64 bits",
    u64 => "a whole number of 64 bits that is not negative",
    i32 => "a whole number of 32 bits",
    u32 => "a whole number of 32 bits that is not negative",
    u16 => "a whole number from 0 to 65535",
}

impl AttributeType for Any {
    fn kind() -> AttributeKind {
        AttributeKind::Plain(Type::Dynamic)
    }

    fn decode(value: Dynamic, path: &Path) -> Result<Self, ConversionError> {
        match value {
            Dynamic::Any(any) => Ok(*any),
            other => Err(ConversionError::new(path, "a value with its own type", &other)),
        }
    }

    fn encode(&self) -> Dynamic {
        Dynamic::Any(Box::new(self.clone()))
    }
}

/// The kind of a collection of `element`. A collection of collections of objects has no nested form, so it becomes a
/// plain type.
fn collection(nesting: Nesting, element: AttributeKind) -> AttributeKind {
    let wrap = |ty: Type| match nesting {
        Nesting::Single => ty,
        Nesting::List => Type::list(ty),
        Nesting::Set => Type::set(ty),
        Nesting::Map => Type::map(ty),
    };
    match element {
        AttributeKind::Nested { nesting: Nesting::Single, attributes } => AttributeKind::Nested { nesting, attributes },
        other => AttributeKind::Plain(wrap(other.ty())),
    }
}

impl<T: AttributeType> AttributeType for List<T> {
    fn kind() -> AttributeKind {
        collection(Nesting::List, T::kind())
    }

    fn decode(value: Dynamic, path: &Path) -> Result<Self, ConversionError> {
        match value {
            Dynamic::List(elements) => {
                elements.into_iter().enumerate().map(|(i, value)| Field::decode(value, &path.index(i))).collect()
            }
            other => Err(ConversionError::new(path, "a list", &other)),
        }
    }

    fn encode(&self) -> Dynamic {
        Dynamic::List(self.iter().map(Field::encode).collect())
    }
}

impl<T: AttributeType> AttributeType for Map<T> {
    fn kind() -> AttributeKind {
        collection(Nesting::Map, T::kind())
    }

    fn decode(value: Dynamic, path: &Path) -> Result<Self, ConversionError> {
        let Dynamic::Map(elements) = value else { return Err(ConversionError::new(path, "a map", &value)) };
        let element = |(key, value): (String, Dynamic)| {
            let value: Value<T> = Field::decode(value, &path.key(&key))?;
            Ok((key, value))
        };
        elements.into_iter().map(element).collect()
    }

    fn encode(&self) -> Dynamic {
        Dynamic::Map(self.iter().map(|(key, value)| (key.clone(), value.encode())).collect::<BTreeMap<_, _>>())
    }
}

impl<T: AttributeType> AttributeType for Set<T> {
    fn kind() -> AttributeKind {
        collection(Nesting::Set, T::kind())
    }

    fn decode(value: Dynamic, path: &Path) -> Result<Self, ConversionError> {
        match value {
            Dynamic::Set(elements) => elements.into_iter().map(|value| Field::decode(value, path)).collect(),
            other => Err(ConversionError::new(path, "a set", &other)),
        }
    }

    fn encode(&self) -> Dynamic {
        Dynamic::set(self.iter().map(Field::encode))
    }
}
