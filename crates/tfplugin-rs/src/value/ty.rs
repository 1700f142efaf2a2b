use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value as Json;
use thiserror::Error;

/// The type of a value, in Terraform's type system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Text; always in Unicode normal form C.
    String,
    /// A number of any precision.
    Number,
    /// True or false.
    Bool,
    /// Any type: the value brings its own.
    Dynamic,
    /// A sequence of one element type.
    List(Box<Type>),
    /// An unordered collection without duplicates.
    Set(Box<Type>),
    /// Values of one type by name.
    Map(Box<Type>),
    /// A sequence with a type for each position.
    Tuple(Vec<Type>),
    /// Values by name, with a type for each name.
    Object(BTreeMap<String, Type>),
}

/// Why a text is not the JSON form of a type.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TypeError {
    /// The text is not JSON.
    #[error("type constraint is not JSON: {0}")]
    Json(String),
    /// The JSON names no type.
    #[error("unknown type constraint {0}")]
    Unknown(String),
    /// The type nests deeper than any real one.
    #[error("type constraint nests deeper than {0} levels")]
    Depth(usize),
}

/// Deeper types are refused, so that hostile bytes cannot exhaust the stack.
const MAX_DEPTH: usize = 64;

impl Type {
    /// A list of `element`.
    pub fn list(element: Self) -> Self {
        Self::List(Box::new(element))
    }

    /// A set of `element`.
    pub fn set(element: Self) -> Self {
        Self::Set(Box::new(element))
    }

    /// A map of `element`.
    pub fn map(element: Self) -> Self {
        Self::Map(Box::new(element))
    }

    /// An object of the given attributes.
    pub fn object<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Object(attributes.into_iter().map(|(name, ty)| (name.into(), ty)).collect())
    }

    /// Whether a dynamic type stands anywhere inside.
    pub fn holds_dynamic(&self) -> bool {
        match self {
            Self::String | Self::Number | Self::Bool => false,
            Self::Dynamic => true,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.holds_dynamic(),
            Self::Tuple(elements) => elements.iter().any(Self::holds_dynamic),
            Self::Object(attributes) => attributes.values().any(Self::holds_dynamic),
        }
    }

    /// The JSON form that schemas and dynamic values carry, as bytes.
    pub fn to_json(&self) -> Vec<u8> {
        self.json().to_string().into_bytes()
    }

    fn json(&self) -> Json {
        match self {
            Self::String => "string".into(),
            Self::Number => "number".into(),
            Self::Bool => "bool".into(),
            Self::Dynamic => "dynamic".into(),
            Self::List(element) => Json::Array(vec!["list".into(), element.json()]),
            Self::Set(element) => Json::Array(vec!["set".into(), element.json()]),
            Self::Map(element) => Json::Array(vec!["map".into(), element.json()]),
            Self::Tuple(elements) => {
                Json::Array(vec!["tuple".into(), elements.iter().map(Self::json).collect::<Vec<_>>().into()])
            }
            Self::Object(attributes) => {
                let attributes = attributes.iter().map(|(name, ty)| (name.clone(), ty.json())).collect();
                Json::Array(vec!["object".into(), Json::Object(attributes)])
            }
        }
    }

    /// Reads the JSON form. The list of optional attributes that an object type may carry is dropped: it says how
    /// configuration converts, never how a value looks.
    ///
    /// # Errors
    /// When the bytes are no JSON or name no type.
    pub fn from_json(bytes: &[u8]) -> Result<Self, TypeError> {
        let json: Json = serde_json::from_slice(bytes).map_err(|error| TypeError::Json(error.to_string()))?;
        Self::of_json(&json, 0)
    }

    fn of_json(json: &Json, depth: usize) -> Result<Self, TypeError> {
        if depth > MAX_DEPTH {
            return Err(TypeError::Depth(MAX_DEPTH));
        }
        let unknown = || TypeError::Unknown(json.to_string());
        let element = |json: &Json| Self::of_json(json, depth + 1).map(Box::new);
        match json {
            Json::String(name) => match name.as_str() {
                "string" => Ok(Self::String),
                "number" => Ok(Self::Number),
                "bool" => Ok(Self::Bool),
                "dynamic" => Ok(Self::Dynamic),
                _ => Err(unknown()),
            },
            Json::Array(parts) => match (parts.first().and_then(Json::as_str), parts.get(1), parts.len()) {
                (Some("list"), Some(of), 2) => Ok(Self::List(element(of)?)),
                (Some("set"), Some(of), 2) => Ok(Self::Set(element(of)?)),
                (Some("map"), Some(of), 2) => Ok(Self::Map(element(of)?)),
                (Some("tuple"), Some(Json::Array(elements)), 2) => {
                    Ok(Self::Tuple(elements.iter().map(|of| Self::of_json(of, depth + 1)).collect::<Result<_, _>>()?))
                }
                (Some("object"), Some(Json::Object(attributes)), 2 | 3) => Ok(Self::Object(
                    attributes
                        .iter()
                        .map(|(name, of)| Ok((name.clone(), Self::of_json(of, depth + 1)?)))
                        .collect::<Result<_, TypeError>>()?,
                )),
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("string"),
            Self::Number => f.write_str("number"),
            Self::Bool => f.write_str("bool"),
            Self::Dynamic => f.write_str("any"),
            Self::List(element) => write!(f, "list of {element}"),
            Self::Set(element) => write!(f, "set of {element}"),
            Self::Map(element) => write!(f, "map of {element}"),
            Self::Tuple(elements) => write!(f, "tuple of {} elements", elements.len()),
            Self::Object(attributes) => write!(f, "object with {} attributes", attributes.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_survives_its_json_form() {
        let ty = Type::map(Type::object([
            ("a", Type::Number),
            ("b", Type::set(Type::Tuple(vec![Type::Bool, Type::Dynamic]))),
            ("c", Type::list(Type::String)),
        ]));
        assert_eq!(Type::from_json(&ty.to_json()), Ok(ty.clone()));
        assert_eq!(Type::list(Type::String).to_json(), br#"["list","string"]"#);
        assert!(ty.holds_dynamic());
    }

    #[test]
    fn optional_attributes_of_an_object_type_are_dropped() {
        let ty = Type::from_json(br#"["object",{"a":"string"},["a"]]"#);
        assert_eq!(ty, Ok(Type::object([("a", Type::String)])));
    }

    #[test]
    fn a_text_that_names_no_type_is_refused() {
        for text in ["", "\"int\"", "[\"list\"]", "[\"map\",\"string\",1]", "{}", "[\"tuple\",\"string\"]"] {
            assert!(Type::from_json(text.as_bytes()).is_err(), "{text}");
        }
        let deep = format!("{}\"string\"{}", "[\"list\",".repeat(100), "]".repeat(100));
        assert!(Type::from_json(deep.as_bytes()).is_err());
    }
}
