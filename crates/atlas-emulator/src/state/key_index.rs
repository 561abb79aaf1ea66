//! Keys in the order of lists.

use std::{ops::Range, sync::Arc};

use crate::state::object_id::ObjectId;

/// Keys by public key, which is the recorded order of lists. A sorted array, so that a page is a
/// slice of it; an organization has few keys, so that insertions are cheap too.
#[derive(Debug, Default)]
pub(crate) struct KeyIndex(Vec<(Arc<str>, ObjectId)>);

impl KeyIndex {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the ids of the keys in a range; what is beyond the end is left out.
    pub(crate) fn slice(&self, range: Range<usize>) -> impl Iterator<Item = ObjectId> {
        let end = range.end.min(self.0.len());
        let start = range.start.min(end);
        self.0[start..end].iter().map(|(_, id)| *id)
    }

    pub(crate) fn insert(&mut self, public_key: &Arc<str>, id: ObjectId) {
        if let Err(at) = self.position(public_key) {
            self.0.insert(at, (Arc::clone(public_key), id));
        }
    }

    pub(crate) fn remove(&mut self, public_key: &str) {
        if let Ok(at) = self.position(public_key) {
            self.0.remove(at);
        }
    }

    fn position(&self, public_key: &str) -> Result<usize, usize> {
        self.0
            .binary_search_by(|(known, _)| (**known).cmp(public_key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> ObjectId {
        ObjectId::from_bytes([number; 12])
    }

    #[test]
    fn keys_are_in_the_order_of_their_public_keys() {
        let mut index = KeyIndex::default();
        for (number, name) in ["mmm", "aaa", "zzz", "bbb"].into_iter().enumerate() {
            index.insert(&name.into(), id(number as u8));
        }
        let all: Vec<_> = index.slice(0..usize::MAX).collect();
        assert_eq!(all, [id(1), id(3), id(0), id(2)]);
        let middle: Vec<_> = index.slice(1..3).collect();
        assert_eq!(middle, [id(3), id(0)]);
        assert_eq!(index.slice(9..20).count(), 0);
        index.remove("bbb");
        index.remove("absent");
        let rest: Vec<_> = index.slice(0..9).collect();
        assert_eq!((rest, index.len()), (vec![id(1), id(0), id(2)], 3));
    }
}
