//! Every program in this package prints what its first comment says.

use std::{env, error::Error, fs, path::Path, process::Command};

#[test]
fn programs_print_what_they_say() -> Result<(), Box<dyn Error>> {
    // This test is in `deps`, and cargo has built the programs beside it.
    let test = env::current_exe()?;
    let programs = test.ancestors().nth(2).ok_or("no folder")?.join("examples");
    for entry in fs::read_dir(env!("CARGO_MANIFEST_DIR"))? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "rs") {
            let name = file.file_stem().ok_or("no name")?;
            check(&file, &programs.join(name))?;
        }
    }
    Ok(())
}

fn check(source: &Path, program: &Path) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(source)?;
    let expected = printed(&text);
    let output = Command::new(program).env_clear().output()?;
    let actual = String::from_utf8(output.stdout)?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", program.display());
    assert!(!expected.is_empty(), "{} says nothing", source.display());
    assert!(
        matches(&expected, &actual),
        "{} prints:\n{actual}",
        source.display()
    );
    Ok(())
}

/// Returns the block `text` in the first comment.
fn printed(source: &str) -> String {
    let comment = source.lines().map_while(|line| line.strip_prefix("//!"));
    let block = comment.skip_while(|line| *line != " ```text").skip(1);
    let lines = block.take_while(|line| *line != " ```");
    lines
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect()
}

/// Compares texts, in the first of which `…` stands for anything.
fn matches(expected: &str, actual: &str) -> bool {
    match expected.split_once('…') {
        None => expected == actual,
        Some((start, rest)) => actual.strip_prefix(start).is_some_and(|actual| {
            (0..=actual.len()).any(|at| actual.get(at..).is_some_and(|end| matches(rest, end)))
        }),
    }
}
