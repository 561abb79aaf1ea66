//! What a user's program costs to build: processor time, crates and the size of the binary,
//! next to the same program written by hand and to one with another SDK.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use chrono::Utc;
use nix::sys::resource::{UsageWho, getrusage};

/// The folder with a program for each way.
const PROGRAMS: &str = "xtask/cost";

/// The programs, the one with the SDK first.
const NAMES: [&str; 4] = ["atlas-admin", "atlas-admin-ring", "by-hand", "octocrab"];

/// How often each is built, in turn. The least counts, since the rest includes other load.
const ROUNDS: usize = 2;

/// Where the table is kept.
const README: &str = "crates/atlas-admin/README.md";
const BEGIN: &str = "<!-- cost: written by cargo xtask cost -->\n";
const END: &str = "<!-- end of cost -->\n";

struct Cost {
    name: &'static str,
    crates: usize,
    debug: f64,
    release: f64,
    /// The size of the release binary, in bytes.
    size: u64,
}

/// Builds each program from nothing, prints what that costs as a table, and with
/// `write_readme` writes it into the SDK's README.
pub fn measure(root: &Path, target: &Path, write_readme: bool) -> Result<()> {
    let mut costs = each(root, target)?;
    for _ in 1..ROUNDS {
        for (cost, again) in costs.iter_mut().zip(each(root, target)?) {
            cost.debug = cost.debug.min(again.debug);
            cost.release = cost.release.min(again.release);
        }
    }
    let table = table(&costs);
    print!("{table}");
    if write_readme {
        let path = root.join(README);
        let text = fs::read_to_string(&path).context(README)?;
        fs::write(&path, with_table(&text, &table)?).context(README)?;
    }
    Ok(())
}

fn each(root: &Path, target: &Path) -> Result<Vec<Cost>> {
    NAMES
        .into_iter()
        .map(|name| Cost::measure(root, &target.join("cost").join(name), name))
        .collect()
}

impl Cost {
    fn measure(root: &Path, target: &Path, name: &'static str) -> Result<Self> {
        let folder = root.join(PROGRAMS).join(name);
        // The versions that the workspace has; the program adds those of its own.
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        cargo(&folder, target, &["fetch"])?;
        let crates = cargo(
            &folder,
            target,
            &[
                "tree",
                "--edges=normal,build",
                "--prefix=none",
                "--format={p}",
            ],
        )?;
        let names = crates.lines().filter(|line| !line.is_empty());
        // Behind a crate whose dependencies were listed before.
        let crates: BTreeSet<_> = names.map(|line| line.trim_end_matches(" (*)")).collect();
        if target.exists() {
            fs::remove_dir_all(target)?;
        }
        let seconds = |profile| -> Result<f64> {
            let before = children_seconds()?;
            cargo(
                &folder,
                target,
                &["build", "--quiet", "--offline", "--profile", profile],
            )?;
            let seconds = children_seconds()? - before;
            eprintln!("{name}: {profile}: {seconds:.0} s");
            Ok(seconds)
        };
        let (debug, release) = (seconds("dev")?, seconds("release")?);
        let binary = target.join("release").join(format!("cost-{name}"));
        let size = fs::metadata(&binary)
            .with_context(|| binary.display().to_string())?
            .len();
        fs::remove_dir_all(target)?;
        Ok(Self {
            name,
            // Without the program itself.
            crates: crates.len() - 1,
            debug,
            release,
            size,
        })
    }
}

/// Returns the processor time of all processes that this one has started and that have ended.
fn children_seconds() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

fn cargo(folder: &Path, target: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("cargo")
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_INCREMENTAL", "0")
        .output()
        .context("cargo")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "cargo {arguments:?} failed: {errors}"
    );
    Ok(String::from_utf8(output.stdout)?)
}

fn table(costs: &[Cost]) -> String {
    let mut text = format!("Measured on {}.\n\n", Utc::now().date_naive());
    text += "| program | crates | debug, processor seconds | release | release binary |\n";
    text += "| --- | ---: | ---: | ---: | ---: |\n";
    for cost in costs {
        let _ = writeln!(
            text,
            "| {} | {} | {:.0} | {:.0} | {:.1} MB |",
            cost.name,
            cost.crates,
            cost.debug,
            cost.release,
            cost.size as f64 / 1e6
        );
    }
    text
}

/// Returns the text with the table between its marks.
fn with_table(text: &str, table: &str) -> Result<String> {
    let (before, rest) = text.split_once(BEGIN).context("no mark of the table")?;
    let (_, after) = rest.split_once(END).context("no end of the table")?;
    Ok(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_takes_the_place_of_the_old_one() {
        let old = format!("a\n{BEGIN}\nold\n{END}b\n");
        let new = format!("a\n{BEGIN}\nnew\n\n{END}b\n");
        assert_eq!(with_table(&old, "new\n").unwrap(), new);
        assert!(with_table("a\n", "new\n").is_err());
    }

    #[test]
    fn a_row_has_whole_seconds_and_megabytes() {
        let cost = Cost {
            name: "by-hand",
            crates: 129,
            debug: 211.6,
            release: 368.4,
            size: 6_812_345,
        };
        let table = table(&[cost]);
        assert!(
            table.ends_with("\n| by-hand | 129 | 212 | 368 | 6.8 MB |\n"),
            "{table}"
        );
    }
}
