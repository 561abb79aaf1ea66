//! The commands in the guide, and what they print.
//!
//! Each page is one session of a shell in an empty folder, with an emulator of its own. Set
//! `WRITE_GUIDE=1` to write what the commands print into the pages.

use std::{
    collections::HashMap,
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use regex::{Captures, Regex};

use crate::support::Shell;

/// Printed after each command.
const END: &str = "-- end of the output --";

#[test]
fn pages_print_what_their_commands_do() {
    let pages = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap());
    let pages = pages.filter(|entry| entry.path().extension().is_some_and(|it| it == "md"));
    thread::scope(|scope| {
        for page in pages {
            scope.spawn(move || check(&page.path()));
        }
    });
}

/// A command in a page, and what it should print.
#[derive(Debug, Default, PartialEq)]
struct Step {
    command: Vec<String>,
    output: String,
}

/// A page in pieces, which alternate: text, and the steps of a `console` block.
#[derive(Default)]
struct Page {
    pieces: Vec<(String, Vec<Step>)>,
}

fn check(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let page = Page::parse(&text);
    assert_eq!(page.to_text(None), text, "{path:?} is not read as it is");
    if page.steps().next().is_none() {
        return;
    }
    let printed = run(&page);
    let (expected, actual) = (page.to_text(None), page.to_text(Some(&printed)));
    if normalized(&expected) == normalized(&actual) {
        return;
    }
    if env::var_os("WRITE_GUIDE").is_some() {
        fs::write(path, actual).unwrap();
    } else {
        assert_eq!(normalized(&expected), normalized(&actual), "{path:?}");
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src")
}

impl Page {
    fn parse(text: &str) -> Self {
        let mut page = Self::default();
        page.pieces.push(Default::default());
        let mut is_console = false;
        for line in text.split_inclusive('\n') {
            let (before, steps) = page.pieces.last_mut().unwrap();
            if is_console && line == "```\n" {
                is_console = false;
                page.pieces.push((line.to_owned(), Vec::new()));
            } else if !is_console {
                is_console = line == "```console\n";
                before.push_str(line);
            } else if let Some(command) = line.strip_prefix("$ ") {
                steps.push(Step {
                    command: vec![command.to_owned()],
                    output: String::new(),
                });
            } else {
                let step = steps.last_mut().expect("a command comes first");
                match line.strip_prefix("> ") {
                    Some(more) if step.output.is_empty() => step.command.push(more.to_owned()),
                    _ => step.output.push_str(line),
                }
            }
        }
        page
    }

    fn steps(&self) -> impl Iterator<Item = &Step> {
        self.pieces.iter().flat_map(|(_, steps)| steps)
    }

    /// Returns the page, with `printed` in the place of the output if there is any.
    fn to_text(&self, printed: Option<&[String]>) -> String {
        let mut printed = printed.map(|printed| printed.iter());
        let mut text = String::new();
        for (before, steps) in &self.pieces {
            text.push_str(before);
            for step in steps {
                text.push_str("$ ");
                text.push_str(&step.command.join("> "));
                let output = printed.as_mut().and_then(Iterator::next);
                text.push_str(output.unwrap_or(&step.output));
            }
        }
        text
    }
}

/// Runs the commands, and returns what each of them printed.
fn run(page: &Page) -> Vec<String> {
    let mut script = String::new();
    for step in page.steps() {
        let command = step.command.concat();
        // The next command finds the status of this one.
        script.push_str(&format!("{command}s=$?; echo '{END}'; (exit $s)\n"));
    }
    let emulator = RunningEmulator::start();
    let shell = Shell::at(&emulator.variables["MONGODB_ATLAS_BASE_URL"]);
    let script = shell.write(".script", &script);
    let printed = shell.path(".printed");
    let file = fs::File::create(&printed).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_atlas-admin"));
    let path = format!("{}:/usr/bin:/bin", binary.parent().unwrap().display());
    let status = Command::new("/bin/sh")
        .arg(script)
        .current_dir(shell.path("."))
        .env_clear()
        .env("HOME", shell.path("."))
        .env("PATH", path)
        .envs(&emulator.variables)
        .stdin(Stdio::null())
        .stderr(file.try_clone().unwrap())
        .stdout(file)
        .status();
    assert!(status.is_ok());
    let printed = fs::read_to_string(printed).unwrap();
    let mut outputs: Vec<_> = printed.split(&format!("{END}\n")).collect();
    assert_eq!(outputs.pop(), Some(""), "{printed}");
    assert_eq!(outputs.len(), page.steps().count(), "{printed}");
    outputs.into_iter().map(str::to_owned).collect()
}

/// The emulator as a reader starts it.
struct RunningEmulator {
    child: Child,
    variables: HashMap<String, String>,
}

impl RunningEmulator {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_atlas-admin"))
            .args(["emulator", "--seed", "example.yaml"])
            .current_dir(folder())
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let lines = lines.map_while(Result::ok);
        let variables = lines.map_while(|line| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        let variables = variables.collect();
        Self { child, variables }
    }
}

impl Drop for RunningEmulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the text without what differs between runs: ids of new keys get the order in which they
/// appear, and times and the emulator's port a name.
fn normalized(text: &str) -> String {
    let seed = fs::read_to_string(folder().join("example.yaml")).unwrap();
    let mut new = Vec::new();
    let ids = Regex::new("[0-9a-f]{24}").unwrap();
    let text = ids.replace_all(text, |found: &Captures<'_>| {
        let id = found[0].to_owned();
        if seed.contains(&id) {
            return id;
        }
        let number = new.iter().position(|known| *known == id);
        let number = number.unwrap_or_else(|| {
            new.push(id);
            new.len() - 1
        });
        format!("{number:024}")
    });
    let times = Regex::new(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z").unwrap();
    let text = times.replace_all(&text, "TIME");
    let port = Regex::new(r"127\.0\.0\.1:[0-9]+").unwrap();
    port.replace_all(&text, "127.0.0.1:PORT").into_owned()
}
