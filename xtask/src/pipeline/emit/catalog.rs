//! The catalog of the raw crate: the differences between the services, as constants. It is
//! written as text, so that each field has one line whatever its length.

use std::fmt::Write;

use anyhow::{Context, Result};

use super::progenitor::HEADER;
use crate::pipeline::{
    services::Services,
    unify::{Field, OperationEntry, ServiceEntry, Unified},
};

/// Returns the text of the module.
pub(crate) fn text(unified: &Unified, services: &Services) -> Result<String> {
    let mut text =
        format!("{HEADER}use crate::catalog::{{Effect, Field, MediaType, Operation, Service}};\n");
    for entry in &unified.catalog {
        service(&mut text, entry, services)?;
    }
    syn::parse_file(&text).context("the catalog does not parse as Rust")?;
    Ok(text)
}

fn service(text: &mut String, entry: &ServiceEntry, services: &Services) -> Result<()> {
    let name = &entry.name;
    let service = services
        .services
        .get(name)
        .context("a service of services.toml")?;
    let constant = constant(name);
    let media_type = match service.media_type.split_once("{date}") {
        Some((prefix, suffix)) => {
            format!("MediaType::Dated {{ prefix: {prefix:?}, suffix: {suffix:?} }}")
        }
        None => "MediaType::Json".to_owned(),
    };
    let mut lists = Lists::default();
    let mut operations = String::new();
    for entry in &entry.operations {
        operation(&mut operations, entry, services, &constant, &mut lists)?;
    }
    write!(
        text,
        "\n/// The service `{name}`.\n\
         pub const {constant}: Service = Service {{\n    \
             name: {name:?},\n    \
             base_path: {:?},\n    \
             media_type: {media_type},\n    \
             operations: &[\n{operations}    ],\n\
         }};\n",
        service.base_path
    )?;
    for (name, values) in lists.0 {
        writeln!(text, "\nconst {name}: &[&str] = &[")?;
        for value in values {
            writeln!(text, "    {value:?},")?;
        }
        writeln!(text, "];")?;
    }
    Ok(())
}

fn operation(
    text: &mut String,
    entry: &OperationEntry,
    services: &Services,
    service: &str,
    lists: &mut Lists,
) -> Result<()> {
    let id = &entry.id;
    let operation = services
        .operations
        .get(id)
        .context("an operation of services.toml")?;
    write!(
        text,
        "        Operation {{\n            \
             id: {id:?},\n            \
             method: {:?},\n            \
             path: {:?},\n            \
             effect: Effect::{:?},\n            \
             versions: &{:?},\n",
        operation.method.to_uppercase(),
        operation.path,
        operation.effect,
        entry.versions,
    )?;
    for (name, fields) in [("query", &entry.query), ("body", &entry.body)] {
        if fields.is_empty() {
            writeln!(text, "            {name}: &[],")?;
            continue;
        }
        writeln!(text, "            {name}: &[")?;
        for field in fields {
            let line = self::field(field, || {
                lists.name(&field.values, || {
                    format!("{service}_{}_{}", constant(id), constant(&field.name))
                })
            });
            writeln!(text, "                {line},")?;
        }
        writeln!(text, "            ],")?;
    }
    writeln!(text, "        }},")?;
    Ok(())
}

/// Returns the expression for a field, on one line.
fn field(field: &Field, list: impl FnOnce() -> String) -> String {
    let kind = if field.required {
        "required"
    } else {
        "optional"
    };
    let mut line = format!("Field::{kind}({:?})", field.name);
    if let Some(min) = field.min {
        line += &format!(".min({min})");
    }
    if let Some(max) = field.max {
        line += &format!(".max({max})");
    }
    if !field.values.is_empty() {
        line += &format!(".values({})", list());
    }
    line
}

/// Lists of values, each once, named after the first field that has it.
#[derive(Default)]
struct Lists(Vec<(String, Vec<String>)>);

impl Lists {
    fn name(&mut self, values: &[String], new: impl FnOnce() -> String) -> String {
        if let Some((name, _)) = self.0.iter().find(|(_, known)| known == values) {
            return name.clone();
        }
        let name = new();
        self.0.push((name.clone(), values.to_vec()));
        name
    }
}

fn constant(name: &str) -> String {
    heck::AsShoutySnakeCase(name).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn each_field_has_one_line_and_each_list_of_values_one_constant() {
        let services: Services = toml::from_str(
            r#"
            title = "Keys"
            types = {}
            roles = {}
            [services.dated]
            title = "Dated"
            document = "dated.yaml"
            source = "trimmed"
            base_path = "/api"
            media_type = "application/vnd.s.{date}+json"
            [operations.create_key]
            method = "POST"
            path = "/keys/{keyId}"
            effect = "create"
            [operations.list_keys]
            method = "GET"
            path = "/keys"
            effect = "read"
            "#,
        )
        .unwrap();
        let field = |name: &str, required, max, values: &[&str]| Field {
            name: name.to_owned(),
            required,
            min: None,
            max,
            values: values.iter().map(|&value| value.to_owned()).collect(),
        };
        let unified = Unified {
            document: Value::Null,
            catalog: vec![ServiceEntry {
                name: "dated".to_owned(),
                operations: vec![
                    OperationEntry {
                        id: "create_key".to_owned(),
                        versions: vec!["2023-01-01".to_owned(), "2024-01-01".to_owned()],
                        query: vec![field("role", false, None, &["OWNER", "MEMBER"])],
                        body: vec![
                            field("desc", true, Some(250), &[]),
                            field("roles", true, None, &["OWNER", "MEMBER"]),
                        ],
                    },
                    OperationEntry {
                        id: "list_keys".to_owned(),
                        versions: Vec::new(),
                        query: Vec::new(),
                        body: Vec::new(),
                    },
                ],
            }],
        };
        insta::assert_snapshot!(text(&unified, &services).unwrap());
    }
}
