use std::collections::BTreeMap;

use rmp::Marker;
use rmp::encode as put;

use super::error::Problem;
use super::{CodecError, MAX_DEPTH, normal, refinement};
use crate::value::{Any, Wire};
use crate::{Dynamic, Number, Path, Type};

/// Reads a value of a type.
///
/// # Errors
/// When the bytes hold no such value, or more than one.
pub fn from_msgpack(bytes: &[u8], ty: &Type) -> Result<Dynamic, CodecError> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(ty, &Path::root(), 0)?;
    if reader.rest.is_empty() { Ok(value) } else { Err(Problem::Trailing(reader.rest.len()).at(&Path::root())) }
}

/// Writes a value of a type.
///
/// # Errors
/// When the value does not conform to the type.
pub fn to_msgpack(value: &Dynamic, ty: &Type) -> Result<Vec<u8>, CodecError> {
    let mut bytes = Vec::new();
    write(&mut bytes, value, ty, &Path::root())?;
    Ok(bytes)
}

pub(super) struct Reader<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Problem> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Problem::End)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        self.take(N)?.try_into().map_err(|_| Problem::End)
    }

    pub(super) fn marker(&mut self) -> Result<Marker, Problem> {
        self.array::<1>().map(|[byte]| Marker::from_u8(byte))
    }

    fn peek(&self) -> Option<Marker> {
        self.rest.first().copied().map(Marker::from_u8)
    }

    fn length(&mut self, width: u8) -> Result<usize, Problem> {
        Ok(match width {
            1 => usize::from(self.array::<1>()?[0]),
            2 => usize::from(u16::from_be_bytes(self.array()?)),
            _ => usize::try_from(u32::from_be_bytes(self.array()?)).map_err(|_| Problem::End)?,
        })
    }

    /// The length and type of an extension, if the next value is one.
    fn extension(&mut self) -> Result<Option<(usize, u8)>, Problem> {
        let before = self.rest;
        let length = match self.marker()? {
            Marker::FixExt1 => 1,
            Marker::FixExt2 => 2,
            Marker::FixExt4 => 4,
            Marker::FixExt8 => 8,
            Marker::FixExt16 => 16,
            Marker::Ext8 => self.length(1)?,
            Marker::Ext16 => self.length(2)?,
            Marker::Ext32 => self.length(4)?,
            _ => {
                self.rest = before;
                return Ok(None);
            }
        };
        let [code] = self.array()?;
        Ok(Some((length, code)))
    }

    fn value(&mut self, ty: &Type, path: &Path, depth: usize) -> Result<Dynamic, CodecError> {
        if depth > MAX_DEPTH {
            return Err(Problem::Depth(MAX_DEPTH).at(path));
        }
        if self.peek() == Some(Marker::Null) {
            self.rest = &self.rest[1..];
            return Ok(Dynamic::Null);
        }
        if let Some((length, code)) = self.extension().map_err(|problem| problem.at(path))? {
            let payload = self.take(length).map_err(|problem| problem.at(path))?;
            let refined =
                (code == refinement::EXTENSION && length > 1).then(|| refinement::read(payload, ty)).flatten();
            return Ok(Dynamic::Unknown(refined));
        }
        match ty {
            Type::String => self.text().map(Dynamic::String).map_err(|problem| problem.at(path)),
            Type::Bool => match self.marker().map_err(|problem| problem.at(path))? {
                Marker::True => Ok(Dynamic::Bool(true)),
                Marker::False => Ok(Dynamic::Bool(false)),
                other => Err(Problem::mismatch("a bool", name(other)).at(path)),
            },
            Type::Number => self.number().map(Dynamic::Number).map_err(|problem| problem.at(path)),
            Type::Dynamic => self.any(path, depth),
            Type::List(element) => self.elements(element, path, depth).map(Dynamic::List),
            Type::Set(element) => {
                // Elements of a set have no step of their own.
                let count = self.array_length().map_err(|problem| problem.at(path))?;
                let elements = (0..count).map(|_| self.value(element, path, depth + 1));
                elements.collect::<Result<Vec<_>, _>>().map(Dynamic::set)
            }
            Type::Tuple(types) => {
                let count = self.array_length().map_err(|problem| problem.at(path))?;
                if count != types.len() {
                    return Err(Problem::mismatch(format!("{} elements", types.len()), count.to_string()).at(path));
                }
                let elements = types.iter().enumerate().map(|(i, ty)| self.value(ty, &path.index(i), depth + 1));
                elements.collect::<Result<_, _>>().map(Dynamic::List)
            }
            Type::Map(element) => {
                let count = self.map_length().map_err(|problem| problem.at(path))?;
                let mut members = BTreeMap::new();
                for _ in 0..count {
                    let key = self.text().map_err(|problem| problem.at(path))?;
                    let value = self.value(element, &path.key(&key), depth + 1)?;
                    members.insert(key, value);
                }
                Ok(Dynamic::Map(members))
            }
            Type::Object(types) => self.object(types, path, depth),
        }
    }

    fn elements(&mut self, element: &Type, path: &Path, depth: usize) -> Result<Vec<Dynamic>, CodecError> {
        let count = self.array_length().map_err(|problem| problem.at(path))?;
        (0..count).map(|i| self.value(element, &path.index(i), depth + 1)).collect()
    }

    fn object(&mut self, types: &BTreeMap<String, Type>, path: &Path, depth: usize) -> Result<Dynamic, CodecError> {
        let count = self.map_length().map_err(|problem| problem.at(path))?;
        let mut members = BTreeMap::new();
        for _ in 0..count {
            let key = self.text().map_err(|problem| problem.at(path))?;
            let Some(ty) = types.get(&key) else { return Err(Problem::Unexpected(key).at(path)) };
            let value = self.value(ty, &path.then(&key), depth + 1)?;
            if members.insert(key.clone(), value).is_some() {
                return Err(Problem::Unexpected(key).at(path));
            }
        }
        match types.keys().find(|name| !members.contains_key(*name)) {
            Some(missing) => Err(Problem::Missing(missing.clone()).at(path)),
            None => Ok(Dynamic::Map(members)),
        }
    }

    /// A value that brings its type: an array of the type's JSON and the value.
    fn any(&mut self, path: &Path, depth: usize) -> Result<Dynamic, CodecError> {
        let mut ty = || {
            let count = self.array_length()?;
            if count != 2 {
                return Err(Problem::mismatch("a type and a value", format!("an array of {count}")));
            }
            let before = self.rest;
            let length = match self.marker()? {
                Marker::Bin8 => self.length(1)?,
                Marker::Bin16 => self.length(2)?,
                Marker::Bin32 => self.length(4)?,
                _ => {
                    self.rest = before;
                    return Ok(Type::from_json(self.raw_text()?)?);
                }
            };
            Ok(Type::from_json(self.take(length)?)?)
        };
        let ty = ty().map_err(|problem| problem.at(path))?;
        let value = self.value(&ty, path, depth + 1)?;
        Ok(Dynamic::Any(Box::new(Any { ty, value })))
    }

    pub(super) fn number(&mut self) -> Result<Number, Problem> {
        let before = self.rest;
        Ok(match self.marker()? {
            Marker::FixPos(value) => Number::from(i64::from(value)),
            Marker::FixNeg(value) => Number::from(i64::from(value)),
            Marker::U8 => Number::from(i64::from(u8::from_be_bytes(self.array()?))),
            Marker::U16 => Number::from(i64::from(u16::from_be_bytes(self.array()?))),
            Marker::U32 => Number::from(i64::from(u32::from_be_bytes(self.array()?))),
            Marker::U64 => Number::from(u64::from_be_bytes(self.array()?)),
            Marker::I8 => Number::from(i64::from(i8::from_be_bytes(self.array()?))),
            Marker::I16 => Number::from(i64::from(i16::from_be_bytes(self.array()?))),
            Marker::I32 => Number::from(i64::from(i32::from_be_bytes(self.array()?))),
            Marker::I64 => Number::from(i64::from_be_bytes(self.array()?)),
            Marker::F32 => Number::from_f64(f32::from_be_bytes(self.array()?).into())?,
            Marker::F64 => Number::from_f64(f64::from_be_bytes(self.array()?))?,
            _ => {
                self.rest = before;
                std::str::from_utf8(self.raw_text()?).map_err(|_| Problem::Utf8)?.parse()?
            }
        })
    }

    fn text(&mut self) -> Result<String, Problem> {
        let text = std::str::from_utf8(self.raw_text()?).map_err(|_| Problem::Utf8)?;
        Ok(normal(text).into_owned())
    }

    pub(super) fn raw_text(&mut self) -> Result<&'a [u8], Problem> {
        let length = match self.marker()? {
            Marker::FixStr(length) => usize::from(length),
            Marker::Str8 => self.length(1)?,
            Marker::Str16 => self.length(2)?,
            Marker::Str32 => self.length(4)?,
            other => return Err(Problem::mismatch("a string", name(other))),
        };
        self.take(length)
    }

    pub(super) fn array_length(&mut self) -> Result<usize, Problem> {
        match self.marker()? {
            Marker::FixArray(length) => Ok(usize::from(length)),
            Marker::Array16 => self.length(2),
            Marker::Array32 => self.length(4),
            other => Err(Problem::mismatch("an array", name(other))),
        }
    }

    pub(super) fn map_length(&mut self) -> Result<usize, Problem> {
        match self.marker()? {
            Marker::FixMap(length) => Ok(usize::from(length)),
            Marker::Map16 => self.length(2),
            Marker::Map32 => self.length(4),
            other => Err(Problem::mismatch("a map", name(other))),
        }
    }
}

