//! Options that match descriptions.

use clap::Args;
use glob::Pattern;

#[derive(Args)]
pub(crate) struct DescGlobArgs {
    /// Only keys with such a description, as a shell matches file names; repeat for others
    #[arg(long, value_name = "GLOB", value_parser = Pattern::new)]
    desc_glob: Vec<Pattern>,
}

impl DescGlobArgs {
    /// Returns whether a key's description matches one of the patterns, or there is none.
    pub(crate) fn matches(&self, desc: Option<&str>) -> bool {
        let desc = desc.unwrap_or_default();
        let mut globs = self.desc_glob.iter();
        self.desc_glob.is_empty() || globs.any(|glob| glob.matches(desc))
    }
}
