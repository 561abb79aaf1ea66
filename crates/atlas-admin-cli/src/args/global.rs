//! The options of every command.

use std::path::PathBuf;

use atlas_admin::ApiVersion;
use clap::Args;

use super::{Color, Format, NamedService, service};

/// The options of every command. A setting without an option comes from the profile named
/// by --profile, the environment, or the default profile, in this order.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Service to call [env: MONGODB_ATLAS_SERVICE] [default: atlas-v2]
    #[arg(long, global = true, value_name = "SERVICE", value_parser = service::parser())]
    pub(crate) service: Option<NamedService>,

    /// Base URL of the service, such as https://host:port [env: MONGODB_ATLAS_BASE_URL, or
    /// MONGODB_ATLAS_OPS_MANAGER_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// Atlas v2 API version to request [default: the newest known]
    #[arg(long, global = true, value_name = "DATE")]
    pub(crate) api_version: Option<ApiVersion>,

    /// Profile to use, from config.toml or the Atlas CLI [env: MONGODB_ATLAS_PROFILE]
    #[arg(long, short = 'P', global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Configuration file [default: ~/.config/atlas-admin/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Authenticate with this public key of an API key [env: MONGODB_ATLAS_PUBLIC_API_KEY]
    #[arg(long, global = true, value_name = "KEY", conflicts_with = "client_id")]
    pub(crate) public_key: Option<String>,

    /// Authenticate as the service account with this client ID [env: MONGODB_ATLAS_CLIENT_ID]
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) client_id: Option<String>,

    /// Read the private key or client secret from a file; without it, from the environment [env:
    /// MONGODB_ATLAS_PRIVATE_API_KEY, or MONGODB_ATLAS_CLIENT_SECRET]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        conflicts_with = "private_key_stdin"
    )]
    pub(crate) private_key_file: Option<PathBuf>,

    /// Read the private key or client secret from standard input
    #[arg(long, global = true)]
    pub(crate) private_key_stdin: bool,

    /// Also trust the certificate authorities in this PEM file
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Allow unencrypted HTTP to other machines
    #[arg(long, global = true)]
    pub(crate) allow_insecure_http: bool,

    /// Output format; csv is for lists of API keys, github for apply
    #[arg(
        long,
        short,
        global = true,
        value_name = "FORMAT",
        default_value = "table",
        env = "MONGODB_ATLAS_OUTPUT",
        hide_env_values = true
    )]
    pub(crate) output: Format,

    /// Print the requests without sending them, secrets masked
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,

    /// Print details of each request to standard error, without secrets
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// Print no messages, and nothing at all of changes that succeed
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// When to use color; auto respects NO_COLOR and CLICOLOR
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

impl GlobalArgs {
    /// The options of commands that call a service, but for `--service`.
    pub(crate) const CONNECTION: [&str; 10] = [
        "base_url",
        "api_version",
        "profile",
        "config",
        "public_key",
        "client_id",
        "private_key_file",
        "private_key_stdin",
        "ca_file",
        "allow_insecure_http",
    ];
}
