//! Checks the packages as their users get them: what is in them, programs that are built from them
//! alone, their own tests, the oldest Rust, and the oldest versions of dependencies.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::trial::target;

/// What every package has beside its code. Both licences ask for their text.
const FILES: [&str; 4] = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// What the page of a package shows.
const KEYS: [&str; 5] = ["description", "keywords", "license", "readme", "repository"];

/// The end of the host names that nobody can have.
const PLACEHOLDER: &str = ".example/";

/// The chapter of the guide that a newcomer follows.
const CHAPTER: &str = "docs/src/quick-start.md";

/// A crate that is published.
struct Package {
    name: String,
    version: String,
}

/// Packages the crates of the workspace at `root`, unpacks them in a workspace of their own, and
/// checks them there.
pub fn check(root: &Path) -> Result<()> {
    let target = target(root)?;
    let (packages, rust_version) = published(root)?;
    let folder = target.join("packages");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    step("package");
    let mut arguments = vec!["package", "--no-verify", "--allow-dirty", "--quiet"];
    for package in &packages {
        arguments.extend(["--package", &package.name]);
    }
    cargo(root, &target, &arguments)?;
    for package in &packages {
        let archive = target.join("package").join(package.folder() + ".crate");
        run(Command::new("tar")
            .arg("-xzf")
            .arg(archive)
            .current_dir(&folder))?;
        package.check_contents(&folder.join(package.folder()))?;
    }
    write_workspace(root, &folder, &packages)?;

    step("the first chapter of the guide");
    follow_first_chapter(&folder, &target)?;
    step("an example");
    cargo(
        &folder,
        &target,
        &["run", "--quiet", "--package=examples", "--bin=quickstart"],
    )?;
    step("their tests");
    cargo(
        &folder,
        &target,
        &["test", "--quiet", "--workspace", "--all-features"],
    )?;
    step(&format!("Rust {rust_version}"));
    let toolchain = format!("+{rust_version}");
    let check = [
        &toolchain,
        "check",
        "--quiet",
        "--workspace",
        "--all-features",
    ];
    cargo(&folder, &target, &check)?;
    step(&format!(
        "Rust {rust_version} with the oldest versions of dependencies"
    ));
    fs::remove_file(folder.join("Cargo.lock"))?;
    let resolve = [
        "+nightly",
        "generate-lockfile",
        "--quiet",
        "-Zdirect-minimal-versions",
    ];
    cargo(&folder, &target, &resolve)?;
    cargo(&folder, &target, &check)
}

impl Package {
    fn folder(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    fn check_contents(&self, folder: &Path) -> Result<()> {
        for file in FILES {
            ensure!(folder.join(file).is_file(), "{} has no {file}", self.name);
        }
        let manifest: toml::Table = toml::from_str(&read(&folder.join("Cargo.toml"))?)?;
        let about = manifest["package"].as_table().context("no package")?;
        for key in KEYS {
            ensure!(about.contains_key(key), "{} has no {key}", self.name);
        }
        if about["repository"]
            .as_str()
            .is_some_and(|url| url.contains(PLACEHOLDER))
        {
            eprintln!(
                "warning: {}: the repository is a placeholder; set it in Cargo.toml before the \
                 first release",
                self.name
            );
        }
        let readme = read(&folder.join("README.md"))?;
        if let Some(line) = hidden_line(&readme) {
            bail!(
                "{}: README.md shows a line that only rustdoc hides: {line}",
                self.name
            );
        }
        Ok(())
    }
}

/// Returns the crates that are published, and the oldest Rust that they promise to compile with.
fn published(root: &Path) -> Result<(Vec<Package>, String)> {
    let arguments = ["metadata", "--no-deps", "--format-version=1"];
    let output = Command::new("cargo")
        .args(arguments)
        .current_dir(root)
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo metadata failed: {errors}");
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let text = |value: &Value| value.as_str().map(str::to_owned).context("cargo metadata");
    let mut packages = Vec::new();
    let mut rust_version = None;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        // `publish = false` is an empty list of registries.
        if package["publish"].is_null() {
            rust_version = Some(text(&package["rust_version"])?);
            packages.push(Package {
                name: text(&package["name"])?,
                version: text(&package["version"])?,
            });
        }
    }
    Ok((packages, rust_version.context("no crate is published")?))
}

