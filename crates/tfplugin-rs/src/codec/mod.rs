//! Bytes of values: MessagePack for everything on the wire, JSON for stored state.
//!
//! Both are shaped by a [`Type`] that stands beside them; only values under a dynamic type bring their own.

mod error;
mod json;
mod msgpack;
mod refinement;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod property;

pub use error::CodecError;
pub use json::{from_json, to_json};
pub use msgpack::{from_msgpack, to_msgpack};

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// Values nest no deeper; hostile bytes could otherwise exhaust the stack.
const MAX_DEPTH: usize = 128;

/// Unicode normal form C, which Terraform gives to every text.
fn normal(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    }
}
