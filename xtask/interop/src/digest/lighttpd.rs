//! lighttpd with mod_auth, as a proxy.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use anyhow::Result;

use super::{access_log, credentials};
use crate::process::Process;

/// Starts lighttpd with these algorithms, such as `MD5|SHA-256`.
pub(crate) fn start(
    program: &Path,
    folder: &Path,
    address: SocketAddr,
    backend: SocketAddr,
    algorithms: &str,
    password: &str,
) -> Result<Process> {
    let users = folder.join("users");
    fs::write(&users, credentials::plain(password))?;
    let config = folder.join("lighttpd.conf");
    let (format, realm) = (access_log::FORMAT, credentials::REALM);
    let (port, backend) = (address.port(), backend.port());
    let text = format!(
        r#"server.modules = ("mod_auth", "mod_authn_file", "mod_accesslog", "mod_proxy")
server.document-root = "{folder}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{folder}/error.log"
accesslog.filename = "{folder}/access.log"
accesslog.format = "{format}"
auth.backend = "plain"
auth.backend.plain.userfile = "{users}"
auth.require = ("/" => (
  "method" => "digest",
  "realm" => "{realm}",
  "require" => "valid-user",
  "algorithm" => "{algorithms}",
))
proxy.server = ("" => (("host" => "127.0.0.1", "port" => {backend})))
"#,
        folder = folder.display(),
        users = users.display(),
    );
    fs::write(&config, text)?;
    let mut command = Command::new(program);
    command.arg("-D").arg("-f").arg(&config);
    Process::start(&mut command, address, &config.with_file_name("output.log"))
}
