//! Derive macros of tfplugin-rs.
//!
//! Use them through that crate, whose documentation explains them: `use tfplugin_rs::Model;`.

mod expand;
mod flags;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct of `Value<T>` fields the schema and the value of a resource, provider configuration, nested attribute
/// or nested block.
///
/// Doc comments become markdown descriptions. On the struct, `#[model(deprecated = "why")]`. On a field, either
/// `#[block]` (with `min_items = 0`, `max_items = 0`, `required`, `deprecated = "why"`) or `#[attr(…)]` with:
///
/// | flag | meaning |
/// |---|---|
/// | `required`, `optional`, `computed` | who may set it; one of them, or `optional, computed` |
/// | `default = EXPR` | what it is when not configured; implies `optional, computed` |
/// | `sensitive` | hidden in Terraform's output |
/// | `write_only` | stands only in configuration |
/// | `requires_replace` | a change replaces the object |
/// | `use_state_for_unknown` | a computed value is kept from prior state |
/// | `validate = FUNCTION` | a check `Fn(&T) -> Result<(), String>`; may be repeated |
/// | `deprecated = "why"` | a warning where it is used |
/// | `name = "type"` | the name in configuration, where it is not the field's |
#[proc_macro_derive(Model, attributes(attr, block, model))]
pub fn derive_model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::model(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
