//! The ids that tests use.

/// An organization.
pub const ORG_ID: &str = "32b6e34b3d91647abb20e7b8";
/// A project of the organization.
pub const PROJECT_ID: &str = "5356823b3794de37132bb7b9";
/// An API key of the organization.
pub const API_KEY_ID: &str = "6a793f752c88faeba59bba49";
/// Another API key of the organization.
pub const OTHER_API_KEY_ID: &str = "6a793f752c88faeba59bba50";
/// The private key of a new API key.
pub const PRIVATE_KEY: &str = "55c3bbb6-b4bb-0be1-e66d-20841f3e7a1c";
/// A well-formed id of nothing.
pub const UNKNOWN_ID: &str = "0123456789abcdef01234567";

/// The ids in the responses that were recorded from the live service.
pub mod recorded {
    /// The organization.
    pub const ORG_ID: &str = "a0123456789abcdef012345a";
    /// The project.
    pub const PROJECT_ID: &str = "b0123456789abcdef012345b";
    /// The API key whose organization roles were updated.
    pub const ORG_API_KEY_ID: &str = super::API_KEY_ID;
    /// The API key whose project roles were replaced.
    pub const PROJECT_API_KEY_ID: &str = "6a793fbd2c88faeba59bd3b1";
    /// The project that the service did not find.
    pub const UNKNOWN_PROJECT_ID: &str = "111111111111111111111111";
}

/// The ids in `fixtures/`.
pub mod fixture {
    /// The organization.
    pub const ORG_ID: &str = "64a000000000000000000001";
    /// The project.
    pub const PROJECT_ID: &str = "64a000000000000000000002";
    /// The API key.
    pub const API_KEY_ID: &str = "64a000000000000000000003";
}
