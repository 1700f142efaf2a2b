use thiserror::Error;

use crate::Path;
use crate::value::{NumberError, TypeError};

/// Why bytes are no value of a type, or a value has no bytes.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{path}: {problem}")]
pub struct CodecError {
    /// Where in the value.
    pub path: Path,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with bytes or a value.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Problem {
    /// The bytes end within the value.
    #[error("the bytes end early")]
    End,
    /// Bytes follow the value.
    #[error("{0} bytes follow the value")]
    Trailing(usize),
    /// The bytes hold something else.
    #[error("found {found}, but {wanted} is needed")]
    Mismatch {
        /// What the type asks for.
        wanted: String,
        /// What is there.
        found: String,
    },
    /// A text is not UTF-8.
    #[error("the text is not UTF-8")]
    Utf8,
    /// A number is none.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// The type of a dynamic value does not read.
    #[error(transparent)]
    Type(#[from] TypeError),
    /// A member is missing.
    #[error("the member {0:?} is missing")]
    Missing(String),
    /// A member is not in the type, or stands twice.
    #[error("the member {0:?} is unexpected")]
    Unexpected(String),
    /// The value nests too deeply.
    #[error("the value nests deeper than {0} levels")]
    Depth(usize),
    /// A value that the format cannot hold.
    #[error("{0} has no JSON form")]
    Unwritable(&'static str),
    /// The bytes are not JSON.
    #[error("not JSON: {0}")]
    Json(String),
}

impl Problem {
    pub(super) fn at(self, path: &Path) -> CodecError {
        CodecError { path: path.clone(), problem: self }
    }

    pub(super) fn mismatch(wanted: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Mismatch { wanted: wanted.into(), found: found.into() }
    }
}
