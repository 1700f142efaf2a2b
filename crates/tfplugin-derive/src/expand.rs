use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Field, Fields, LitStr, Result};

use crate::flags::{self, AttributeFlags, BlockFlags, Kind};

pub(crate) fn model(input: &DeriveInput) -> Result<TokenStream> {
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => &fields.named,
            Fields::Unnamed(_) | Fields::Unit => {
                return Err(Error::new(input.span(), "a model is a struct with named fields"));
            }
        },
        Data::Enum(_) | Data::Union(_) => {
            return Err(Error::new(input.span(), "a model is a struct with named fields"));
        }
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new(input.generics.span(), "a model has no generic parameters"));
    }
    let mut attributes = Vec::new();
    let mut blocks = Vec::new();
    let mut reads = Vec::new();
    let mut writes = Vec::new();
    for field in fields {
        let Some(ident) = &field.ident else { continue };
        let kind = flags::of_field(field)?;
        let name = match &kind {
            Kind::Attribute(flags) => flags.name.clone(),
            Kind::Block(flags) => flags.name.clone(),
        };
        let name = name.unwrap_or_else(|| ident.unraw().to_string());
        let ty = &field.ty;
        match &kind {
            Kind::Attribute(flags) => attributes.push(attribute(field, &name, flags)),
            Kind::Block(flags) => blocks.push(block(field, &name, flags)),
        }
        reads.push(quote_spanned!(ty.span()=> #ident: support::take::<#ty>(&mut members, #name, path)?));
        writes.push(quote_spanned!(ty.span()=>
            members.insert(#name.to_owned(), <#ty as support::Field>::encode(&self.#ident));));
    }
    let ident = &input.ident;
    let description = flags::documentation(&input.attrs);
    let deprecated = option(flags::of_struct(&input.attrs)?.as_ref());
    Ok(quote! {
        const _: () = {
            use ::tfplugin_rs::model::derive_support as support;

            #[automatically_derived]
            impl support::Model for #ident {
                fn block() -> support::Block {
                    support::Block {
                        attributes: ::std::vec![#(#attributes),*],
                        blocks: ::std::vec![#(#blocks),*],
                        description: #description.to_owned(),
                        deprecated: #deprecated,
                    }
                }


                fn from_members(
                    mut members: support::BTreeMap<::std::string::String, support::Dynamic>,
                    path: &support::Path,
                ) -> ::std::result::Result<Self, support::ConversionError> {
                    ::std::result::Result::Ok(Self { #(#reads),* })
                }

                fn to_members(&self) -> support::BTreeMap<::std::string::String, support::Dynamic> {
                    let mut members = support::BTreeMap::new();
                    #(#writes)*
                    members
                }
            }

            #[automatically_derived]
            impl support::AttributeType for #ident {
                fn kind() -> support::AttributeKind {
                    support::nested_kind::<Self>()
                }

                fn decode(
                    value: support::Dynamic,
                    path: &support::Path,
                ) -> ::std::result::Result<Self, support::ConversionError> {
                    support::decode_nested(value, path)
                }

                fn encode(&self) -> support::Dynamic {
                    support::Dynamic::Map(support::Model::to_members(self))
                }
            }
        };
    })
}

fn attribute(field: &Field, name: &str, flags: &AttributeFlags) -> TokenStream {
    let ty = &field.ty;
    let description = flags::documentation(&field.attrs);
    let AttributeFlags { required, optional, computed, sensitive, write_only, .. } = *flags;
    let AttributeFlags { requires_replace, use_state_for_unknown, .. } = *flags;
    let deprecated = option(flags.deprecated.as_ref());
    let default = match &flags.default {
        Some(value) => quote_spanned!(value.span()=> ::std::option::Option::Some(support::default::<#ty>(#value))),
        None => quote!(::std::option::Option::None),
    };
    let validators =
        flags.validators.iter().map(|check| quote_spanned!(check.span()=> support::validator::<#ty>(#check)));
    let base = quote_spanned!(ty.span()=> support::attribute::<#ty>(#name));
    quote! {
        support::Attribute {
            description: #description.to_owned(),
            required: #required,
            optional: #optional,
            computed: #computed,
            sensitive: #sensitive,
            write_only: #write_only,
            deprecated: #deprecated,
            default: #default,
            behaviour: support::Behaviour {
                requires_replace: #requires_replace,
                use_state_for_unknown: #use_state_for_unknown,
            },
            validators: ::std::vec![#(#validators),*],
            ..#base
        }
    }
}

fn block(field: &Field, name: &str, flags: &BlockFlags) -> TokenStream {
    let ty = &field.ty;
    let BlockFlags { min_items, max_items, .. } = *flags;
    let description = flags::documentation(&field.attrs);
    let deprecated = option(flags.deprecated.as_ref());
    let base = quote_spanned!(ty.span()=> support::nested_block::<#ty>(#name, #min_items, #max_items));
    quote! {
        {
            let mut nested = #base;
            if !#description.is_empty() {
                nested.block.description = #description.to_owned();
            }
            if let ::std::option::Option::Some(why) = #deprecated {
                nested.block.deprecated = ::std::option::Option::<::std::string::String>::Some(why);
            }
            nested
        }
    }
}

fn option(text: Option<&LitStr>) -> TokenStream {
    match text {
        Some(text) => quote!(::std::option::Option::<::std::string::String>::Some(#text.to_owned())),
        None => quote!(::std::option::Option::<::std::string::String>::None),
    }
}
