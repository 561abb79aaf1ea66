//! Turns each method of the generated client, which sends a request and awaits its
//! response, into one that builds the request and says how to decode the response.
//!
//! The generator has no such interface, and its hooks can only take the place of the
//! HTTP client. With requests as values a call is a straight line: build, send,
//! decode.

use anyhow::{Context, Result, bail, ensure};
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Arm, Attribute, Expr, ExprLit, ExprMatch, File, FnArg, GenericArgument, ImplItem, ImplItemFn,
    Item, ItemImpl, Lit, Local, Pat, PatType, PathArguments, ReturnType, Signature, Stmt, Token,
    Type, parse_quote, punctuated::Punctuated,
};

/// Keeps the types of a generated client, and its methods as builders of requests.
pub(super) fn only_build(file: File) -> Result<File> {
    let mut items = vec![
        parse_quote! {
            #[allow(unused_imports)]
            use progenitor_client::RequestBuilderExt;
        },
        parse_quote! {
            #[allow(unused_imports)]
            use crate::{BuildError, Client, Request, request::{self, QueryOption, encode_path}};
        },
    ];
    for item in file.items {
        match item {
            Item::Mod(module) if module.ident == "types" => items.push(Item::Mod(module)),
            Item::Impl(methods) if methods.trait_.is_none() => {
                items.extend(request_methods(methods)?.map(Item::Impl));
            }
            _ => {}
        }
    }
    Ok(File { items, ..file })
}

/// The operations of an `impl` block, or `None` if it has other methods only.
fn request_methods(mut block: ItemImpl) -> Result<Option<ItemImpl>> {
    let mut methods = Vec::new();
    for item in block.items {
        match item {
            ImplItem::Fn(method) if method.sig.asyncness.is_some() => {
                let name = method.sig.ident.to_string();
                let method = request_method(method).with_context(|| {
                    format!("cannot make a request builder of the generated method {name}")
                })?;
                methods.push(ImplItem::Fn(method));
            }
            _ => {}
        }
    }
    block.items = methods;
    Ok((!block.items.is_empty()).then_some(block))
}

