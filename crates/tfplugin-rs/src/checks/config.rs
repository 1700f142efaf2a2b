use crate::schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, Nesting};
use crate::{Diagnostic, Diagnostics, Dynamic, Path};

/// What Terraform leaves to the provider: null for required attributes, values for read-only ones, deprecation,
/// write-only attributes for a Terraform that knows none, and the validators of the schema.
pub(crate) fn check_config(block: &Block, config: &Dynamic, write_only_allowed: bool) -> Diagnostics {
    let mut check = Check { write_only_allowed, diagnostics: Diagnostics::none() };
    check.block(block, config, &Path::root());
    check.diagnostics
}

struct Check {
    write_only_allowed: bool,
    diagnostics: Diagnostics,
}

impl Check {
    fn block(&mut self, block: &Block, config: &Dynamic, path: &Path) {
        self.object(&block.attributes, config, path);
        for nested in &block.blocks {
            self.nested_block(nested, config.get(&nested.name), &path.then(&nested.name));
        }
    }

    fn nested_block(&mut self, nested: &NestedBlock, config: &Dynamic, path: &Path) {
        let NestedBlock { block, nesting, .. } = nested;
        let is_written = match (nesting, config) {
            (_, Dynamic::Null | Dynamic::Unknown(_)) => false,
            (_, Dynamic::List(elements) | Dynamic::Set(elements)) => !elements.is_empty(),
            (BlockNesting::Map, Dynamic::Map(elements)) => !elements.is_empty(),
            _ => *nesting == BlockNesting::Single,
        };
        if let (Some(why), true) = (&block.deprecated, is_written) {
            self.diagnostics.push(deprecated("Block", path, why));
        }
        match (nesting, config) {
            (BlockNesting::List, Dynamic::List(elements)) => {
                elements.iter().enumerate().for_each(|(i, element)| self.block(block, element, &path.index(i)));
            }
            (BlockNesting::Set, Dynamic::Set(elements)) => {
                elements.iter().for_each(|element| self.block(block, element, path));
            }
            (BlockNesting::Map, Dynamic::Map(elements)) => {
                elements.iter().for_each(|(key, element)| self.block(block, element, &path.key(key)));
            }
            (BlockNesting::Single | BlockNesting::Group, config) => self.block(block, config, path),
            _ => {}
        }
    }

    /// Null and unknown objects have no inside to look at.
    fn object(&mut self, attributes: &[Attribute], config: &Dynamic, path: &Path) {
        let Dynamic::Map(members) = config else { return };
        for attribute in attributes {
            let value = members.get(&attribute.name).unwrap_or(&Dynamic::Null);
            self.attribute(attribute, value, &path.then(&attribute.name));
        }
    }

    fn attribute(&mut self, attribute: &Attribute, value: &Dynamic, path: &Path) {
        if value.is_null() {
            if attribute.required {
                self.diagnostics.push(
                    Diagnostic::error(
                        "Missing required attribute",
                        format!("The attribute {path} is required, but its value is null. Give it a value."),
                    )
                    .at(path),
                );
            }
            return;
        }
        if attribute.is_read_only() {
            self.diagnostics.push(
                Diagnostic::error(
                    "Value for a read-only attribute",
                    format!("The provider decides {path}, so it cannot be configured. Remove it."),
                )
                .at(path),
            );
            return;
        }
        if let Some(why) = &attribute.deprecated {
            self.diagnostics.push(deprecated("Attribute", path, why));
        }
        if attribute.write_only && !self.write_only_allowed {
            self.diagnostics.push(
                Diagnostic::error(
                    "Write-only attributes are not supported",
                    format!("The attribute {path} is write-only, which needs Terraform 1.11 or later. Upgrade, or remove it."),
                )
                .at(path),
            );
        }
        if value.is_unknown() {
            return;
        }
        for validator in &attribute.validators {
            self.diagnostics.extend(validator.check(value, path));
        }
        let AttributeKind::Nested { nesting, attributes } = &attribute.kind else { return };
        match (nesting, value) {
            (Nesting::Single, value) => self.object(attributes, value, path),
            (Nesting::List, Dynamic::List(elements)) => {
                elements.iter().enumerate().for_each(|(i, element)| self.object(attributes, element, &path.index(i)));
            }
            (Nesting::Set, Dynamic::Set(elements)) => {
                elements.iter().for_each(|element| self.object(attributes, element, path));
            }
            (Nesting::Map, Dynamic::Map(elements)) => {
                elements.iter().for_each(|(key, element)| self.object(attributes, element, &path.key(key)));
            }
            _ => {}
        }
    }
}

fn deprecated(what: &str, path: &Path, why: &str) -> Diagnostic {
    Diagnostic::warning(format!("{what} deprecated"), format!("{path} is deprecated: {why}")).at(path)
}