fn name(marker: Marker) -> &'static str {
    match marker {
        Marker::Null => "null",
        Marker::True | Marker::False => "a bool",
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => "an array",
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => "a map",
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => "a string",
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => "bytes",
        _ => "a number or something else",
    }
}

fn write(bytes: &mut Vec<u8>, value: &Dynamic, ty: &Type, path: &Path) -> Result<(), CodecError> {
    match (value, ty) {
        (Dynamic::Null, _) => bytes.push(Marker::Null.to_u8()),
        (Dynamic::Unknown(refined), _) => refinement::write(bytes, refined.as_deref(), ty),
        (Dynamic::Bool(true), Type::Bool) => bytes.push(Marker::True.to_u8()),
        (Dynamic::Bool(false), Type::Bool) => bytes.push(Marker::False.to_u8()),
        (Dynamic::String(text), Type::String) => write_text(bytes, text),
        (Dynamic::Number(number), Type::Number) => write_number(bytes, number),
        (Dynamic::Any(any), Type::Dynamic) => {
            let json = any.ty.to_json();
            write_array_length(bytes, 2);
            let _ = put::write_bin(bytes, &json);
            write(bytes, &any.value, &any.ty, path)?;
        }
        (Dynamic::List(elements), Type::List(element)) => {
            write_array_length(bytes, elements.len());
            for (i, value) in elements.iter().enumerate() {
                write(bytes, value, element, &path.index(i))?;
            }
        }
        (Dynamic::Set(elements), Type::Set(element)) => {
            write_array_length(bytes, elements.len());
            for value in elements {
                write(bytes, value, element, path)?;
            }
        }
        (Dynamic::List(elements), Type::Tuple(types)) if elements.len() == types.len() => {
            write_array_length(bytes, elements.len());
            for (i, (value, ty)) in elements.iter().zip(types).enumerate() {
                write(bytes, value, ty, &path.index(i))?;
            }
        }
        (Dynamic::Map(members), Type::Map(element)) => {
            write_map_length(bytes, members.len());
            for (key, value) in members {
                write_text(bytes, key);
                write(bytes, value, element, &path.key(key))?;
            }
        }
        (Dynamic::Map(members), Type::Object(types)) => {
            if let Some(extra) = members.keys().find(|name| !types.contains_key(*name)) {
                return Err(Problem::Unexpected(extra.clone()).at(path));
            }
            write_map_length(bytes, types.len());
            for (name, ty) in types {
                let Some(value) = members.get(name) else { return Err(Problem::Missing(name.clone()).at(path)) };
                write_text(bytes, name);
                write(bytes, value, ty, &path.then(name))?;
            }
        }
        (value, ty) => return Err(Problem::mismatch(ty.to_string(), value.describe()).at(path)),
    }
    Ok(())
}

// Writing into a vector cannot fail, so the results of rmp's writers carry nothing.

pub(super) fn write_text(bytes: &mut Vec<u8>, text: &str) {
    let _ = put::write_str(bytes, &normal(text));
}

pub(super) fn write_number(bytes: &mut Vec<u8>, number: &Number) {
    match number.wire() {
        Wire::Int(value) => drop(put::write_sint(bytes, value)),
        Wire::Float(value) => drop(put::write_f64(bytes, value)),
        Wire::Text(text) => drop(put::write_str(bytes, &text)),
    }
}

pub(super) fn write_array_length(bytes: &mut Vec<u8>, length: usize) {
    let _ = put::write_array_len(bytes, u32::try_from(length).unwrap_or(u32::MAX));
}

pub(super) fn write_map_length(bytes: &mut Vec<u8>, length: usize) {
    let _ = put::write_map_len(bytes, u32::try_from(length).unwrap_or(u32::MAX));
}
