use std::path::{Path, PathBuf};
use std::{fs, io};

use tfplugin_rs::{Diagnostic, Diagnostics, Model, Value, codec, model};

use crate::Data;
use crate::model::Thing;

/// The file of a thing.
pub(crate) fn file(data: &Data, name: &Value<String>) -> Result<PathBuf, Diagnostic> {
    let directory = data.directory.require("directory")?;
    Ok(Path::new(directory).join(format!("{}.json", name.require("name")?)))
}

pub(crate) fn save(path: &Path, thing: &Thing) -> Result<(), Diagnostics> {
    let json = codec::to_json(&model::to_dynamic(thing), &Thing::block().ty())?;
    Ok(fs::write(path, json.to_string())?)
}

pub(crate) fn load(path: &Path) -> Result<Option<Thing>, Diagnostics> {
    match fs::read(path) {
        Ok(bytes) => {
            let json = serde_json::from_slice(&bytes)?;
            Ok(Some(model::from_dynamic(codec::from_json(&json, &Thing::block().ty())?)?))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
