//! The services' pretty-printed JSON: `"k" : v`, one member of an object per line, and arrays on
//! one line.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Serializes `value`, pretty-printed if `pretty`.
pub(crate) fn to_vec(value: &impl Serialize, pretty: bool) -> serde_json::Result<Vec<u8>> {
    if !pretty {
        return serde_json::to_vec(value);
    }
    let mut out = Vec::with_capacity(512);
    value.serialize(&mut Serializer::with_formatter(
        &mut out,
        PrettyFormatter::default(),
    ))?;
    Ok(out)
}

#[derive(Default)]
struct PrettyFormatter {
    depth: usize,
    empty: bool,
}

impl PrettyFormatter {
    fn new_line<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }
}

impl Formatter for PrettyFormatter {
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        self.empty = true;
        writer.write_all(b"{")
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.new_line(writer)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b" : ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.empty = false;
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        if self.empty {
            writer.write_all(b" ")?;
        } else {
            self.new_line(writer)?;
        }
        writer.write_all(b"}")
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"[")
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        writer.write_all(if first { b" " } else { b", " })
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        Ok(())
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b" ]")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    fn printed(value: serde_json::Value) -> String {
        String::from_utf8(super::to_vec(&value, true).unwrap()).unwrap()
    }

    #[test]
    fn nested_values_have_the_services_layout() {
        let value = json!({"a": "b", "links": [{"href": "x"}, {"href": "y"}], "n": [1, 2]});
        assert_eq!(
            printed(value),
            "{\n  \"a\" : \"b\",\n  \"links\" : [ {\n    \"href\" : \"x\"\n  }, {\n    \"href\" : \"y\"\n  } ],\n  \"n\" : [ 1, 2 ]\n}"
        );
    }

    #[test]
    fn empty_containers_contain_one_space() {
        let value = json!({"a": [], "o": {}});
        assert_eq!(printed(value), "{\n  \"a\" : [ ],\n  \"o\" : { }\n}");
    }
}