fn request_method(mut method: ImplItemFn) -> Result<ImplItemFn> {
    let statements = &mut method.block.stmts;
    let built = statements
        .iter()
        .position(is_request)
        .context("no request is built")?;
    let sent = statements.split_off(built + 1);
    let operation_id = operation_id(&sent).context("no operation id")?;
    let statuses = success_statuses(&sent)?;

    let Some(Stmt::Local(local)) = statements.pop() else {
        bail!("no request is built");
    };
    let request = local.init.context("the request has no value")?.expr;
    // The method says what it sends; the caller sets these.
    statements.retain(|statement| !mentions(statement, r#""api-version""#));
    let has_headers = statements
        .iter()
        .any(|statement| mentions(statement, "header_map") && mentions(statement, "append"));
    if !has_headers {
        statements.retain(|statement| !mentions(statement, "header_map"));
    }
    let options = parameters(&method.sig, |ty| mentions(ty, "Option"));
    let texts = parameters(&method.sig, |ty| mentions(ty, "str"));
    let request = rebuilt(*request, has_headers, &options);
    let url = statements
        .iter_mut()
        .find(|statement| mentions(*statement, "baseurl"));
    from_base(url.context("no address is built")?, &texts)?;

    let (response, decode) = response(&method.sig.output)?;
    let is_empty = matches!(&response, Type::Tuple(tuple) if tuple.elems.is_empty());
    let statuses = if is_empty {
        quote!(200u16..=299u16)
    } else {
        quote!(200u16 #(| #statuses)*)
    };
    statements.push(parse_quote!(let request = #request;));
    let call: Expr = parse_quote! {
        Ok(Request::new(request, #operation_id, |status| matches!(status, #statuses), #decode))
    };
    statements.push(Stmt::Expr(call, None));
    method.sig.asyncness = None;
    method.sig.output = parse_quote!(-> Result<Request<#response>, BuildError>);
    method.attrs.iter_mut().for_each(says_builds);
    // Compiled in the programs that use it, with the types that it needs, and not before.
    method.attrs.push(parse_quote!(#[inline]));
    Ok(method)
}

/// Whether a statement is `let request = ….build()?`.
fn is_request(statement: &Stmt) -> bool {
    let Stmt::Local(local) = statement else {
        return false;
    };
    let Some(Expr::Try(tried)) = local.init.as_ref().map(|init| &*init.expr) else {
        return false;
    };
    matches!(&*tried.expr, Expr::MethodCall(call) if call.method == "build")
}

/// The value of `OperationInfo { operation_id: … }`.
fn operation_id(statements: &[Stmt]) -> Option<Expr> {
    statements.iter().find_map(|statement| {
        let Stmt::Local(local) = statement else {
            return None;
        };
        let Expr::Struct(info) = &*local.init.as_ref()?.expr else {
            return None;
        };
        let field = info.fields.iter().find(
            |field| matches!(&field.member, syn::Member::Named(name) if name == "operation_id"),
        )?;
        Some(field.expr.clone())
    })
}

/// The patterns of the statuses that the document names as successes, other than 200, which
/// always is one.
fn success_statuses(statements: &[Stmt]) -> Result<Vec<&Pat>> {
    let Some(Stmt::Expr(Expr::Match(ExprMatch { arms, .. }), _)) = statements.last() else {
        bail!("no match on the status");
    };
    let mut patterns: Vec<&Pat> = arms
        .iter()
        .map(|Arm { pat, .. }| pat)
        .filter(|pattern| !matches!(pattern, Pat::Wild(_)))
        .collect();
    ensure!(!patterns.is_empty(), "the document names no success");
    patterns.retain(|pattern| pattern.to_token_stream().to_string() != "200u16");
    Ok(patterns)
}

/// The type that a response decodes to, and the function that does it.
fn response(output: &ReturnType) -> Result<(Type, Expr)> {
    let inner = match output {
        ReturnType::Type(_, output) => first_argument(output).and_then(first_argument),
        ReturnType::Default => None,
    };
    let inner = inner.context("the method does not return a ResponseValue")?;
    let name = inner.to_token_stream().to_string();
    Ok(match name.as_str() {
        "()" => (inner.clone(), parse_quote!(request::empty)),
        "ByteStream" => (
            parse_quote!(::std::vec::Vec<u8>),
            parse_quote!(request::bytes),
        ),
        _ if name.ends_with("Upgraded") => bail!("the response is not HTTP"),
        _ => (inner.clone(), parse_quote!(request::json)),
    })
}

/// `T` of `Name<T, …>`.
fn first_argument(of: &Type) -> Option<&Type> {
    let Type::Path(path) = of else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(argument) => Some(argument),
        _ => None,
    }
}

/// The names of the parameters whose type `is` of some kind.
fn parameters(signature: &Signature, is: impl Fn(&Type) -> bool) -> Vec<String> {
    let name = |argument: &FnArg| match argument {
        FnArg::Typed(PatType { pat, ty, .. }) if is(ty) => Some(pat.to_token_stream().to_string()),
        _ => None,
    };
    signature.inputs.iter().filter_map(name).collect()
}

/// Makes `let url = self.url(&format!("./…", …))?` of `let url = format!("{}…", self.baseurl, …)`.
/// Parameters of `texts` are not copied.
fn from_base(statement: &mut Stmt, texts: &[String]) -> Result<()> {
    let Stmt::Local(Local {
        init: Some(init), ..
    }) = statement
    else {
        bail!("the address is no variable");
    };
    let Expr::Macro(format) = &*init.expr else {
        bail!("the address is not formatted");
    };
    let parts = format
        .mac
        .parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)?;
    let mut parts = parts.into_iter();
    let Some(Expr::Lit(ExprLit {
        lit: Lit::Str(template),
        ..
    })) = parts.next()
    else {
        bail!("the address has no template");
    };
    let template = template.value();
    let path = template
        .strip_prefix("{}")
        .context("the address does not begin with the base")?;
    let path = format!(".{path}");
    let values = parts.skip(1).map(|value| match copied(&value) {
        Some(text) if texts.contains(&text.to_token_stream().to_string()) => {
            parse_quote!(encode_path(#text))
        }
        _ => value,
    });
    *init.expr = parse_quote!(self.url(&format!(#path #(, #values)*))?);
    Ok(())
}

/// The parameter of `encode_path(&parameter.to_string())`.
fn copied(value: &Expr) -> Option<&Expr> {
    let Expr::Call(encoded) = value else {
        return None;
    };
    let Expr::Reference(text) = encoded.args.first()? else {
        return None;
    };
    match &*text.expr {
        Expr::MethodCall(copy) if copy.method == "to_string" => Some(&copy.receiver),
        _ => None,
    }
}

/// A chain of calls on a request without the `Accept` header and, unless the operation
/// has header parameters, without `.headers(header_map)`. Query parameters without a value take
/// a shorter way.
fn rebuilt(chain: Expr, has_headers: bool, options: &[String]) -> Expr {
    match chain {
        Expr::Try(mut tried) => {
            *tried.expr = rebuilt(*tried.expr, has_headers, options);
            Expr::Try(tried)
        }
        Expr::MethodCall(mut call) => {
            let receiver = rebuilt(*call.receiver, has_headers, options);
            let is_accept = call.method == "header"
                && call
                    .args
                    .first()
                    .is_some_and(|name| mentions(name, "ACCEPT"));
            if is_accept || (call.method == "headers" && !has_headers) {
                return receiver;
            }
            if call.method == "query"
                && let Some((name, value)) = query_option(call.args.first(), options)
            {
                return parse_quote!(#receiver.query_option(#name, #value));
            }
            *call.receiver = receiver;
            Expr::MethodCall(call)
        }
        other => other,
    }
}

/// The name and the value of the parameter `&QueryParam::new(name, &value)`, if the value is one
/// of `options`.
fn query_option(parameter: Option<&Expr>, options: &[String]) -> Option<(Expr, Expr)> {
    let Some(Expr::Reference(parameter)) = parameter else {
        return None;
    };
    let Expr::Call(new) = &*parameter.expr else {
        return None;
    };
    let mut arguments = new.args.iter().cloned();
    let (name, value) = (arguments.next()?, arguments.next()?);
    let is_option = options.iter().any(|option| mentions(&value, option));
    is_option.then_some((name, value))
}

/// Whether the text of a token, at any depth, is `word`.
fn mentions(tokens: &impl ToTokens, word: &str) -> bool {
    fn any(tokens: TokenStream, word: &str) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Group(group) => any(group.stream(), word),
            token => token.to_string() == word,
        })
    }
    any(tokens.to_token_stream(), word)
}

/// "Sends a `PATCH` request" is no longer true.
fn says_builds(attribute: &mut Attribute) {
    if let syn::Meta::NameValue(meta) = &mut attribute.meta
        && meta.path.is_ident("doc")
        && let Expr::Lit(literal) = &mut meta.value
        && let syn::Lit::Str(text) = &mut literal.lit
    {
        let value = text.value().replace("Sends a `", "Builds a `");
        *text = syn::LitStr::new(&value, text.span());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::progenitor::{Part, make};

    #[test]
    fn methods_build_requests_of_every_kind() {
        let text = json!({"type": "string"});
        let header = json!({"name": "If-Match", "in": "header", "schema": text});
        let path = json!({"name": "id", "in": "path", "required": true, "schema": text});
        let of = |responses| json!({"operationId": "read", "responses": responses});
        let media = |kind: &str| json!({"description": "", "content": {kind: {"schema": text}}});
        let mut with_header = of(json!({"200": media("application/json")}));
        with_header["operationId"] = "read_if".into();
        let query = |name, required| json!({"name": name, "in": "query", "required": required, "schema": text});
        with_header["parameters"] =
            json!([header, path, query("page", false), query("unit", true)]);
        let mut empty = of(json!({"202": {"description": ""}, "204": {"description": ""}}));
        empty["operationId"] = "delete".into();
        let mut created = of(json!({"201": media("application/json")}));
        created["operationId"] = "create".into();
        let mut bytes = of(json!({"200": media("application/gzip")}));
        bytes["operationId"] = "download".into();
        let document = json!({
            "openapi": "3.0.3",
            "info": {"title": "", "version": "1"},
            "paths": {
                "/if/{id}:read": {"get": with_header},
                "/empty": {"delete": empty, "post": created},
                "/bytes": {"get": bytes},
            }
        });
        let generated = make(Part::Client, &document).unwrap();
        let methods = &generated[generated.find("impl Client").unwrap()..];
        insta::assert_snapshot!(methods);
    }
}
