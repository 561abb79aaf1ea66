//! The figures in README.md, between two markers.

use std::{fs, path::Path, thread};

use anyhow::{Context, Result};

const START: &str = "<!-- figures of cargo xtask bench -->\n";
const END: &str = "<!-- end of figures -->";

/// Puts a new table in the place of the old one.
pub(crate) fn update(path: &Path, table: &str) -> Result<()> {
    let place = || path.display().to_string();
    let readme = fs::read_to_string(path).with_context(place)?;
    let cores = thread::available_parallelism()?;
    let date = chrono::Utc::now().format("%Y-%m-%d");
    let figures = format!("Measured on {date}, on a machine with {cores} processors.\n\n{table}\n");
    let readme = replaced(&readme, &figures).with_context(place)?;
    fs::write(path, readme).with_context(place)
}

fn replaced(readme: &str, figures: &str) -> Result<String> {
    let missing = "the markers of the benchmark's figures are missing";
    let (head, rest) = readme.split_once(START).context(missing)?;
    let (_, tail) = rest.split_once(END).context(missing)?;
    Ok(format!("{head}{START}\n{figures}\n{END}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
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
    fn a_readme_without_markers_is_left_alone() {
        assert!(replaced("# Title\n", "figures").is_err());
        assert!(replaced(&format!("{END}\n{START}"), "figures").is_err());
    }
}
