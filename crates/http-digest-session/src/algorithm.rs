//! The hash algorithms of digest authentication (RFC 7616, section 6.1).

use std::ops::Deref;

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

/// Hexadecimal digits, of a hash of up to 32 bytes or of as many random bytes.
#[derive(Clone)]
pub(super) struct Hex {
    digits: [u8; 64],
    len: usize,
}

impl Hex {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut digits = [0; 64];
        let len = 2 * bytes.len();
        const_hex::encode_to_slice(bytes, &mut digits[..len]).expect("twice as long as the bytes");
        Self { digits, len }
    }

    /// Takes text for the digits.
    #[cfg(test)]
    pub(super) fn from_text(text: &str) -> Self {
        let (mut digits, len) = ([0; 64], text.len());
        digits[..len].copy_from_slice(text.as_bytes());
        Self { digits, len }
    }
}

impl Deref for Hex {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.digits[..self.len]
    }
}

impl Hash {
    /// Returns the hash of `parts`, joined by colons.
    pub(super) fn of(self, parts: &[&[u8]]) -> Hex {
        match self {
            Self::Md5 => hash::<Md5>(parts),
            Self::Sha256 => hash::<Sha256>(parts),
            Self::Sha512_256 => hash::<Sha512_256>(parts),
        }
    }
}

fn hash<D: Digest>(parts: &[&[u8]]) -> Hex {
    let mut digest = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            digest.update(b":");
        }
        digest.update(part);
    }
    Hex::new(&digest.finalize())
}
