use crate::schema::{Attribute, AttributeKind, Block};
use crate::{Dynamic, Path, Step};

/// A value for a message about the path where it stands, or a stand-in when it is sensitive.
pub(super) fn show(block: &Block, path: &Path, value: &Dynamic) -> String {
    if is_sensitive(block, path) { "(a sensitive value)".to_owned() } else { print(value) }
}

fn print(value: &Dynamic) -> String {
    match value {
        Dynamic::Null => "null".to_owned(),
        Dynamic::Unknown(_) => "unknown".to_owned(),
        Dynamic::Bool(value) => value.to_string(),
        Dynamic::Number(number) => number.to_string(),
        Dynamic::String(text) => format!("{text:?}"),
        Dynamic::List(elements) | Dynamic::Set(elements) => format!("a collection of {}", elements.len()),
        Dynamic::Map(members) if members.is_empty() => "{}".to_owned(),
        Dynamic::Map(members) => {
            let names: Vec<&str> = members.keys().map(String::as_str).take(8).collect();
            format!("{{{}}}", names.join(", "))
        }
        Dynamic::Any(any) => print(&any.value),
    }
}

/// Whether an attribute on the way is sensitive, or, for collections, anything inside.
fn is_sensitive(block: &Block, path: &Path) -> bool {
    let names: Vec<&str> = path
        .steps()
        .iter()
        .filter_map(|step| match step {
            Step::Attribute(name) => Some(name.as_str()),
            Step::Key(_) | Step::Index(_) => None,
        })
        .collect();
    let mut block = block;
    let mut names = names.as_slice();
    while let [name, rest @ ..] = names {
        if let Some(nested) = block.blocks.iter().find(|nested| nested.name == *name) {
            (block, names) = (&nested.block, rest);
        } else {
            return in_attributes(&block.attributes, names);
        }
    }
    false
}

fn in_attributes(attributes: &[Attribute], names: &[&str]) -> bool {
    let [name, rest @ ..] = names else { return false };
    let Some(attribute) = attributes.iter().find(|attribute| attribute.name == *name) else { return false };
    attribute.sensitive
        || match &attribute.kind {
            AttributeKind::Plain(_) => false,
            AttributeKind::Nested { attributes, .. } => in_attributes(attributes, rest),
        }
}
