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
    /// Service to call [default: atlas-v2]
    #[arg(long, global = true, value_name = "SERVICE", value_parser = service::parser())]
    pub(crate) service: Option<NamedService>,

    /// Base URL of the service, such as https://host:port
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// Atlas v2 API version to request [default: the newest known]
    #[arg(long, global = true, value_name = "DATE")]
    pub(crate) api_version: Option<ApiVersion>,

    /// Profile to use, from config.toml or the Atlas CLI
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Configuration file [default: ~/.config/atlas-admin/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Authenticate with this public key of an API key
    #[arg(long, global = true, value_name = "KEY", conflicts_with = "client_id")]
    pub(crate) public_key: Option<String>,

    /// Authenticate as the service account with this client ID
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) client_id: Option<String>,

    /// Read the private key or client secret from a file
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
        default_value = "table"
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
