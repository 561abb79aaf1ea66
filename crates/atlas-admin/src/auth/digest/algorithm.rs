//! The hash algorithms of digest authentication (RFC 7616, section 6.1).

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

/// Hash functions, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

/// The algorithm of a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Algorithm {
    pub(super) hash: Hash,
    /// Whether H(A1) also covers the nonces (`-sess`).
    pub(super) session: bool,
}

impl Algorithm {
    pub(super) const DEFAULT: Self = Self {
        hash: Hash::Md5,
        session: false,
    };

    /// Returns the algorithm with this name, in any case.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let name = name.to_ascii_uppercase();
        let (base, session) = match name.strip_suffix(b"-SESS") {
            Some(base) => (base, true),
            None => (&*name, false),
        };
        let hash = match base {
            b"MD5" => Hash::Md5,
            b"SHA-256" => Hash::Sha256,
            b"SHA-512-256" => Hash::Sha512_256,
            _ => return None,
        };
        Some(Self { hash, session })
    }
}

impl Hash {
    /// Returns the hash of `parts`, joined by colons, in hexadecimal digits.
    pub(super) fn of(self, parts: &[&[u8]]) -> String {
        match self {
            Self::Md5 => hash::<Md5>(parts),
            Self::Sha256 => hash::<Sha256>(parts),
            Self::Sha512_256 => hash::<Sha512_256>(parts),
        }
    }
}

fn hash<D: Digest>(parts: &[&[u8]]) -> String {
    let mut digest = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            digest.update(b":");
        }
        digest.update(part);
    }
    const_hex::encode(digest.finalize())
}
