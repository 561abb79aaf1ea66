//! The code in the chapters of the guide, each of which is documentation here.

#[doc = include_str!("../../docs/src/quick-start.md")]
struct QuickStart;

#[doc = include_str!("../../docs/src/authentication.md")]
struct Authentication;

#[doc = include_str!("../../docs/src/errors.md")]
struct Errors;

#[doc = include_str!("../../docs/src/versions.md")]
struct Versions;

#[doc = include_str!("../../docs/src/ops-manager.md")]
struct OpsManager;

#[doc = include_str!("../../docs/src/testing.md")]
struct Testing;

#[doc = include_str!("../../docs/src/bulk.md")]
struct Bulk;