/// Writes a workspace of the unpacked packages, which take each other in the place of those in
/// the registry, and of programs that use them. Profiles and locked versions are the original
/// workspace's, so that dependencies are not compiled again.
fn write_workspace(root: &Path, folder: &Path, packages: &[Package]) -> Result<()> {
    let original: toml::Table = toml::from_str(&read(&root.join("Cargo.toml"))?)?;
    let mut members = vec!["newcomer".to_owned(), "examples".to_owned()];
    let mut patch = toml::Table::new();
    for package in packages {
        members.push(package.folder());
        let path = toml::Table::from_iter([("path".to_owned(), package.folder().into())]);
        patch.insert(package.name.clone(), path.into());
    }
    let mut workspace = toml::Table::new();
    workspace.insert("resolver".to_owned(), "3".into());
    workspace.insert("members".to_owned(), members.into());
    let manifest = toml::Table::from_iter([
        ("workspace".to_owned(), workspace.into()),
        (
            "patch".to_owned(),
            toml::Table::from_iter([("crates-io".to_owned(), patch.into())]).into(),
        ),
        ("profile".to_owned(), original["profile"].clone()),
    ]);
    fs::write(folder.join("Cargo.toml"), toml::to_string(&manifest)?)?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let tokio = &original["workspace"]["dependencies"]["tokio"]["version"];
    let tokio =
        format!("tokio = {{ version = {tokio}, features = [\"macros\", \"rt-multi-thread\"] }}");
    let version = |name: &str| {
        let package = packages.iter().find(|package| package.name == name);
        package
            .map(|it| it.version.as_str())
            .with_context(|| format!("no package {name}"))
    };
    let sdk = version("atlas-admin")?;
    write_program(
        &folder.join("newcomer"),
        &[&format!("atlas-admin = \"{sdk}\""), &tokio],
        &[(
            "src/main.rs".into(),
            first_program(&read(&root.join(CHAPTER))?),
        )],
    )?;
    let mut sources = Vec::new();
    for entry in fs::read_dir(root.join("crates/atlas-admin/examples"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_name().context("no name")?;
            sources.push((Path::new("src/bin").join(name), read(&path)?));
        }
    }
    write_program(
        &folder.join("examples"),
        &[
            &format!("atlas-admin = {{ version = \"{sdk}\", features = [\"test-util\"] }}"),
            &format!("atlas-emulator = \"{}\"", version("atlas-emulator")?),
            &tokio,
        ],
        &sources,
    )
}

/// Writes a package into `folder`, named like it.
fn write_program(
    folder: &Path,
    dependencies: &[&str],
    sources: &[(PathBuf, String)],
) -> Result<()> {
    let name = folder
        .file_name()
        .and_then(|name| name.to_str())
        .context("no name")?;
    fs::create_dir_all(folder.join("src/bin"))?;
    let manifest = format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[dependencies]\n{}\n",
        dependencies.join("\n")
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    for (path, text) in sources {
        fs::write(folder.join(path), text)?;
    }
    Ok(())
}

/// Returns the program in the first two blocks of Rust, as a reader of the chapter sees it.
fn first_program(chapter: &str) -> String {
    let blocks = chapter.split("\n```rust").skip(1).take(2);
    let lines = blocks.flat_map(|block| {
        let lines = block.lines().skip(1).take_while(|line| *line != "```");
        lines.filter(|line| !is_hidden(line))
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Starts the packaged emulator, and runs the chapter's program against it.
fn follow_first_chapter(folder: &Path, target: &Path) -> Result<()> {
    cargo(
        folder,
        target,
        &[
            "build",
            "--quiet",
            "--package=atlas-admin-cli",
            "--package=newcomer",
        ],
    )?;
    let programs = target.join("debug");
    let mut emulator = Command::new(programs.join("atlas-admin"))
        .args(["emulator", "--output", "json"])
        .stdout(Stdio::piped())
        .spawn()?;
    let followed = (|| {
        let mut facts = String::new();
        let output = emulator.stdout.take().context("no output")?;
        BufReader::new(output).read_line(&mut facts)?;
        let facts: Value = serde_json::from_str(&facts)?;
        let fact = |name: &str| facts[name].as_str().unwrap_or_default();
        run(Command::new(programs.join("newcomer"))
            .arg(fact("api_key_id"))
            .env("MONGODB_ATLAS_BASE_URL", fact("base_url"))
            .env("MONGODB_ATLAS_ORG_ID", fact("org_id"))
            .env("MONGODB_ATLAS_PROJECT_ID", fact("project_id"))
            .env("MONGODB_ATLAS_PUBLIC_API_KEY", fact("public_key"))
            .env("MONGODB_ATLAS_PRIVATE_API_KEY", fact("private_key")))
    })();
    emulator.kill()?;
    emulator.wait()?;
    followed
}

/// Returns whether rustdoc hides this line of a block of Rust.
fn is_hidden(line: &str) -> bool {
    line == "#" || line.starts_with("# ")
}

/// Returns the first line in a block of Rust that rustdoc would hide, and no other reader.
fn hidden_line(readme: &str) -> Option<&str> {
    let mut is_rust = false;
    for line in readme.lines() {
        if let Some(language) = line.strip_prefix("```") {
            is_rust = !is_rust && language.starts_with("rust");
        } else if is_rust && is_hidden(line) {
            return Some(line);
        }
    }
    None
}

fn step(name: &str) {
    eprintln!("-- {name}");
}

/// Runs cargo without what `cargo xtask` has set for this process, so that `+TOOLCHAIN` works.
fn cargo(folder: &Path, target: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("cargo");
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target);
    run(&mut command)
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}

fn read(path: &PathBuf) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_program_is_what_readers_see() {
        let chapter = "```sh\n# comment\n```\n\n```rust,no_run\nuse a;\n# hidden\n#[b]\n```\n\
                       text\n```rust\nfn c() {}\n```\n\n```rust\nfn d() {}\n```\n";
        assert_eq!(first_program(chapter), "use a;\n#[b]\nfn c() {}\n");
    }

    #[test]
    fn only_hidden_lines_of_rust_are_found() {
        let readme = |language: &str| format!("# Title\n\n```{language}\n# hidden\nshown\n```\n");
        assert_eq!(hidden_line(&readme("rust,no_run")), Some("# hidden"));
        assert_eq!(hidden_line(&readme("sh")), None);
        assert_eq!(
            hidden_line("```rust\n#[test]\n```\n# Title\n```rust\n```\n# b"),
            None
        );
    }
}
