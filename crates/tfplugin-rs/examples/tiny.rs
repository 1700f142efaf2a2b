//! Notes in files: the tiny provider of the documentation.

use std::process::ExitCode;
use std::{fs, io};

use tfplugin_rs::{
    Answer, Configure, Context, Create, Diagnostics, Model, NoConfig, Outcome, Provider, Registered, Resource, Update,
    Value,
};

/// A note in a file of its own.
#[derive(Clone, Debug, Model)]
struct Note {
    /// The path of the file.
    #[attr(required, requires_replace)]
    path: Value<String>,
    /// What the note says.
    #[attr(default = "empty")]
    text: Value<String>,
    /// How many bytes the note has.
    #[attr(computed)]
    bytes: Value<u64>,
}

struct Notes;

impl Notes {
    fn write(mut note: Note) -> Outcome<Note> {
        let text = note.text.require("text")?;
        fs::write(note.path.require("path")?, text)?;
        note.bytes = Value::Known(text.len() as u64);
        Ok(note.into())
    }
}

impl Resource for Notes {
    type Model = Note;
    type Data = ();
    const TYPE: &'static str = "tiny_note";

    async fn create(&self, _: &Context<Self>, Create { plan, .. }: Create<Note>) -> Outcome<Note> {
        Self::write(plan)
    }

    async fn read(&self, _: &Context<Self>, mut note: Note) -> Outcome<Note, Option<Note>> {
        match fs::read_to_string(note.path.require("path")?) {
            Ok(text) => {
                note.bytes = Value::Known(text.len() as u64);
                note.text = text.into();
                Ok(Some(note).into())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None.into()),
            Err(error) => Err(error.into()),
        }
    }

    async fn update(&self, _: &Context<Self>, Update { plan, .. }: Update<Note>) -> Outcome<Note> {
        Self::write(plan)
    }

    async fn delete(&self, _: &Context<Self>, note: Note) -> Outcome<Note, ()> {
        match fs::remove_file(note.path.require("path")?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(().into()),
        }
    }

    async fn import(&self, _: &Context<Self>, id: &str) -> Outcome<Note> {
        Ok(Note { path: id.into(), text: Value::Null, bytes: Value::Null }.into())
    }
}

struct Tiny;

impl Provider for Tiny {
    type Config = NoConfig;
    type Data = ();
    const ADDRESS: &'static str = "registry.terraform.io/example/tiny";

    fn resources(&self) -> Vec<Registered<()>> {
        vec![Registered::resource(Notes)]
    }

    async fn configure(&self, _: Configure<NoConfig>) -> Result<Answer<()>, Diagnostics> {
        Ok(().into())
    }
}

fn main() -> ExitCode {
    tfplugin_rs::serve(Tiny)
}
