//! The table in README.md, between two markers.

use std::{fs, path::Path, thread};

use anyhow::{Context, Result};

const START: &str = "<!-- benchmark: written by cargo xtask bench -->\n";
const END: &str = "<!-- end of benchmark -->";

/// Replaces the table.
pub(crate) fn update(path: &Path, table: &str) -> Result<()> {
    let path_text = || path.display().to_string();
    let readme = fs::read_to_string(path).with_context(path_text)?;
    let cores = thread::available_parallelism()?;
    let date = chrono::Utc::now().format("%Y-%m-%d");
    let figures = format!("Measured on {date}, on a machine with {cores} processors.\n\n{table}\n");
    let readme = replaced(&readme, &figures).with_context(path_text)?;
    fs::write(path, readme).with_context(path_text)
}

fn replaced(readme: &str, figures: &str) -> Result<String> {
    let missing = "the markers of the benchmark table are missing";
    let (head, rest) = readme.split_once(START).context(missing)?;
    let (_, tail) = rest.split_once(END).context(missing)?;
    Ok(format!("{head}{START}\n{figures}\n{END}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_outside_the_markers_stays() {
        let readme = format!("# Title\n\n{START}old\n{END}\n\nThe rest.\n");
        let once = replaced(&readme, "first\n").unwrap();
        assert_eq!(
            once,
            format!("# Title\n\n{START}\nfirst\n\n{END}\n\nThe rest.\n")
        );
        let twice = replaced(&once, "second\n").unwrap();
        assert_eq!(twice, once.replace("first", "second"));
    }

    #[test]
    fn missing_markers_are_an_error() {
        assert!(replaced("# Title\n", "figures").is_err());
        assert!(replaced(&format!("{END}\n{START}"), "figures").is_err());
    }
}
