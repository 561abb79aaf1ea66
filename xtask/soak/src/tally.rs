//! Counts of what the client reported, and of what had happened.

use std::{collections::BTreeMap, fmt::Debug, ops::AddAssign};

use atlas_admin::{Effect, Error, ErrorKind, Response};

/// The operations that change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    UpdateOrgApiKey,
    ReplaceProjectRoles,
    Assign,
    CreateOrgApiKey,
    CreateProjectApiKey,
    AddAccessListEntry,
    DeleteOrgApiKey,
    RemoveProjectApiKey,
    DeleteAccessListEntry,
}

impl Operation {
    pub(super) const ALL: [Self; 9] = [
        Self::UpdateOrgApiKey,
        Self::ReplaceProjectRoles,
        Self::Assign,
        Self::CreateOrgApiKey,
        Self::CreateProjectApiKey,
        Self::AddAccessListEntry,
        Self::DeleteOrgApiKey,
        Self::RemoveProjectApiKey,
        Self::DeleteAccessListEntry,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UpdateOrgApiKey => "update a key",
            Self::ReplaceProjectRoles => "replace roles in a project",
            Self::Assign => "assign to a project",
            Self::CreateOrgApiKey => "create a key",
            Self::CreateProjectApiKey => "create a key in a project",
            Self::AddAccessListEntry => "add an access list entry",
            Self::DeleteOrgApiKey => "delete a key",
            Self::RemoveProjectApiKey => "remove from a project",
            Self::DeleteAccessListEntry => "delete an access list entry",
        }
    }

    pub(super) fn effect(self) -> Effect {
        match self {
            Self::UpdateOrgApiKey | Self::ReplaceProjectRoles | Self::Assign => Effect::Set,
            Self::CreateOrgApiKey | Self::CreateProjectApiKey | Self::AddAccessListEntry => {
                Effect::Create
            }
            Self::DeleteOrgApiKey | Self::RemoveProjectApiKey | Self::DeleteAccessListEntry => {
                Effect::Delete
            }
        }
    }
}

/// What the client reported about a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reported {
    Applied,
    NotApplied,
    Unknown,
}

impl Reported {
    pub(super) fn of<T>(result: &Result<Response<T>, Error>) -> Self {
        match result {
            Ok(_) => Self::Applied,
            Err(error) if error.outcome_unknown() => Self::Unknown,
            Err(_) => Self::NotApplied,
        }
    }
}

/// What was wrong with a report, or with the emulator's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wrong {
    /// Reported as applied, and not in effect.
    NotInEffect,
    /// Reported as not applied, and something changed.
    InEffect,
    /// Neither what was before, nor what was asked for.
    Neither,
    /// Created more than once.
    Doubled,
    /// A response that shows another key or other values.
    Response,
    /// A key that `find_created` did not find, or found without there being one.
    Search,
    /// A new key that cannot sign in.
    SignIn,
    /// A key that changed or disappeared without a request.
    Unasked,
    /// A key that nobody was told of.
    Untold,
}

impl Wrong {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NotInEffect => "reported as applied, but not in effect",
            Self::InEffect => "reported as not applied, but in effect",
            Self::Neither => "neither as before nor as asked for",
            Self::Doubled => "created twice",
            Self::Response => "a wrong response taken for a right one",
            Self::Search => "not found by find_created",
            Self::SignIn => "cannot sign in",
            Self::Unasked => "changed or deleted unasked",
            Self::Untold => "a key that nobody was told of",
        }
    }
}

/// A change, with the states before it and after it, and the one that was asked for.
#[derive(Debug)]
pub(super) struct Change<S> {
    pub(super) operation: Operation,
    pub(super) before: S,
    pub(super) desired: S,
    pub(super) after: S,
}

impl<S: PartialEq> Change<S> {
    /// Returns what is wrong with this report about the change.
    pub(super) fn check(&self, reported: Reported) -> Option<Wrong> {
        let is_as_before = self.after == self.before;
        let (is_right, wrong) = match reported {
            Reported::Applied => (self.is_applied(), Wrong::NotInEffect),
            Reported::NotApplied => (is_as_before, Wrong::InEffect),
            Reported::Unknown => (is_as_before || self.is_applied(), Wrong::Neither),
        };
        (!is_right).then_some(wrong)
    }

    pub(super) fn is_applied(&self) -> bool {
        self.after == self.desired
    }
}

/// How often an operation was reported as what.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Count {
    pub(super) applied: u64,
    pub(super) not_applied: u64,
    pub(super) unknown: u64,
    /// How many of the unknown ones the emulator had applied.
    pub(super) unknown_applied: u64,
    pub(super) wrong: u64,
}

