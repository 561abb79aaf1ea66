//! Many organizations and keys, generated from a number rather than listed.

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use secrecy::{ExposeSecret, SecretString};

use crate::{config::identities::Identities, state::object_id::ObjectId};

/// A key that [`Builder::keys_per_org`](crate::Builder::keys_per_org) asked
/// for; see [`Emulator::synthetic_keys`](crate::Emulator::synthetic_keys).
#[derive(Clone, Debug)]
pub struct SyntheticKey {
    pub(crate) org: ObjectId,
    pub(crate) id: ObjectId,
    pub(crate) public_key: String,
    pub(crate) private_key: SecretString,
    pub(crate) is_owner: bool,
}

impl SyntheticKey {
    /// The id of the organization.
    pub fn org_id(&self) -> String {
        self.org.to_string()
    }

    /// The id of the key.
    pub fn api_key_id(&self) -> String {
        self.id.to_string()
    }

    /// The public key: the user name for digest.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// The private key: the password for digest.
    pub fn private_key(&self) -> &str {
        self.private_key.expose_secret()
    }

    /// Whether the key is an owner of its organization: the first of each is.
    pub fn is_owner(&self) -> bool {
        self.is_owner
    }
}

/// How many there are, and what they are made of.
#[derive(Clone, Debug)]
pub(crate) struct SyntheticKeys {
    orgs: u32,
    keys_per_org: u32,
    first_org: ObjectId,
    seed: u64,
    org_prefix: [u8; 8],
    key_prefix: [u8; 8],
    first_name: u64,
}

/// The most keys, and organizations, that are generated.
pub(crate) const MOST: u64 = 10_000_000;

/// Eight letters.
const NAMES: u64 = 26_u64.pow(8);

impl SyntheticKeys {
    pub(crate) fn new(orgs: u32, keys_per_org: u32, first_org: ObjectId, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(!seed);
        let mut prefixes = [[0; 8]; 2];
        prefixes
            .iter_mut()
            .for_each(|prefix| rng.fill_bytes(prefix));
        let [org_prefix, key_prefix] = prefixes;
        Self {
            orgs,
            keys_per_org,
            first_org,
            seed,
            org_prefix,
            key_prefix,
            first_name: rng.random_range(0..NAMES),
        }
    }

    /// How many keys there are, unless it is more than memory can be had for.
    pub(crate) fn key_count(&self) -> Option<usize> {
        let keys = (u64::from(self.orgs) + 1).checked_mul(self.keys_per_org.into())?;
        let is_sane = keys <= MOST && u64::from(self.orgs) <= MOST;
        usize::try_from(keys).ok().filter(|_| is_sane)
    }

    /// The organizations beside the first.
    pub(crate) fn orgs(&self) -> impl ExactSizeIterator<Item = ObjectId> + '_ {
        (0..self.orgs).map(|index| numbered(self.org_prefix, index))
    }

    /// The keys, organization by organization, those of the first before all.
    pub(crate) fn keys(&self) -> impl Iterator<Item = SyntheticKey> + '_ {
        let orgs = std::iter::once(self.first_org).chain(self.orgs());
        orgs.enumerate().flat_map(move |(at, org)| {
            (0..self.keys_per_org).map(move |key| {
                let index = at as u64 * u64::from(self.keys_per_org) + u64::from(key);
                self.key(org, index, key == 0)
            })
        })
    }

    fn key(&self, org: ObjectId, index: u64, is_owner: bool) -> SyntheticKey {
        // Far from the seeds of the other keys and of neighbouring emulators.
        let seed = self.seed ^ index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut id = [0; 12];
        id[..7].copy_from_slice(&self.key_prefix[..7]);
        id[7..].copy_from_slice(&index.to_be_bytes()[3..]);
        SyntheticKey {
            org,
            id: ObjectId::from_bytes(id),
            public_key: letters((self.first_name + index) % NAMES),
            private_key: Identities::new(seed).private_key().into(),
            is_owner,
        }
    }
}

fn numbered(prefix: [u8; 8], index: u32) -> ObjectId {
    let mut id = [0; 12];
    id[..8].copy_from_slice(&prefix);
    id[8..].copy_from_slice(&index.to_be_bytes());
    ObjectId::from_bytes(id)
}

/// A number below [`NAMES`] as eight lower-case letters, each number others.
fn letters(mut number: u64) -> String {
    let mut text = ['a'; 8];
    for letter in text.iter_mut().rev() {
        // A remainder below 26 fits.
        *letter = char::from(b'a' + (number % 26) as u8);
        number /= 26;
    }
    text.iter().collect()
}
