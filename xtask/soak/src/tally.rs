//! Counts of what the client reported, and of what had happened.

use std::{collections::BTreeMap, ops::AddAssign};

use atlas_admin::ErrorKind;

/// What the client reported about an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reported {
    Applied,
    NotApplied,
    Unknown,
}

impl Reported {
    pub(super) const ALL: [Self; 3] = [Self::Applied, Self::NotApplied, Self::Unknown];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::NotApplied => "not applied",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Count {
    pub(super) updates: u64,
    /// How many of them the emulator had applied.
    pub(super) applied: u64,
    /// How many reports were wrong.
    pub(super) wrong: u64,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: BTreeMap<Reported, Count>,
    /// The failures by the name of their kind.
    pub(super) failures: BTreeMap<String, u64>,
    /// Requests by the client's count.
    pub(super) requests: u64,
    /// Changes of keys without an update.
    pub(super) unexpected_changes: u64,
}

impl Tally {
    pub(super) fn add(&mut self, reported: Reported, is_applied: bool, is_right: bool) {
        let count = self.counts.entry(reported).or_default();
        count.updates += 1;
        count.applied += u64::from(is_applied);
        count.wrong += u64::from(!is_right);
    }

    pub(super) fn add_failure(&mut self, kind: ErrorKind) {
        *self.failures.entry(format!("{kind:?}")).or_default() += 1;
    }

    pub(super) fn count(&self, reported: Reported) -> Count {
        self.counts.get(&reported).copied().unwrap_or_default()
    }

    pub(super) fn updates(&self) -> u64 {
        self.counts.values().map(|count| count.updates).sum()
    }

    pub(super) fn is_right(&self) -> bool {
        self.unexpected_changes == 0 && self.counts.values().all(|count| count.wrong == 0)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for (reported, more) in other.counts {
            let count = self.counts.entry(reported).or_default();
            count.updates += more.updates;
            count.applied += more.applied;
            count.wrong += more.wrong;
        }
        for (kind, more) in other.failures {
            *self.failures.entry(kind).or_default() += more;
        }
        self.requests += other.requests;
        self.unexpected_changes += other.unexpected_changes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_report_is_enough() {
        let mut all = Tally::default();
        let mut right = Tally::default();
        right.add(Reported::Unknown, true, true);
        right.add(Reported::Applied, true, true);
        all += right;
        assert!(all.is_right() && all.updates() == 2);
        let mut wrong = Tally::default();
        wrong.add(Reported::Applied, false, false);
        all += wrong;
        assert!(!all.is_right());
        assert_eq!(all.count(Reported::Applied).updates, 2);
        assert_eq!(all.count(Reported::Applied).wrong, 1);

        let changed = Tally {
            unexpected_changes: 1,
            ..Tally::default()
        };
        assert!(!changed.is_right());
    }
}
