//! What commands that call the service have in common.

use atlas_admin::{Client, Error, OrgId, ProjectId};

use crate::{
    args::{GlobalArgs, OrgArgs, ProjectArgs, RoleArgs},
    client::{Call, DryRun, Session},
    config::Config,
    error::{CliError, ExitStatus},
    roles::{self, RoleScope},
    runtime::block_on,
    ui::{Output, request},
};

/// The settings of a command that calls the service.
pub(super) struct Context<'a> {
    pub(super) config: Config,
    pub(super) output: &'a Output,
    pub(super) dry_run: bool,
}

impl<'a> Context<'a> {
    pub(super) fn load(global: &GlobalArgs, output: &'a Output) -> Result<Self, CliError> {
        Ok(Self {
            config: Config::load(global, output)?,
            output,
            dry_run: global.dry_run,
        })
    }

    pub(super) fn org(&self, args: &OrgArgs) -> Result<OrgId, CliError> {
        self.config.org(args.org.as_ref())
    }

    pub(super) fn project(&self, args: &ProjectArgs) -> Result<ProjectId, CliError> {
        self.config.project(args.project.as_ref())
    }

    /// Checks roles, and warns about those that are unknown.
    pub(super) fn check_roles(&self, scope: RoleScope, args: &RoleArgs) -> Result<(), CliError> {
        roles::check(self.config.service.value, |_| scope, args, self.output)
    }

    /// Checks roles of any scope, and warns about those that are unknown.
    pub(super) fn check_any_roles(&self, args: &RoleArgs) -> Result<(), CliError> {
        roles::check(self.config.service.value, RoleScope::of, args, self.output)
    }

    /// Sends a call and prints its result, or with `--dry-run` prints the request.
    pub(super) fn run<T>(
        &self,
        call: impl FnOnce(&Client) -> Result<Call<T>, Error>,
        print: impl FnOnce(&T, &Output) -> Result<(), CliError>,
    ) -> Result<ExitStatus, CliError> {
        if self.dry_run {
            return self.preview(call);
        }
        let send = async |session: &Session| Ok(call(&session.client)?.send().await?);
        print(&self.with_session(send)?, self.output)?;
        Ok(ExitStatus::Success)
    }

    /// Prints the request of a call.
    pub(super) fn preview<T>(
        &self,
        call: impl FnOnce(&Client) -> Result<Call<T>, Error>,
    ) -> Result<ExitStatus, CliError> {
        let dry_run = DryRun::new(&self.config, self.output)?;
        let preview = dry_run.preview(&call(&dry_run.client)?);
        request::print(&preview, self.output)?;
        Ok(ExitStatus::Success)
    }

    /// Does work with a client that is closed afterwards.
    pub(super) fn with_session<T>(
        &self,
        work: impl AsyncFnOnce(&Session) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        self.with(Session::open, work)
    }

    /// Does work of many calls with a client that respects the rate limit.
    pub(super) fn with_rate_limited_session<T>(
        &self,
        work: impl AsyncFnOnce(&Session) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        self.with(Session::open_rate_limited, work)
    }

    fn with<T>(
        &self,
        open: impl FnOnce(&Config, &Output) -> Result<Session, CliError>,
        work: impl AsyncFnOnce(&Session) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        block_on(async {
            let session = open(&self.config, self.output)?;
            let result = work(&session).await;
            session.close().await;
            result
        })
    }
}
