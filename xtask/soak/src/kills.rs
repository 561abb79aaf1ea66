//! Runs of `atlas-admin apply` with a journal that are killed, with changes to the manifest in
//! between. When a run ends with exit code 0, its manifest and its journal must agree with the
//! emulator's state.

use std::{
    collections::{BTreeMap, HashMap},
    env,
    fs::{self, File},
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use atlas_emulator::{Emulator, Fault, Faults, KeyState, Reset};
use rand::{RngExt, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

const KEYS: u32 = 4;

/// How long a response to an applied update takes, within which the run is killed.
const ON_THE_WAY: Duration = Duration::from_millis(50);

/// Longer than a run takes, even on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// After this many kills, the next journal begins.
const KILLS_PER_JOURNAL: u32 = 8;

const DESCRIPTIONS: [&str; 3] = ["AAA", "BBB", "CCC"];
const ORG_ROLES: [&str; 3] = ["ORG_MEMBER", "ORG_READ_ONLY", "ORG_GROUP_CREATOR"];
const PROJECT_ROLES: [&str; 2] = ["GROUP_READ_ONLY", "GROUP_CLUSTER_MANAGER"];

/// What became of the killed runs.
#[derive(Debug, Default)]
pub(super) struct Kills {
    /// How many runs were killed.
    pub(super) killed: u32,
    /// How many of them had applied an update for which there was no response yet.
    pub(super) in_flight: u32,
    /// How many runs reported what was not so.
    pub(super) wrong: u32,
}

/// The desired state of all keys, by id.
type Manifest = BTreeMap<String, Desired>;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Desired {
    desc: &'static str,
    org_role: &'static str,
    project_role: &'static str,
}

/// A folder with a manifest and a journal, and an emulator.
struct Folder {
    command: PathBuf,
    home: TempDir,
    emulator: Emulator,
    keys: Vec<String>,
}

/// Kills this many runs, or fewer if the deadline comes first.
pub(super) async fn run(kills: u32, seed: u64, deadline: Option<Instant>) -> Result<Kills> {
    let mut result = Kills::default();
    if kills == 0 {
        return Ok(result);
    }
    let folder = Folder::new(seed).await?;
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut settled = folder.some_manifest(&mut rng);
    result.wrong += u32::from(!folder.finish(&settled).await?);
    for kill in 1..=kills {
        if deadline.is_some_and(|end| Instant::now() >= end) {
            break;
        }
        if kill % KILLS_PER_JOURNAL == 0 {
            fs::remove_file(folder.journal())?;
        }
        let next = folder.some_manifest(&mut rng);
        let faults = Faults::new()
            .with(Fault::reset(Reset::After).chance(0.05))
            .with(Fault::delay(ON_THE_WAY).chance(0.8));
        folder.emulator.set_faults(faults.seed(rng.random()));
        let mut run = folder.start(&next)?;
        let is_aimed = rng.random();
        let ended = match is_aimed {
            true => folder.until_applied(&mut run).await?,
            false => {
                let time = Duration::from_millis(rng.random_range(0..150));
                timeout(time, run.wait()).await.ok().transpose()?
            }
        };
        run.kill().await?;
        // The emulator may still be handling a request.
        sleep(ON_THE_WAY).await;
        match ended {
            Some(status) => result.wrong += u32::from(!folder.is_right(status, &next)?),
            None => {
                result.killed += 1;
                result.in_flight += u32::from(is_aimed);
            }
        }
        // Going back is the hardest: what the journal says of the old manifest is out of date.
        if rng.random() {
            settled = next;
        }
        folder.emulator.set_faults(Faults::new());
        result.wrong += u32::from(!folder.finish(&settled).await?);
    }
    Ok(result)
}

impl Folder {
    async fn new(seed: u64) -> Result<Self> {
        let emulator = Emulator::builder()
            .keys_per_org(1 + KEYS)
            .rng_seed(seed)
            .no_rate_limits()
            .log_capacity(0)
            .start()
            .await?;
        let keys = emulator.synthetic_keys().filter(|key| !key.is_owner());
        Ok(Self {
            command: build_command().await?,
            home: tempfile::tempdir()?,
            keys: keys.map(|key| key.api_key_id()).collect(),
            emulator,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn journal(&self) -> PathBuf {
        self.path("journal")
    }

    fn some_manifest(&self, rng: &mut SmallRng) -> Manifest {
        let mut some = |names: &[&'static str]| names.choose(rng).copied().unwrap_or_default();
        let keys = self.keys.iter().map(|id| {
            let desired = Desired {
                desc: some(&DESCRIPTIONS),
                org_role: some(&ORG_ROLES),
                project_role: some(&PROJECT_ROLES),
            };
            (id.clone(), desired)
        });
        keys.collect()
    }

    fn state(&self, id: &str) -> Result<KeyState> {
        self.emulator.api_key(id).context("a key has disappeared")
    }

    fn states(&self) -> Result<Vec<KeyState>> {
        self.keys.iter().map(|id| self.state(id)).collect()
    }

    /// Starts a run that continues the journal, if there is one.
    fn start(&self, manifest: &Manifest) -> Result<Child> {
        let project = self.emulator.project_id();
        let keys = manifest.iter().map(|(id, desired)| {
            json!({
                "id": id,
                "desc": desired.desc,
                "roles": [desired.org_role],
                "projects": {project: [desired.project_role]},
            })
        });
        let text = json!({"org": self.emulator.org_id(), "keys": keys.collect::<Vec<_>>()});
        fs::write(self.path("keys.json"), text.to_string())?;
        let journal = match self.journal().exists() {
            true => "--resume",
            false => "--journal",
        };
        let run = Command::new(&self.command)
            .args(["apply", "keys.json", "--yes", "--keep-going"])
            .args([journal, "journal"])
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .env("MONGODB_ATLAS_BASE_URL", self.emulator.base_url())
            .env("MONGODB_ATLAS_PUBLIC_API_KEY", self.emulator.public_key())
            .env("MONGODB_ATLAS_PRIVATE_API_KEY", self.emulator.private_key())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(self.path("stderr"))?)
            .kill_on_drop(true)
            .spawn();
        run.with_context(|| format!("cannot run {}", self.command.display()))
    }

    /// Waits until an update is applied. Returns the exit status if the run ends before.
    async fn until_applied(&self, run: &mut Child) -> Result<Option<ExitStatus>> {
        let before = self.states()?;
        let started = Instant::now();
        loop {
            if let Some(status) = run.try_wait()? {
                return Ok(Some(status));
            }
            if self.states()? != before {
                return Ok(None);
            }
            ensure!(started.elapsed() < TIMEOUT, "apply does not end");
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Runs to the end, without faults. Returns whether everything is as reported.
    async fn finish(&self, manifest: &Manifest) -> Result<bool> {
        let mut run = self.start(manifest)?;
        let status = timeout(TIMEOUT, run.wait())
            .await
            .context("apply does not end")??;
        if !status.success() {
            let stderr = fs::read_to_string(self.path("stderr"))?;
            eprintln!("apply: {status}: {stderr}");
        }
        Ok(status.success() && self.is_right(status, manifest)?)
    }

    /// Returns whether a run's exit code and journal agree with the keys. Prints what does not.
    fn is_right(&self, status: ExitStatus, manifest: &Manifest) -> Result<bool> {
        if !status.success() {
            return Ok(true);
        }
        let mut is_right = true;
        for (id, desired) in manifest {
            let state = self.state(id)?;
            let role = state.project_roles.get(self.emulator.project_id());
            if state.desc != desired.desc
                || state.org_roles != [desired.org_role]
                || role.is_none_or(|roles| *roles != [desired.project_role])
            {
                eprintln!("{id}: apply reports {desired:?}\n  but there is {state:?}");
                is_right = false;
            }
        }
        for (line, state) in self.journaled()? {
            if let Some(desc) = line["desc"].as_str()
                && desc != state.desc
            {
                eprintln!("{line}\n  but there is {state:?}");
                is_right = false;
            }
            let roles = match line["project"].as_str() {
                Some(project) => state.project_roles.get(project),
                None => Some(&state.org_roles),
            };
            if line
                .get("roles")
                .is_some_and(|names| *names != json!(roles))
            {
                eprintln!("{line}\n  but there is {state:?}");
                is_right = false;
            }
        }
        Ok(is_right)
    }

    /// Returns the last line of the journal about each update, if it says that the update is in
    /// effect, and the state of its key.
    fn journaled(&self) -> Result<Vec<(Value, KeyState)>> {
        let text = fs::read_to_string(self.journal())?;
        // Killed runs leave lines that are cut off.
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut last = HashMap::new();
        for line in lines.filter(|line| line["key"].is_string()) {
            last.insert((line["key"].to_string(), line["project"].to_string()), line);
        }
        last.into_values()
            .filter(|line| line["outcome"] == "applied" || line["outcome"] == "unchanged")
            .map(|line| {
                let id = line["key"].as_str().unwrap_or_default();
                let state = self.state(id)?;
                Ok((line, state))
            })
            .collect()
    }
}

/// Builds `atlas-admin`, like this program, and returns its path.
async fn build_command() -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--package", "atlas-admin-cli"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let built = build.status().await.context("cargo")?;
    ensure!(built.success(), "cargo build: {built}");
    Ok(env::current_exe()?.with_file_name("atlas-admin"))
}
