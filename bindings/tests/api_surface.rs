//! The exported surface, as Kotlin, Swift and Python see it, against the reviewed copy in `api.txt`.
//!
//! Read from the built library itself, as the generator does. Where a change is meant, write the copy anew and look at
//! its diff: what it shows, apps have to follow.
//!
//! ```text
//! UPDATE_API=1 cargo test -p bindings --test api_surface
//! ```

#![cfg(test)]

use std::fmt::Write as _;
use std::path::PathBuf;

use uniffi_bindgen::macro_metadata::extract_from_library;
use uniffi_meta::{
    EnumMetadata, EnumShape, FieldMetadata, FnParamMetadata, Metadata, ObjectImpl, TraitKind, Type,
};

#[test]
fn the_exported_surface_is_the_reviewed_one() {
    let found = surface(&library());
    let reviewed = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("api.txt");
    if std::env::var_os("UPDATE_API").is_some() {
        std::fs::write(&reviewed, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&reviewed).unwrap_or_default();
    assert!(
        found == expected,
        "the exported surface differs from bindings/api.txt:\n{}\nIf it is meant to: UPDATE_API=1 cargo test -p \
         bindings --test api_surface",
        difference(&expected, &found)
    );
}

#[test]
fn everything_exported_is_documented() {
    let undocumented: Vec<_> = metadata(&library()).into_iter().flat_map(undocumented).collect();
    assert!(undocumented.is_empty(), "without documentation: {undocumented:#?}");
}

/// The library that cargo built for this test.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let name = format!("{}mtd_agent{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = test.parent().unwrap().join(name);
    assert!(library.exists(), "{} was not built", library.display());
    library
}

fn metadata(library: &std::path::Path) -> Vec<Metadata> {
    let mut items = extract_from_library(library.try_into().unwrap()).unwrap();
    items.sort();
    items.dedup();
    items
}

fn surface(library: &std::path::Path) -> String {
    let mut lines: Vec<_> = metadata(library).iter().filter_map(described).collect();
    lines.sort();
    lines.join("\n") + "\n"
}

/// One exported item in a form of its own, without its documentation.
fn described(item: &Metadata) -> Option<String> {
    Some(match item {
        Metadata::Func(it) => {
            format!("fn {}{}", it.name, signature(it.is_async, &it.inputs, &it.return_type, &it.throws))
        }
        Metadata::Constructor(it) => {
            let made = Some(Type::UInt8);
            let text = signature(it.is_async, &it.inputs, &made, &it.throws);
            format!("object {}: constructor {}{}", it.self_name, it.name, text.replace("-> u8", "-> self"))
        }
        Metadata::Method(it) => format!(
            "object {}: {}{}",
            it.self_name,
            it.name,
            signature(it.is_async, &it.inputs, &it.return_type, &it.throws)
        ),
        Metadata::TraitMethod(it) => format!(
            "trait {}: {:02} {}{}",
            it.trait_name,
            it.index,
            it.name,
            signature(it.is_async, &it.inputs, &it.return_type, &it.throws)
        ),
        Metadata::Record(it) => format!("record {} {{{}\n}}", it.name, fields(&it.fields, "\n    ")),
        Metadata::Enum(it) => enumeration(it),
        Metadata::Object(it) => match it.imp {
            ObjectImpl::Struct => format!("object {}", it.name),
            ObjectImpl::Trait(TraitKind::Both) => format!("trait {}, made on either side", it.name),
            ObjectImpl::Trait(kind) => format!("trait {}, {kind:?}", it.name),
        },
        Metadata::Namespace(_) | Metadata::UdlFile(_) => return None,
        other => format!("{other:?}"),
    })
}

fn enumeration(it: &EnumMetadata) -> String {
    let kind = match it.shape {
        EnumShape::Enum => "enum",
        EnumShape::Error { .. } => "error",
    };
    let mut text = format!("{kind} {} {{", it.name);
    for variant in &it.variants {
        match variant.fields.as_slice() {
            [] => write!(text, "\n    {}", variant.name).unwrap(),
            some => write!(text, "\n    {} {{{} }}", variant.name, fields(some, " ")).unwrap(),
        }
    }
    text + "\n}"
}

fn signature(
    is_async: bool,
    inputs: &[FnParamMetadata],
    returned: &Option<Type>,
    throws: &Option<Type>,
) -> String {
    let inputs: Vec<_> = inputs.iter().map(|it| format!("{}: {}", it.name, name(&it.ty))).collect();
    let mut text = format!("({})", inputs.join(", "));
    if let Some(returned) = returned {
        write!(text, " -> {}", name(returned)).unwrap();
    }
    if let Some(throws) = throws {
        write!(text, " throws {}", name(throws)).unwrap();
    }
    if is_async { text + " async" } else { text }
}

fn fields(fields: &[FieldMetadata], before: &str) -> String {
    let field = |it: &FieldMetadata| {
        let default = it.default.as_ref().map(|_| " (has a default)").unwrap_or_default();
        format!("{before}{}: {}{default}", it.name, name(&it.ty))
    };
    fields.iter().map(field).collect::<Vec<_>>().join(",")
}

/// A type by the name it has here.
fn name(ty: &Type) -> String {
    match ty {
        Type::Object { name, .. } | Type::Record { name, .. } | Type::Enum { name, .. } => name.clone(),
        Type::Optional { inner_type } => format!("{}?", name(inner_type)),
        Type::Sequence { inner_type } => format!("[{}]", name(inner_type)),
        Type::Map { key_type, value_type } => format!("[{}: {}]", name(key_type), name(value_type)),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// What `item` exports without saying what it is.
fn undocumented(item: Metadata) -> Vec<String> {
    let missing = |name: String, text: &Option<String>| match text {
        Some(text) if !text.trim().is_empty() => None,
        _ => Some(name),
    };
    match item {
        Metadata::Func(it) => missing(it.name, &it.docstring).into_iter().collect(),
        Metadata::Constructor(it) => missing(it.name, &it.docstring).into_iter().collect(),
        Metadata::Method(it) => missing(it.name, &it.docstring).into_iter().collect(),
        Metadata::TraitMethod(it) => missing(it.name, &it.docstring).into_iter().collect(),
        Metadata::Object(it) => missing(it.name, &it.docstring).into_iter().collect(),
        Metadata::Record(it) => {
            let fields = it.fields.iter().map(|field| (&field.name, &field.docstring));
            let fields = fields.filter_map(|(field, text)| missing(format!("{}.{field}", it.name), text));
            fields.chain(missing(it.name.clone(), &it.docstring)).collect()
        }
        Metadata::Enum(it) => {
            let variants = it.variants.iter().map(|variant| (&variant.name, &variant.docstring));
            let variants =
                variants.filter_map(|(variant, text)| missing(format!("{}.{variant}", it.name), text));
            variants.chain(missing(it.name.clone(), &it.docstring)).collect()
        }
        _ => Vec::new(),
    }
}

/// The lines that are on one side only.
fn difference(expected: &str, found: &str) -> String {
    let only = |mark: &str, of: &str, other: &str| {
        let other: Vec<_> = other.lines().collect();
        of.lines()
            .filter(|line| !other.contains(line))
            .map(|line| format!("{mark} {line}\n"))
            .collect::<String>()
    };
    only("-", expected, found) + &only("+", found, expected)
}
