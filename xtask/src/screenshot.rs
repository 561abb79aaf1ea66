//! The picture of `atlas-admin apply --plan` in README.md.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use anstyle::{Color, RgbColor};
use anstyle_svg::{Palette, Term};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The seed in README.md, whose ids its manifest has.
const SEED: &str = "7";

const ARGUMENTS: [&str; 3] = ["apply", "keys.yaml", "--plan"];

/// Runs the command against the emulator and writes docs/assets/apply-plan.svg.
pub fn write(root: &Path) -> Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = Command::new(cargo)
        .args(["build", "--quiet", "--package", "atlas-admin-cli"])
        .current_dir(root)
        .status()?;
    ensure!(build.success(), "cargo build: {build}");
    let command = env::current_exe()?.with_file_name("atlas-admin");

    let readme = fs::read_to_string(root.join("README.md"))?;
    let folder = root.join("target/screenshot");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("keys.yaml"), manifest(&readme)?)?;

    let mut emulator = Command::new(&command)
        .args([
            "emulator",
            "--quiet",
            "--rng-seed",
            SEED,
            "--output",
            "json",
        ])
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()?;
    let plan = plan(&command, &folder, &mut emulator);
    emulator.kill()?;
    emulator.wait()?;

    let path = root.join("docs/assets/apply-plan.svg");
    fs::write(&path, draw(&plan?)).with_context(|| path.display().to_string())?;
    println!("wrote {}", path.display());
    Ok(())
}

/// Returns the manifest in README.md.
fn manifest(readme: &str) -> Result<&str> {
    const FENCE: &str = "```yaml\n";
    let start = readme
        .find("```yaml\nkeys:")
        .context("README.md has no manifest")?;
    let block = &readme[start + FENCE.len()..];
    let end = block
        .find("```")
        .context("README.md has an open code block")?;
    Ok(&block[..end])
}

/// Returns the output of the command, with its colors.
fn plan(command: &Path, folder: &Path, emulator: &mut Child) -> Result<String> {
    let stdout = emulator.stdout.take().context("no standard output")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let access: Value = serde_json::from_str(&line).context("the emulator did not start")?;
    let access = |name: &str| access[name].as_str().unwrap_or_default();
    let output = Command::new(command)
        .args(ARGUMENTS)
        .args(["--color", "always"])
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("MONGODB_ATLAS_BASE_URL", access("base_url"))
        .env("MONGODB_ATLAS_ORG_ID", access("org_id"))
        .env("MONGODB_ATLAS_PUBLIC_API_KEY", access("public_key"))
        .env("MONGODB_ATLAS_PRIVATE_API_KEY", access("private_key"))
        .output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {stderr}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// Draws a dark terminal, which suits light and dark pages.
fn draw(output: &str) -> String {
    const fn rgb(hex: u32) -> RgbColor {
        let [_, red, green, blue] = hex.to_be_bytes();
        RgbColor(red, green, blue)
    }
    const PALETTE: Palette = Palette([
        rgb(0x484f58),
        rgb(0xff7b72),
        rgb(0x3fb950),
        rgb(0xd29922),
        rgb(0x58a6ff),
        rgb(0xbc8cff),
        rgb(0x39c5cf),
        rgb(0xb1bac4),
        rgb(0x6e7681),
        rgb(0xffa198),
        rgb(0x56d364),
        rgb(0xe3b341),
        rgb(0x79c0ff),
        rgb(0xd2a8ff),
        rgb(0x56d4dd),
        rgb(0xffffff),
    ]);
    let prompt = format!("$ atlas-admin {}", ARGUMENTS.join(" "));
    Term::new()
        .palette(PALETTE)
        .fg_color(Color::Rgb(rgb(0xe6edf3)))
        .bg_color(Color::Rgb(rgb(0x161b22)))
        .render_svg(&format!("\x1b[1m{prompt}\x1b[0m\n{}", output.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_is_the_code_block_with_keys() {
        let readme = "```yaml\nother: 1\n```\n\n```yaml\nkeys:\n  - id: a\n```\nThe rest.\n";
        assert_eq!(manifest(readme).unwrap(), "keys:\n  - id: a\n");
        assert!(manifest("```yaml\nother: 1\n```\n").is_err());
    }

    #[test]
    fn colors_become_fills() {
        let svg = draw("organization: \x1b[32m+ORG_READ_ONLY\x1b[0m\n");
        assert!(
            svg.contains("$ atlas-admin apply keys.yaml --plan"),
            "{svg}"
        );
        assert!(svg.contains("fill: #3FB950"), "{svg}");
        assert!(svg.contains("+ORG_READ_ONLY"), "{svg}");
    }
}
