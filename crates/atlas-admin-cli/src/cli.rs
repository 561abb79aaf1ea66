//! The command line: what holds for every command.

use std::path::PathBuf;

use atlas_admin::ApiVersion;
use clap::{Args, Parser};

use crate::{
    commands::Command,
    output::{Color, Format},
    service::Service,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin org-key update --org ID --key ID --desc \"ci deploys\" --role ORG_READ_ONLY
  atlas-admin project-key set-roles --project ID --key ID --role GROUP_READ_ONLY
  atlas-admin apply keys.yaml --plan

Exit codes: 0 all done, 1 something failed, 2 bad input, 3 credentials, 130 interrupted.
Results go to standard output, everything else to standard error.";

/// Programmatic API keys on MongoDB Atlas and Ops Manager, one or ten thousand
#[derive(Parser)]
#[command(name = "atlas-admin", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command. Where a flag is not given, the profile named by
/// --profile is asked, then the environment, then the default profile.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The service to call; atlas-v2 unless set
    #[arg(long, global = true, value_name = "SERVICE")]
    pub(crate) service: Option<Service>,

    /// Where the service is, such as https://host:port
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// The version to ask Atlas v2 for; the newest known unless set
    #[arg(long, global = true, value_name = "DATE")]
    pub(crate) api_version: Option<ApiVersion>,

    /// The profile to use, of our file or of the Atlas CLI's
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Our file with profiles [~/.config/atlas-admin/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Public key of the API key to sign in with
    #[arg(long, global = true, value_name = "KEY", conflicts_with = "client_id")]
    pub(crate) public_key: Option<String>,

    /// Id of the service account to sign in with
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) client_id: Option<String>,

    /// File with the private key or the service account's secret
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        conflicts_with = "private_key_stdin"
    )]
    pub(crate) private_key_file: Option<PathBuf>,

    /// Read that secret from standard input
    #[arg(long, global = true)]
    pub(crate) private_key_stdin: bool,

    /// Trust this certificate authority too, in PEM
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Allow plain HTTP to other machines, which others can read
    #[arg(long, global = true)]
    pub(crate) allow_insecure_http: bool,

    /// How results are written
    #[arg(
        long,
        short,
        global = true,
        value_name = "FORMAT",
        default_value = "table"
    )]
    pub(crate) output: Format,

    /// Print what would be sent, secrets masked, and send nothing
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,

    /// Tell more on standard error, without secrets
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// Nothing on standard error but errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// When to use colour; auto heeds NO_COLOR
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}
