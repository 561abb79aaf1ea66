//! Arguments that must not be repeated in an error.

use atlas_admin::looks_like_secret;
use clap::error::{ContextKind, ContextValue};

/// Hides a secret that stands where another argument belongs.
pub(crate) fn without_secrets(mut error: clap::Error) -> clap::Error {
    for kind in [
        ContextKind::InvalidValue,
        ContextKind::InvalidArg,
        ContextKind::InvalidSubcommand,
    ] {
        if let Some(ContextValue::String(text)) = error.get(kind)
            && looks_like_secret(text)
        {
            error.insert(kind, ContextValue::String("[REDACTED]".to_owned()));
        }
    }
    error
}
