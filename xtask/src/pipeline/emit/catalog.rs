//! The catalog of the raw crate: the differences between the services, as constants.

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::{
    pipeline::services::Services,
    pipeline::unify::{Field, OperationEntry, ServiceEntry, Unified},
};

/// Returns the module of constants.
pub(crate) fn tokens(unified: &Unified, services: &Services) -> Result<TokenStream> {
    let constants = unified
        .catalog
        .iter()
        .map(|entry| service_constant(entry, services))
        .collect::<Result<Vec<_>>>()?;
    Ok(quote! {
        use crate::catalog::{Field, MediaType, Operation, Service};
        #(#constants)*
    })
}

fn service_constant(entry: &ServiceEntry, services: &Services) -> Result<TokenStream> {
    let name = &entry.name;
    let service = services
        .services
        .get(name)
        .context("a service of services.toml")?;
    let constant = format_ident!("{}", name.replace('-', "_").to_uppercase());
    let about = format!(" The service `{name}`.");
    let base_path = &service.base_path;
    let media_type = match service.media_type.split_once("{date}") {
        Some((prefix, suffix)) => quote!(MediaType::Dated { prefix: #prefix, suffix: #suffix }),
        None => quote!(MediaType::Json),
    };
    let operations = entry
        .operations
        .iter()
        .map(|operation| operation_value(operation, services))
        .collect::<Result<Vec<_>>>()?;
    Ok(quote! {
        #[doc = #about]
        pub const #constant: Service = Service {
            name: #name,
            base_path: #base_path,
            media_type: #media_type,
            operations: &[#(#operations),*],
        };
    })
}

fn operation_value(entry: &OperationEntry, services: &Services) -> Result<TokenStream> {
    let OperationEntry {
        id,
        versions,
        query,
        body,
    } = entry;
    let operation = services
        .operations
        .get(id)
        .context("an operation of services.toml")?;
    let (method, path) = (operation.method.to_uppercase(), &operation.path);
    let query = query.iter().map(field_value);
    let body = body.iter().map(field_value);
    Ok(quote! {
        Operation {
            id: #id,
            method: #method,
            path: #path,
            versions: &[#(#versions),*],
            query: &[#(#query),*],
            body: &[#(#body),*],
        }
    })
}

fn field_value(field: &Field) -> TokenStream {
    let Field {
        name,
        required,
        min,
        max,
        values,
    } = field;
    let option = |limit: &Option<u64>| match limit {
        Some(limit) => {
            let limit = proc_macro2::Literal::u64_unsuffixed(*limit);
            quote!(Some(#limit))
        }
        None => quote!(None),
    };
    let (min, max) = (option(min), option(max));
    quote! {
        Field { name: #name, required: #required, min: #min, max: #max, values: &[#(#values),*] }
    }
}