impl Count {
    pub(super) fn changes(&self) -> u64 {
        self.applied + self.not_applied + self.unknown
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.applied += other.applied;
        self.not_applied += other.not_applied;
        self.unknown += other.unknown;
        self.unknown_applied += other.unknown_applied;
        self.wrong += other.wrong;
    }
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: BTreeMap<Operation, Count>,
    pub(super) wrong: BTreeMap<Wrong, u64>,
    /// The failures by the name of their kind.
    pub(super) failures: BTreeMap<String, u64>,
    /// Requests by the client's count, without those of searches and sign-ins.
    pub(super) requests: u64,
    /// Searches after creations whose outcome was unknown.
    pub(super) searches: u64,
    /// New keys that signed in.
    pub(super) sign_ins: u64,
    /// The ids of the keys that tasks created and know to exist.
    pub(super) created: Vec<String>,
}

impl Tally {
    /// Counts a change by its result and by what is wrong with it, and prints the latter.
    pub(super) fn add<S: Debug + PartialEq, T: Debug>(
        &mut self,
        change: &Change<S>,
        result: &Result<Response<T>, Error>,
        wrong: Option<Wrong>,
    ) {
        let count = self.counts.entry(change.operation).or_default();
        match Reported::of(result) {
            Reported::Applied => count.applied += 1,
            Reported::NotApplied => count.not_applied += 1,
            Reported::Unknown => {
                count.unknown += 1;
                count.unknown_applied += u64::from(change.is_applied());
            }
        }
        if let Some(wrong) = wrong {
            count.wrong += 1;
            self.add_wrong(wrong, &(change, result));
        }
        match result {
            Ok(response) => self.requests += u64::from(response.requests_sent()),
            Err(error) => {
                self.requests += u64::from(error.requests_sent());
                self.add_failure(error.kind());
            }
        }
    }

    /// Counts what is wrong, and prints it.
    pub(super) fn add_wrong(&mut self, wrong: Wrong, what: &impl Debug) {
        eprintln!("{}: {what:#?}", wrong.name());
        *self.wrong.entry(wrong).or_default() += 1;
    }

    fn add_failure(&mut self, kind: ErrorKind) {
        *self.failures.entry(format!("{kind:?}")).or_default() += 1;
    }

    pub(super) fn count(&self, operation: Operation) -> Count {
        self.counts.get(&operation).copied().unwrap_or_default()
    }

    /// Returns the number of changes that the client was asked for.
    pub(super) fn changes(&self) -> u64 {
        self.counts.values().map(Count::changes).sum()
    }

    pub(super) fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for (operation, more) in other.counts {
            *self.counts.entry(operation).or_default() += more;
        }
        for (wrong, more) in other.wrong {
            *self.wrong.entry(wrong).or_default() += more;
        }
        for (kind, more) in other.failures {
            *self.failures.entry(kind).or_default() += more;
        }
        self.requests += other.requests;
        self.searches += other.searches;
        self.sign_ins += other.sign_ins;
        self.created.extend(other.created);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(before: u8, desired: u8, after: u8) -> Change<u8> {
        Change {
            operation: Operation::UpdateOrgApiKey,
            before,
            desired,
            after,
        }
    }

    #[test]
    fn reports_are_compared_with_the_state_after_the_change() {
        let [unapplied, applied, other] = [change(1, 2, 1), change(1, 2, 2), change(1, 2, 3)];
        for (reported, expected) in [
            (
                Reported::Applied,
                [Some(Wrong::NotInEffect), None, Some(Wrong::NotInEffect)],
            ),
            (
                Reported::NotApplied,
                [None, Some(Wrong::InEffect), Some(Wrong::InEffect)],
            ),
            (Reported::Unknown, [None, None, Some(Wrong::Neither)]),
        ] {
            let found = [&unapplied, &applied, &other].map(|change| change.check(reported));
            assert_eq!(found, expected, "{reported:?}");
        }
        assert_eq!(change(1, 1, 1).check(Reported::NotApplied), None);
    }

    #[test]
    fn one_wrong_report_is_enough() {
        let unknown = Err(Error::new(ErrorKind::Timeout, "").with_outcome_unknown(true));
        let mut all = Tally::default();
        let mut right = Tally::default();
        right.add::<_, ()>(&change(1, 2, 2), &unknown, None);
        right.add(&change(1, 2, 2), &Ok(Response::new(())), None);
        all += right;
        assert!(all.is_right() && all.changes() == 2);
        let mut wrong = Tally::default();
        let result = Ok(Response::new(()));
        wrong.add(&change(1, 2, 1), &result, Some(Wrong::NotInEffect));
        all += wrong;
        assert!(!all.is_right());
        let count = all.count(Operation::UpdateOrgApiKey);
        assert_eq!((count.applied, count.wrong), (2, 1));
        assert_eq!((count.unknown, count.unknown_applied), (1, 1));
    }
}
