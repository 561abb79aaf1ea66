//! The credentials of a run, in the servers' formats.

use md5::{Digest, Md5};

pub(crate) const USER: &str = "interop";
pub(crate) const REALM: &str = "interop digest";

/// Creates a password for one run.
pub(crate) fn password() -> String {
    const_hex::encode(rand::random::<[u8; 16]>())
}

/// Returns a line of Apache's file of digest users.
pub(crate) fn htdigest(password: &str) -> String {
    let hash = Md5::digest(format!("{USER}:{REALM}:{password}"));
    format!("{USER}:{REALM}:{}\n", const_hex::encode(hash))
}

/// Returns a line of lighttpd's file of plain passwords.
pub(crate) fn plain(password: &str) -> String {
    format!("{USER}:{password}\n")
}
