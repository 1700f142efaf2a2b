use syn::spanned::Spanned as _;
use syn::{Attribute, Error, Expr, ExprLit, Field, Lit, LitInt, LitStr, Meta, Result};

/// What stands in the attributes of one field.
pub(crate) enum Kind {
    Attribute(Box<AttributeFlags>),
    Block(BlockFlags),
}

#[derive(Default)]
pub(crate) struct AttributeFlags {
    pub(crate) name: Option<String>,
    pub(crate) required: bool,
    pub(crate) optional: bool,
    pub(crate) computed: bool,
    pub(crate) sensitive: bool,
    pub(crate) write_only: bool,
    pub(crate) requires_replace: bool,
    pub(crate) use_state_for_unknown: bool,
    pub(crate) deprecated: Option<LitStr>,
    pub(crate) default: Option<Expr>,
    pub(crate) validators: Vec<Expr>,
}

#[derive(Default)]
pub(crate) struct BlockFlags {
    pub(crate) name: Option<String>,
    pub(crate) min_items: i64,
    pub(crate) max_items: i64,
    pub(crate) deprecated: Option<LitStr>,
}

pub(crate) fn of_field(field: &Field) -> Result<Kind> {
    let block = field.attrs.iter().find(|attribute| attribute.path().is_ident("block"));
    if let Some(block) = block {
        return of_block(block).map(Kind::Block);
    }
    let mut flags = AttributeFlags::default();
    let mut seen = false;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("attr")) {
        seen = true;
        read_attribute(&mut flags, attribute)?;
    }
    if flags.default.is_some() {
        if flags.required || flags.write_only {
            return Err(Error::new(field.span(), "a default makes sense neither for required nor for write-only"));
        }
        flags.optional = true;
        flags.computed = true;
    }
    check(&flags, field, seen)?;
    Ok(Kind::Attribute(Box::new(flags)))
}

fn read_attribute(flags: &mut AttributeFlags, attribute: &Attribute) -> Result<()> {
    attribute.parse_nested_meta(|meta| {
        let Some(word) = meta.path.get_ident() else { return Err(meta.error("unknown flag")) };
        match word.to_string().as_str() {
            "required" => flags.required = true,
            "optional" => flags.optional = true,
            "computed" => flags.computed = true,
            "sensitive" => flags.sensitive = true,
            "write_only" => flags.write_only = true,
            "requires_replace" => flags.requires_replace = true,
            "use_state_for_unknown" => flags.use_state_for_unknown = true,
            "deprecated" => flags.deprecated = Some(meta.value()?.parse()?),
            "name" => flags.name = Some(meta.value()?.parse::<LitStr>()?.value()),
            "default" => flags.default = Some(meta.value()?.parse()?),
            "validate" => flags.validators.push(meta.value()?.parse()?),
            _ => {
                return Err(meta.error(
                    "unknown flag; there are required, optional, computed, default, sensitive, write_only, \
                     requires_replace, use_state_for_unknown, validate, deprecated and name",
                ));
            }
        }
        Ok(())
    })
}

fn check(flags: &AttributeFlags, field: &Field, seen: bool) -> Result<()> {
    let AttributeFlags { required, optional, computed, .. } = *flags;
    let refuse = |why: &str| Err(Error::new(field.span(), why));
    if !seen || !(required || optional || computed) {
        return refuse("say who may set it: #[attr(required)], #[attr(optional)], #[attr(computed)] or #[block]");
    }
    if required && (optional || computed) {
        return refuse("a required attribute is neither optional nor computed");
    }
    if flags.write_only && computed {
        return refuse("a write-only attribute cannot be computed: nobody would ever see the value");
    }
    if flags.use_state_for_unknown && !computed {
        return refuse("use_state_for_unknown keeps computed values; this attribute is not computed");
    }
    Ok(())
}

fn of_block(attribute: &Attribute) -> Result<BlockFlags> {
    let mut flags = BlockFlags::default();
    if matches!(attribute.meta, Meta::Path(_)) {
        return Ok(flags);
    }
    attribute.parse_nested_meta(|meta| {
        let Some(word) = meta.path.get_ident() else { return Err(meta.error("unknown flag")) };
        match word.to_string().as_str() {
            "min_items" => flags.min_items = meta.value()?.parse::<LitInt>()?.base10_parse()?,
            "max_items" => flags.max_items = meta.value()?.parse::<LitInt>()?.base10_parse()?,
            "required" => (flags.min_items, flags.max_items) = (1, 1),
            "deprecated" => flags.deprecated = Some(meta.value()?.parse()?),
            "name" => flags.name = Some(meta.value()?.parse::<LitStr>()?.value()),
            _ => {
                return Err(meta.error("unknown flag; there are required, min_items, max_items, deprecated and name"));
            }
        }
        Ok(())
    })?;
    Ok(flags)
}

/// The reason in `#[model(deprecated = "…")]`.
pub(crate) fn of_struct(attributes: &[Attribute]) -> Result<Option<LitStr>> {
    let mut deprecated = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("model")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("deprecated") {
                return Err(meta.error("unknown flag; there is deprecated"));
            }
            deprecated = Some(meta.value()?.parse()?);
            Ok(())
        })?;
    }
    Ok(deprecated)
}

/// The doc comment as markdown: the one space after `///` goes, blank lines at the end too.
pub(crate) fn documentation(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else { return None };
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
        pair.path.is_ident("doc").then(|| text.value())
    });
    let lines: Vec<String> = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned()).collect();
    lines.join("\n").trim().to_owned()
}
