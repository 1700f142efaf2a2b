use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::error::Problem;
use super::{CodecError, MAX_DEPTH, normal};
use crate::value::Any;
use crate::{Dynamic, Number, Path, Type};

/// Reads a value of a type from JSON, as Terraform stores state.
///
/// Members that the type lacks are skipped and missing ones are null, because state may be older than the schema.
///
/// # Errors
/// When the JSON holds no such value.
pub fn from_json(json: &Json, ty: &Type) -> Result<Dynamic, CodecError> {
    read(json, ty, &Path::root(), 0)
}

/// Writes a value of a type as JSON.
///
/// # Errors
/// When the value does not conform, or holds what JSON cannot: unknown values and infinities.
pub fn to_json(value: &Dynamic, ty: &Type) -> Result<Json, CodecError> {
    write(value, ty, &Path::root())
}

fn read(json: &Json, ty: &Type, path: &Path, depth: usize) -> Result<Dynamic, CodecError> {
    if depth > MAX_DEPTH {
        return Err(Problem::Depth(MAX_DEPTH).at(path));
    }
    let mismatch = || Err(Problem::mismatch(ty.to_string(), kind(json)).at(path));
    let depth = depth + 1;
    Ok(match (json, ty) {
        (Json::Null, _) => Dynamic::Null,
        (Json::String(text), Type::String) => Dynamic::String(normal(text).into_owned()),
        // State written by an older schema may hold another primitive type; Terraform converts between them.
        (Json::Number(number), Type::String) => Dynamic::String(number.to_string()),
        (Json::Bool(value), Type::String) => Dynamic::String(value.to_string()),
        (Json::Bool(value), Type::Bool) => Dynamic::Bool(*value),
        (Json::String(text), Type::Bool) if text == "true" || text == "false" => Dynamic::Bool(text == "true"),
        (Json::Number(number), Type::Number) => Dynamic::Number(number_of(&number.to_string(), path)?),
        (Json::String(text), Type::Number) => Dynamic::Number(number_of(text, path)?),
        (Json::Object(members), Type::Dynamic) => {
            let (Some(ty), Some(value), 2) = (members.get("type"), members.get("value"), members.len()) else {
                return Err(Problem::mismatch("a type and a value", "another object").at(path));
            };
            let ty = Type::from_json(ty.to_string().as_bytes()).map_err(|error| Problem::from(error).at(path))?;
            let value = read(value, &ty, path, depth)?;
            Dynamic::Any(Box::new(Any { ty, value }))
        }
        (Json::Array(elements), Type::List(element)) => Dynamic::List(
            elements
                .iter()
                .enumerate()
                .map(|(i, json)| read(json, element, &path.index(i), depth))
                .collect::<Result<_, _>>()?,
        ),
        (Json::Array(elements), Type::Set(element)) => {
            let elements = elements.iter().map(|json| read(json, element, path, depth));
            Dynamic::set(elements.collect::<Result<Vec<_>, _>>()?)
        }
        (Json::Array(elements), Type::Tuple(types)) if elements.len() == types.len() => Dynamic::List(
            elements
                .iter()
                .zip(types)
                .enumerate()
                .map(|(i, (json, ty))| read(json, ty, &path.index(i), depth))
                .collect::<Result<_, _>>()?,
        ),
        (Json::Object(members), Type::Map(element)) => Dynamic::Map(
            members
                .iter()
                .map(|(key, json)| Ok((normal(key).into_owned(), read(json, element, &path.key(key), depth)?)))
                .collect::<Result<_, CodecError>>()?,
        ),
        (Json::Object(members), Type::Object(types)) => Dynamic::Map(
            types
                .iter()
                .map(|(name, ty)| {
                    let json = members.get(name).unwrap_or(&Json::Null);
                    Ok((name.clone(), read(json, ty, &path.then(name), depth)?))
                })
                .collect::<Result<BTreeMap<_, _>, CodecError>>()?,
        ),
        _ => return mismatch(),
    })
}

fn number_of(text: &str, path: &Path) -> Result<Number, CodecError> {
    text.parse().map_err(|error| Problem::Number(error).at(path))
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

fn write(value: &Dynamic, ty: &Type, path: &Path) -> Result<Json, CodecError> {
    Ok(match (value, ty) {
        (Dynamic::Null, _) => Json::Null,
        (Dynamic::Unknown(_), _) => return Err(Problem::Unwritable("an unknown value").at(path)),
        (Dynamic::Bool(value), Type::Bool) => Json::Bool(*value),
        (Dynamic::String(text), Type::String) => Json::String(normal(text).into_owned()),
        (Dynamic::Number(number), Type::Number) if number.is_infinite() => {
            return Err(Problem::Unwritable("an infinity").at(path));
        }
        (Dynamic::Number(number), Type::Number) => Json::Number(
            serde_json::from_str(&number.to_string()).map_err(|error| Problem::Json(error.to_string()).at(path))?,
        ),
        (Dynamic::Any(any), Type::Dynamic) => {
            let ty: Json =
                serde_json::from_slice(&any.ty.to_json()).map_err(|error| Problem::Json(error.to_string()).at(path))?;
            let value = write(&any.value, &any.ty, path)?;
            Json::Object(Map::from_iter([("value".to_owned(), value), ("type".to_owned(), ty)]))
        }
        (Dynamic::List(elements), Type::List(element)) => {
            let elements = elements.iter().enumerate().map(|(i, value)| write(value, element, &path.index(i)));
            Json::Array(elements.collect::<Result<_, _>>()?)
        }
        (Dynamic::Set(elements), Type::Set(element)) => {
            Json::Array(elements.iter().map(|value| write(value, element, path)).collect::<Result<_, _>>()?)
        }
        (Dynamic::List(elements), Type::Tuple(types)) if elements.len() == types.len() => {
            let elements = elements.iter().zip(types).enumerate();
            Json::Array(elements.map(|(i, (value, ty))| write(value, ty, &path.index(i))).collect::<Result<_, _>>()?)
        }
        (Dynamic::Map(members), Type::Map(element)) => {
            let members = members.iter().map(|(key, value)| Ok((key.clone(), write(value, element, &path.key(key))?)));
            Json::Object(members.collect::<Result<_, CodecError>>()?)
        }
        (Dynamic::Map(members), Type::Object(types)) => {
            if let Some(extra) = members.keys().find(|name| !types.contains_key(*name)) {
                return Err(Problem::Unexpected(extra.clone()).at(path));
            }
            let members = types.iter().map(|(name, ty)| {
                let value = members.get(name).ok_or_else(|| Problem::Missing(name.clone()).at(path))?;
                Ok((name.clone(), write(value, ty, &path.then(name))?))
            });
            Json::Object(members.collect::<Result<_, CodecError>>()?)
        }
        (value, ty) => return Err(Problem::mismatch(ty.to_string(), value.describe()).at(path)),
    })
}
