//! What callers were told, and what was so.

use std::{collections::BTreeMap, ops::AddAssign};

use atlas_admin::ErrorKind;

/// What a caller was told of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Told {
    Done,
    NotDone,
    Unknown,
}

impl Told {
    pub(super) const ALL: [Self; 3] = [Self::Done, Self::NotDone, Self::Unknown];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotDone => "not done",
            Self::Unknown => "perhaps done",
        }
    }
}

#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Count {
    pub(super) updates: u64,
    /// How many of them had taken effect.
    pub(super) in_effect: u64,
    /// How many were not as the caller was told.
    pub(super) wrong: u64,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    counts: BTreeMap<Told, Count>,
    /// The kinds of the failures, by their names.
    pub(super) failures: BTreeMap<String, u64>,
    /// What the client says that it has sent.
    pub(super) requests: u64,
    /// Keys that changed when nobody had asked for it.
    pub(super) changed_unasked: u64,
}

impl Ledger {
    pub(super) fn enter(&mut self, told: Told, is_in_effect: bool, is_so: bool) {
        let count = self.counts.entry(told).or_default();
        count.updates += 1;
        count.in_effect += u64::from(is_in_effect);
        count.wrong += u64::from(!is_so);
    }

    pub(super) fn failed(&mut self, kind: ErrorKind) {
        *self.failures.entry(format!("{kind:?}")).or_default() += 1;
    }

    pub(super) fn count(&self, told: Told) -> Count {
        self.counts.get(&told).copied().unwrap_or_default()
    }

    pub(super) fn updates(&self) -> u64 {
        self.counts.values().map(|count| count.updates).sum()
    }

    pub(super) fn is_honest(&self) -> bool {
        self.changed_unasked == 0 && self.counts.values().all(|count| count.wrong == 0)
    }
}

impl AddAssign for Ledger {
    fn add_assign(&mut self, other: Self) {
        for (told, more) in other.counts {
            let count = self.counts.entry(told).or_default();
            count.updates += more.updates;
            count.in_effect += more.in_effect;
            count.wrong += more.wrong;
        }
        for (kind, more) in other.failures {
            *self.failures.entry(kind).or_default() += more;
        }
        self.requests += other.requests;
        self.changed_unasked += other.changed_unasked;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lie_is_enough() {
        let mut all = Ledger::default();
        let mut honest = Ledger::default();
        honest.enter(Told::Unknown, true, true);
        honest.enter(Told::Done, true, true);
        all += honest;
        assert!(all.is_honest() && all.updates() == 2);
        let mut liar = Ledger::default();
        liar.enter(Told::Done, false, false);
        all += liar;
        assert!(!all.is_honest());
        assert_eq!(all.count(Told::Done).updates, 2);
        assert_eq!(all.count(Told::Done).wrong, 1);

        let unasked = Ledger {
            changed_unasked: 1,
            ..Ledger::default()
        };
        assert!(!unasked.is_honest());
    }
}
