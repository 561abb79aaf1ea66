//! Generated ids and credentials in the services' formats.

use chrono::Utc;
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

use crate::state::object_id::ObjectId;

/// A generator of ids and credentials, reproducible from its seed.
#[derive(Debug)]
pub(crate) struct Identities(StdRng);

impl Identities {
    pub(crate) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    pub(crate) fn object_id(&mut self) -> ObjectId {
        let mut bytes = [0; 12];
        self.0.fill_bytes(&mut bytes);
        ObjectId::from_bytes(bytes)
    }

    /// Generates an id as of now: its first four bytes are the seconds of the clock.
    pub(crate) fn new_object_id(&mut self) -> ObjectId {
        // Wraps around in 2106, as the services' ids do.
        let seconds = Utc::now().timestamp() as u32;
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&seconds.to_be_bytes());
        self.0.fill_bytes(&mut bytes[4..]);
        ObjectId::from_bytes(bytes)
    }

    /// Generates eight lower-case letters.
    pub(crate) fn public_key(&mut self) -> String {
        (0..8).map(|_| self.0.random_range('a'..='z')).collect()
    }

    /// Generates a UUID.
    pub(crate) fn private_key(&mut self) -> String {
        [4, 2, 2, 2, 6].map(|bytes| self.hex(bytes)).join("-")
    }

    pub(crate) fn client_id(&mut self) -> String {
        format!("mdb_sa_id_{}", self.hex(12))
    }

    pub(crate) fn client_secret(&mut self) -> String {
        format!("mdb_sa_sk_{}", self.hex(20))
    }

    fn hex(&mut self, bytes: usize) -> String {
        let mut buffer = vec![0; bytes];
        self.0.fill_bytes(&mut buffer);
        const_hex::encode(buffer)
    }
}
