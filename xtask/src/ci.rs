//! Every gate, in the order in which a failure is cheapest to find. `.ci/run` and the
//! GitHub workflow run this task, so that all of them check the same things.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

/// All features but `native-tls`, which needs a library of the system: `{features}` in commands.
const FEATURES: &str = "atlas-admin/brotli,atlas-admin/file-store,atlas-admin/gzip,\
                        atlas-admin/mock-httpmock,atlas-admin/zstd,http-digest-session/reqwest,\
                        xtask/history";

/// The vendor's documents, beside a checkout that has them.
const UPSTREAM: &str = "../shared/upstream";

struct Step {
    name: &'static str,
    commands: &'static [&'static str],
    /// Whether the commands read `{upstream}`, the newest of the vendor's documents.
    needs_upstream: bool,
    /// Whether it compiles everything several times.
    is_slow: bool,
}

const fn step(name: &'static str, commands: &'static [&'static str]) -> Step {
    Step {
        name,
        commands,
        needs_upstream: false,
        is_slow: false,
    }
}

const fn upstream_step(name: &'static str, commands: &'static [&'static str]) -> Step {
    Step {
        needs_upstream: true,
        ..step(name, commands)
    }
}

const fn slow_step(name: &'static str, commands: &'static [&'static str]) -> Step {
    Step {
        is_slow: true,
        ..step(name, commands)
    }
}

const STEPS: &[Step] = &[
    step("format", &["cargo fmt --all --check"]),
    step("spelling", &["typos"]),
    step(
        "lints",
        &["cargo clippy --workspace --all-targets --features {features} -- -D warnings"],
    ),
    step("generated code", &["cargo xtask generate --check"]),
    step("licences", &["cargo deny check licenses bans sources"]),
    step(
        "docs",
        &["cargo doc --workspace --no-deps --features {features}"],
    ),
    upstream_step(
        "trimmed document",
        &["cargo xtask trim --from {upstream} --check"],
    ),
    slow_step(
        "features",
        &[
            "cargo hack check --quiet --each-feature --package atlas-admin --package atlas-admin-raw --package atlas-admin-cli --package atlas-emulator",
            "cargo check --quiet --manifest-path crates/http-digest-session/fuzz/Cargo.toml --no-default-features --target-dir target/fuzz",
            "cargo test --quiet --manifest-path tests/no-provider/Cargo.toml --target-dir target/no-provider",
        ],
    ),
    step("tests", &["cargo test --workspace"]),
    slow_step("packages", &["cargo xtask packages"]),
    upstream_step(
        "upstream documents",
        &[
            "cargo xtask check-operations --from {upstream} --compile",
            "cargo test --package xtask --features history --test history",
        ],
    ),
];

/// Runs the steps with these names, or all of them, or all that are not slow, and prints how long
/// each took.
pub fn run(root: &Path, quick: bool, only: &[String]) -> Result<()> {
    for name in only {
        ensure!(
            STEPS.iter().any(|step| step.name == name),
            "there is no step {name:?}; the steps are {}",
            STEPS
                .iter()
                .map(|step| step.name)
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    let upstream = newest_upstream(root);
    let mut times = Vec::new();
    for step in STEPS {
        let is_named = only.iter().any(|name| name == step.name);
        if !only.is_empty() && !is_named || quick && step.is_slow {
            continue;
        }
        println!("\n== {}", step.name);
        match (&upstream, step.needs_upstream) {
            (None, true) => println!("SKIPPED: there is no {UPSTREAM}"),
            _ => times.push((step.name, step.run(root, upstream.as_deref())?)),
        }
    }
    println!();
    for (name, time) in times {
        println!("{:>6.1} s  {name}", time.as_secs_f64());
    }
    Ok(())
}

impl Step {
    fn run(&self, root: &Path, upstream: Option<&Path>) -> Result<Duration> {
        let start = Instant::now();
        for command in self.commands {
            let mut words = command.split(' ');
            let program = words.next().context("a command has a program")?;
            let arguments = words.map(|word| match (word, upstream) {
                ("{upstream}", Some(document)) => document.as_os_str().to_owned(),
                ("{features}", _) => FEATURES.into(),
                _ => word.into(),
            });
            let status = Command::new(program)
                .args(arguments)
                .current_dir(root)
                .status()
                .with_context(|| format!("cannot run {program}"))?;
            if !status.success() {
                bail!("step {:?} failed: {command}", self.name);
            }
        }
        Ok(start.elapsed())
    }
}

fn newest_upstream(root: &Path) -> Option<PathBuf> {
    let mut documents: Vec<_> = fs::read_dir(root.join(UPSTREAM))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "gz"))
        .collect();
    documents.sort();
    documents.pop()
}
