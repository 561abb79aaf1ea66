//! Reading and writing documents: YAML or JSON, plain or gzipped.

mod json;
pub mod output;
pub mod sanitize;

use std::{
    borrow::Cow,
    fs::{self, File},
    io::Read,
    path::Path,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use serde_saphyr::{UserMessageFormatter, options::MergeKeyPolicy};

/// The longest text of a document. No OpenAPI document comes near it; a decompression bomb
/// exceeds it.
pub const MAX_BYTES: u64 = 64 << 20;

/// The deepest nesting, which is the JSON parser's limit.
const MAX_DEPTH: usize = 128;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// Reads the document at `path`, in any of the four forms.
pub fn read(path: &Path) -> Result<Value> {
    read_text(path)
        .and_then(|text| parse(&text))
        .with_context(|| path.display().to_string())
}

/// Reads a document that must be OpenAPI 3.0.
pub fn read_openapi(path: &Path) -> Result<Value> {
    let document = read(path)?;
    check_openapi(&document).with_context(|| path.display().to_string())?;
    Ok(document)
}

/// Reads the text of a document, unpacked.
pub fn read_text(path: &Path) -> Result<String> {
    unpack(File::open(path)?)
}

/// Returns the text of a document, plain or gzipped. A gzip file may have several members, and
/// nothing else behind them.
pub fn unpack(mut source: impl Read) -> Result<String> {
    let mut bytes = Vec::new();
    source
        .by_ref()
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.starts_with(GZIP_MAGIC) {
        let compressed = std::mem::take(&mut bytes);
        MultiGzDecoder::new(compressed.as_slice())
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .context("not a whole gzip file")?;
    }
    ensure!(
        bytes.len() as u64 <= MAX_BYTES,
        "longer than {} MiB",
        MAX_BYTES >> 20
    );
    ensure!(!bytes.contains(&0), "not UTF-8 text; it may be UTF-16");
    String::from_utf8(bytes).context("not UTF-8 text")
}

/// Parses the text of a document, YAML or JSON.
pub fn parse(text: &str) -> Result<Value> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        json::parse(text).context("not JSON")
    } else {
        serde_saphyr::from_str_with_options(text, yaml_options())
            .map_err(|error| anyhow!("not YAML: {}", one_line(&error)))
    }
}

/// Returns the options for YAML: by the rules of YAML 1.2, where `on` and `1_000` are text,
/// with room for a document sixteen times the vendor's. Aliases may expand up to the
/// parser's own limits.
fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 4_000_000,
            max_nodes: 2_000_000,
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_total_scalar_bytes: MAX_BYTES as usize,
        },
        strict_booleans: true,
        underscored_numbers_as_strings: true,
        merge_keys: MergeKeyPolicy::Error,
    }
}

/// Returns a parser's message without the excerpt of the source.
fn one_line(error: &serde_saphyr::Error) -> String {
    let text = error
        .without_snippet()
        .render_with_formatter(&UserMessageFormatter);
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").trim().to_owned()
}

/// Fails unless `document` is OpenAPI 3.0.
pub fn check_openapi(document: &Value) -> Result<()> {
    match document.get("openapi") {
        Some(Value::String(version)) if version.starts_with("3.0.") => Ok(()),
        Some(version) => bail!("/openapi: {version} is not OpenAPI 3.0"),
        None => bail!("/openapi: missing, so this is no OpenAPI document"),
    }
}

/// Writes a document as YAML, keys in order, so that equal documents are equal text.
pub fn to_yaml(document: &Value) -> Result<String> {
    serde_saphyr::to_string(document).context("cannot be written as YAML")
}

/// Returns the target of a local `$ref`.
pub fn resolve<'a>(document: &'a Value, reference: &str) -> Result<&'a Value> {
    let Some(pointer) = reference.strip_prefix('#') else {
        bail!("$ref '{reference}' leads to another file; only one document is read");
    };
    document
        .pointer(pointer)
        .with_context(|| format!("$ref '{reference}' leads nowhere"))
}

/// Follows references from a value, over any number of steps.
pub fn follow<'a>(document: &'a Value, value: &'a Value) -> Result<&'a Value> {
    follow_to(document, value).map(|(value, _)| value)
}

/// Like [`follow`], and also returns the pointer to the target if there was a reference.
pub fn follow_to<'a>(
    document: &'a Value,
    mut value: &'a Value,
) -> Result<(&'a Value, Option<String>)> {
    let mut seen = Vec::new();
    while let Some(reference) = value.get("$ref").and_then(Value::as_str) {
        ensure!(
            !seen.contains(&reference),
            "$ref '{reference}' leads back to itself"
        );
        seen.push(reference);
        value = resolve(document, reference)?;
    }
    let pointer = seen
        .last()
        .map(|last| last.trim_start_matches('#').to_owned());
    Ok((value, pointer))
}

/// Returns the name of the schema that a reference points to.
pub fn component(reference: &str) -> Option<String> {
    let name = reference.strip_prefix("#/components/schemas/")?;
    Some(name.replace("~1", "/").replace("~0", "~"))
}

/// Returns every reference below `value`, with its location.
pub fn references(value: &Value, place: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(value, &mut place.to_owned(), &mut found);
    found
}

fn collect(value: &Value, place: &mut String, found: &mut Vec<(String, String)>) {
    let here = place.len();
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if item.is_object() || item.is_array() {
                    place.push('/');
                    place.push_str(&index.to_string());
                    collect(item, place, found);
                    place.truncate(here);
                }
            }
        }
        Value::Object(object) => {
            for (key, value) in object {
                place.push('/');
                place.push_str(&escape(key));
                match (key.as_str(), value) {
                    ("$ref", Value::String(reference)) => {
                        found.push((reference.clone(), place.clone()));
                    }
                    ("mapping", Value::Object(mapping)) => found.extend(
                        mapping
                            .values()
                            .filter_map(Value::as_str)
                            .filter(|target| target.starts_with('#'))
                            .map(|target| (target.to_owned(), place.clone())),
                    ),
                    _ => collect(value, place, found),
                }
                place.truncate(here);
            }
        }
        _ => {}
    }
}

/// Escapes one step of a JSON pointer.
pub fn escape(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) {
        key.replace('~', "~0").replace('/', "~1").into()
    } else {
        key.into()
    }
}

/// Returns an error of the TOML parser on one line.
pub fn toml_error(error: toml::de::Error) -> anyhow::Error {
    anyhow!("{}", error.to_string().trim().replace('\n', " "))
}

/// Replaces the file at `path` atomically.
pub fn replace_file(path: &Path, text: &str) -> Result<()> {
    let place = || path.display().to_string();
    let mut name = path.file_name().with_context(place)?.to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    fs::write(&new, text).with_context(place)?;
    fs::rename(&new, path).with_context(place)
}
