//! Apache with mod_auth_digest.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::{access_log, credentials};
use crate::process::Process;

const MODULES: &[&str] = &[
    "mpm_event",
    "authn_core",
    "authn_file",
    "authz_core",
    "authz_user",
    "auth_digest",
    "lua",
    "proxy",
    "proxy_http",
];

/// Two processes must share their nonces. They have more threads than the run has connections,
/// because Apache closes idle connections when all its threads are busy.
const WORKERS: &str = "\
StartServers 2
ServerLimit 2
ThreadsPerChild 64
MaxRequestWorkers 128
KeepAliveTimeout 60";

/// Responds to an update with its key. Apache itself does this, because a proxied response lacks
/// `Authentication-Info`.
const SCRIPT: &str = r#"
function handle(r)
  r:requestbody()
  r.content_type = "application/vnd.atlas.2023-01-01+json;charset=utf-8"
  local key = r.uri:match("[^/]+$")
  r:write('{"id":"' .. key .. '","links":[],"publicKey":"abcdefgh"}')
  return apache2.OK
end
"#;

/// Starts Apache with these directives of mod_auth_digest. It responds itself unless it has a
/// backend.
pub(crate) fn start(
    program: &Path,
    folder: &Path,
    address: SocketAddr,
    backend: Option<SocketAddr>,
    directives: &[&str],
    password: &str,
) -> Result<Process> {
    let users = folder.join("users");
    fs::write(&users, credentials::htdigest(password))?;
    let script = folder.join("update.lua");
    fs::write(&script, SCRIPT)?;
    let handler = match backend {
        Some(address) => format!("ProxyPass / http://{address}/"),
        None => format!(
            "LuaScope thread\nLuaMapHandler .* {} handle",
            script.display()
        ),
    };
    let config = folder.join("apache.conf");
    let modules = modules_folder(program);
    let mut text = String::new();
    for module in MODULES {
        let file = modules.join(format!("mod_{module}.so"));
        text += &format!("LoadModule {module}_module {}\n", file.display());
    }
    if nix::unistd::geteuid().is_root() {
        text += "User www-data\nGroup www-data\n";
    }
    let (folder, users) = (folder.display(), users.display());
    let (format, realm) = (access_log::FORMAT, credentials::REALM);
    let directives = directives.join("\n  ");
    text += &format!(
        r#"ServerRoot "{folder}"
DefaultRuntimeDir "{folder}"
PidFile "{folder}/pid"
ServerName 127.0.0.1
Listen {address}
{WORKERS}
ErrorLog "{folder}/error.log"
CustomLog "{folder}/access.log" "{format}"
AuthDigestShmemSize 4M
{handler}
<Location "/">
  AuthType Digest
  AuthName "{realm}"
  AuthDigestProvider file
  AuthUserFile "{users}"
  {directives}
  Require valid-user
</Location>
"#
    );
    fs::write(&config, text)?;
    let mut command = Command::new(program);
    command.arg("-f").arg(&config).arg("-DFOREGROUND");
    Process::start(&mut command, address, &config.with_file_name("output.log"))
}

/// Returns Debian's folder of modules.
fn modules_folder(program: &Path) -> PathBuf {
    program
        .ancestors()
        .nth(2)
        .unwrap_or(Path::new("/usr"))
        .join("lib/apache2/modules")
}
