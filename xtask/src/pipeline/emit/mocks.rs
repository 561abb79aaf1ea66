//! Typed mocks of each service. progenitor knows one service without a base path, only the
//! media type `application/json`, and takes a parameter in a path for a regular expression;
//! all three are corrected here.

use anyhow::{Context, Result, bail, ensure};
use proc_macro2::{Group, Literal, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use serde_json::{Map, Value};
use syn::{File, Item, Type};

use super::{progenitor::Part, worker};
use crate::pipeline::{
    services::{Service, Services},
    unify::{OperationEntry, ServiceEntry},
};

/// Returns the module of mocks, with one module for each service.
pub(crate) fn tokens(
    lowered: &Value,
    catalog: &[ServiceEntry],
    services: &Services,
) -> Result<TokenStream> {
    let modules = catalog
        .iter()
        .map(|entry| {
            let service = services
                .services
                .get(&entry.name)
                .context("a service of services.toml")?;
            module(lowered, entry, service).with_context(|| entry.name.clone())
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(quote!(#(#modules)*))
}

fn module(lowered: &Value, entry: &ServiceEntry, service: &Service) -> Result<TokenStream> {
    let text = worker::make(Part::Mocks, &at_base_path(lowered, &service.base_path)?)?;
    let File { items, .. } = syn::parse_file(&text)?;
    let items = with_media_types(items, entry, service)?;
    let items = with_literal_paths(quote!(#(#items)*));
    let name = format_ident!("{}", entry.name.replace('-', "_"));
    let about = format!(" Mocks of the service `{}`.", entry.name);
    Ok(quote! {
        #[doc = #about]
        pub mod #name {
            #items
        }
    })
}

/// Sets the media type of every response with a body, and fails if that is not possible: the
/// generator's output may change.
fn with_media_types(
    mut items: Vec<Item>,
    entry: &ServiceEntry,
    service: &Service,
) -> Result<Vec<Item>> {
    for item in &mut items {
        let Item::Mod(module) = item else { continue };
        if module.ident == "operations" {
            let (_, items) = module.content.as_mut().context("a module with a body")?;
            for item in items {
                set_media_type(item, entry, service)?;
            }
        }
    }
    Ok(items)
}

/// Returns the document with the service's base path before every path.
fn at_base_path(lowered: &Value, base_path: &str) -> Result<Value> {
    let paths = lowered
        .get("paths")
        .and_then(Value::as_object)
        .context("/paths: missing")?;
    let paths: Map<_, _> = paths
        .iter()
        .map(|(path, item)| (format!("{base_path}{path}"), item.clone()))
        .collect();
    let mut document = lowered.clone();
    document["paths"] = paths.into();
    Ok(document)
}

const GENERATORS_OWN: &str = "\"application/json\"";

/// Sets the service's media type in the responses of an operation.
fn set_media_type(item: &mut Item, entry: &ServiceEntry, service: &Service) -> Result<()> {
    let Item::Impl(implementation) = item else {
        return Ok(());
    };
    let Type::Path(name) = &*implementation.self_ty else {
        bail!("an implementation for what has no name");
    };
    let name = name.to_token_stream().to_string();
    let operation = entry
        .operations
        .iter()
        .find(|operation| name == format!("{}Then", type_name(&operation.id)));
    let tokens = implementation.to_token_stream();
    let text = tokens.to_string();
    if !text.contains(GENERATORS_OWN) {
        let has_body = operation.is_some() && text.contains("json_body");
        ensure!(!has_body, "{name} has no {GENERATORS_OWN} to replace");
        return Ok(());
    }
    *item = match operation {
        Some(operation) => {
            let media_type = Literal::string(&media_type(operation, service)?);
            syn::parse2(replace(tokens, &media_type))?
        }
        None => bail!("{name} responds for no operation"),
    };
    Ok(())
}

/// Returns the media type of the newest version's responses.
fn media_type(operation: &OperationEntry, service: &Service) -> Result<String> {
    if !service.media_type.contains("{date}") {
        return Ok(service.media_type.clone());
    }
    let newest = operation.versions.last().context("a version")?;
    Ok(service.media_type.replace("{date}", newest) + ";charset=utf-8")
}

/// Returns the name that the generator gives a type of an operation.
fn type_name(operation: &str) -> String {
    let words = operation.split('_').filter_map(|word| {
        let (first, rest) = word.split_at_checked(1)?;
        Some(first.to_uppercase() + rest)
    });
    words.collect()
}

/// Makes each path match what the client sends: a value stands for itself, escaped as the client
/// escapes it, and no parameter reaches over a slash.
fn with_literal_paths(tokens: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let pattern = match tokens.as_slice() {
        [TokenTree::Literal(literal), ..] => pattern(literal),
        _ => None,
    };
    match pattern {
        Some((pattern, true)) => {
            quote!(#pattern, regex::escape(&progenitor_client::encode_path(&value.to_string())))
        }
        Some((pattern, false)) => quote!(#pattern),
        None => {
            let below = |tree| match tree {
                TokenTree::Group(group) => {
                    let inner = with_literal_paths(group.stream());
                    Group::new(group.delimiter(), inner).into()
                }
                tree => tree,
            };
            tokens.into_iter().map(below).collect()
        }
    }
}

/// Returns the pattern of a path for one of the generator's, and whether it has a value. Other
/// literals are none.
fn pattern(literal: &Literal) -> Option<(Literal, bool)> {
    let text: syn::LitStr = syn::parse2(literal.to_token_stream()).ok()?;
    let text = text.value();
    let path = text.strip_prefix("^/")?.strip_suffix('$')?;
    // Neither is escaped.
    let (any, value) = ("\u{1}", "\u{2}");
    let path = path.replace("[^/]*", any).replace(".*", any);
    let path = regex::escape(&path.replace("{}", value));
    let path = path.replace(any, "[^/]*").replace(value, "{}");
    let pattern = format!("^/{path}$");
    Some((Literal::string(&pattern), text.contains("{}")))
}

fn replace(tokens: TokenStream, media_type: &Literal) -> TokenStream {
    let replace_one = |tree| match tree {
        TokenTree::Group(group) => {
            let inner = replace(group.stream(), media_type);
            Group::new(group.delimiter(), inner).into()
        }
        TokenTree::Literal(literal) if literal.to_string() == GENERATORS_OWN => {
            media_type.clone().into()
        }
        tree => tree,
    };
    tokens.into_iter().map(replace_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::services::Source;

    /// The generator's output for one operation, with its way of setting a media type.
    fn generated(set: &str) -> Vec<Item> {
        let text =
            format!("mod operations {{ impl UpdateOrgApiKeyThen {{ fn ok(self) {{ {set} }} }} }}");
        syn::parse_file(&text).unwrap().items
    }

    #[test]
    fn each_operation_gets_the_type_of_its_service() {
        let entry = ServiceEntry {
            name: "atlas-v2".to_owned(),
            operations: vec![OperationEntry {
                id: "update_org_api_key".to_owned(),
                versions: vec!["2023-01-01".to_owned()],
                query: Vec::new(),
                body: Vec::new(),
            }],
        };
        let service = Service {
            title: String::new(),
            document: String::new(),
            source: Source::Handwritten,
            upstream: None,
            base_path: String::new(),
            media_type: "application/vnd.atlas.{date}+json".to_owned(),
            newest: None,
        };
        let set = |how| with_media_types(generated(how), &entry, &service);

        let items = set(r#"header("application/json")"#).unwrap();
        let text = quote!(#(#items)*).to_string();
        assert!(text.contains(r#""application/vnd.atlas.2023-01-01+json;charset=utf-8""#));
        let error = set("json_body()").err().unwrap().to_string();
        assert!(error.contains("UpdateOrgApiKeyThen"), "{error}");
        assert!(set("status(204)").is_ok());
    }

    #[test]
    fn a_value_in_a_path_stands_for_itself_and_no_parameter_reaches_over_a_slash() {
        let tokens = with_literal_paths(quote! {
            path_matches(regex::Regex::new("^/api/v1.0/orgs/[^/]*/list/[^/]*$").unwrap());
            let re = regex::Regex::new(&format!("^/api/v1.0/orgs/.*/list/{}.gz$", value.to_string()))
                .unwrap();
            query_param("^", value.to_string())
        });
        let expected = quote! {
            path_matches(regex::Regex::new("^/api/v1\\.0/orgs/[^/]*/list/[^/]*$").unwrap());
            let re = regex::Regex::new(&format!(
                "^/api/v1\\.0/orgs/[^/]*/list/{}\\.gz$",
                regex::escape(&progenitor_client::encode_path(&value.to_string()))
            ))
            .unwrap();
            query_param("^", value.to_string())
        };
        assert_eq!(tokens.to_string(), expected.to_string());
    }
}
