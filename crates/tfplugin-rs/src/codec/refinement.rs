use rmp::Marker;
use rmp::encode as put;

use super::error::Problem;
use super::msgpack::{Reader, write_array_length, write_map_length, write_number, write_text};
use crate::value::Refinement;
use crate::{Number, Type};

/// The extension type of an unknown value about which something is promised.
pub(super) const EXTENSION: u8 = 12;

const NULLNESS: i64 = 1;
const PREFIX: i64 = 2;
const LOWER: i64 = 3;
const UPPER: i64 = 4;
const MIN_LENGTH: i64 = 5;
const MAX_LENGTH: i64 = 6;

/// Reads what can be read. Promises that do not fit the type or are not understood are no promises; what follows an
/// unknown key cannot be told apart, so reading ends there.
pub(super) fn read(payload: &[u8], ty: &Type) -> Option<Box<Refinement>> {
    let mut reader = Reader { rest: payload };
    let mut refinement = Refinement::default();
    let mut entries = || -> Result<(), Problem> {
        for _ in 0..reader.map_length()? {
            let key = reader.number()?.to_i64();
            match (key, ty) {
                (Some(NULLNESS), _) => refinement.not_null = reader.marker()? == Marker::False,
                (Some(PREFIX), Type::String) => {
                    let text = std::str::from_utf8(reader.raw_text()?).map_err(|_| Problem::Utf8)?;
                    refinement.prefix = Some(text.to_owned());
                }
                (Some(LOWER), Type::Number) => refinement.lower = Some(bound(&mut reader)?),
                (Some(UPPER), Type::Number) => refinement.upper = Some(bound(&mut reader)?),
                (Some(MIN_LENGTH), _) => refinement.min_length = reader.number()?.to_i64(),
                (Some(MAX_LENGTH), _) => refinement.max_length = reader.number()?.to_i64(),
                _ => return Ok(()),
            }
        }
        Ok(())
    };
    // A damaged tail leaves the promises before it.
    let _ = entries();
    (refinement != Refinement::default()).then(|| Box::new(refinement))
}

fn bound(reader: &mut Reader<'_>) -> Result<(Number, bool), Problem> {
    if reader.array_length()? != 2 {
        return Err(Problem::End);
    }
    let number = reader.number()?;
    Ok((number, reader.marker()? == Marker::True))
}

/// Writes an unknown value with what is promised about it.
pub(super) fn write(bytes: &mut Vec<u8>, refinement: Option<&Refinement>, ty: &Type) {
    let payload = refinement.filter(|_| *ty != Type::Dynamic).map(payload);
    match payload {
        Some(payload) if payload.len() > 1 => {
            let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
            // Terraform's own writer uses the form with a length byte, never the fixed ones.
            if length <= 255 {
                bytes.extend([Marker::Ext8.to_u8(), length.to_be_bytes()[3], EXTENSION]);
            } else {
                let _ = put::write_ext_meta(bytes, length, EXTENSION.cast_signed());
            }
            bytes.extend(payload);
        }
        _ => bytes.extend([Marker::FixExt1.to_u8(), 0, 0]),
    }
}

fn payload(refinement: &Refinement) -> Vec<u8> {
    let Refinement { not_null, prefix, lower, upper, min_length, max_length } = refinement;
    let present =
        [*not_null, prefix.is_some(), lower.is_some(), upper.is_some(), min_length.is_some(), max_length.is_some()];
    let mut bytes = Vec::new();
    write_map_length(&mut bytes, present.into_iter().filter(|present| *present).count());
    let key = |bytes: &mut Vec<u8>, key: i64| drop(put::write_sint(bytes, key));
    if *not_null {
        key(&mut bytes, NULLNESS);
        bytes.push(Marker::False.to_u8());
    }
    if let Some(prefix) = prefix {
        key(&mut bytes, PREFIX);
        write_text(&mut bytes, prefix);
    }
    for (number, bound) in [(LOWER, lower), (UPPER, upper)] {
        if let Some((value, inclusive)) = bound {
            key(&mut bytes, number);
            write_array_length(&mut bytes, 2);
            write_number(&mut bytes, value);
            bytes.push(if *inclusive { Marker::True } else { Marker::False }.to_u8());
        }
    }
    for (number, length) in [(MIN_LENGTH, min_length), (MAX_LENGTH, max_length)] {
        if let Some(length) = length {
            key(&mut bytes, number);
            let _ = put::write_sint(&mut bytes, *length);
        }
    }
    bytes
}
