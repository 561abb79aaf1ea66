//! Which difference matters how much, and what it means for users.

use super::Severity::{self, Additive, Behavioural, Breaking, Cosmetic};

/// A rule for one sort of difference.
pub(super) struct Rule {
    pub(super) severity: Severity,
    /// The sort of difference, for `--explain`.
    pub(super) about: &'static str,
    /// What it means for a user of `atlas-admin`, of a subject `{}`.
    pub(super) impact: &'static str,
}

const fn rule(severity: Severity, about: &'static str, impact: &'static str) -> Rule {
    Rule {
        severity,
        about,
        impact,
    }
}

// Operations.

pub(super) const OPERATION_REMOVED: Rule = rule(
    Breaking,
    "an operation that is gone",
    "The service no longer has the operation: every call of it will fail.",
);
pub(super) const OPERATION_ADDED: Rule = rule(
    Additive,
    "an operation that is new",
    "The service has the operation after.",
);
pub(super) const ID: Rule = rule(
    Cosmetic,
    "another id or name for the same thing",
    "Nothing: the client's names are its own.",
);
pub(super) const EXTENSION: Rule = rule(
    Cosmetic,
    "an extension that says nothing of the wire",
    "Nothing.",
);
pub(super) const ORDER: Rule = rule(Cosmetic, "another order of the same", "Nothing.");
pub(super) const CALLER: Rule = rule(
    Behavioural,
    "who may call the operation",
    "The caller may need another role than before, and get a permission error without it.",
);
pub(super) const DEPRECATED: Rule = rule(
    Behavioural,
    "a mark of deprecation, or the day of a sunset",
    "The service means to withdraw it; responses tell the day.",
);
pub(super) const SCHEME_REMOVED: Rule = rule(
    Breaking,
    "a way to authenticate that is gone",
    "Credentials of the kind {} will be refused.",
);
pub(super) const SCHEME_ADDED: Rule = rule(
    Additive,
    "a way to authenticate that is new",
    "The service takes credentials of the kind {} too.",
);
pub(super) const SERVER: Rule = rule(
    Behavioural,
    "another place to send requests or to fetch tokens",
    "The service may be elsewhere; the client's default does not move by itself.",
);

// Bodies and responses.

pub(super) const VERSION_REMOVED: Rule = rule(
    Breaking,
    "a media type that is gone",
    "Asking for the version {} may be refused.",
);
pub(super) const VERSION_ADDED: Rule = rule(
    Additive,
    "a media type that is new",
    "There is a version {}, which a client that asks for that day or a later one is served.",
);
pub(super) const BODY_REMOVED: Rule = rule(
    Breaking,
    "request: no body any more",
    "The client's body will be refused or ignored.",
);
pub(super) const BODY_ADDED: Rule = rule(
    Breaking,
    "request: a body where there before none",
    "The operation takes a body, which the client does not send.",
);
pub(super) const SUCCESS_REMOVED: Rule = rule(
    Breaking,
    "a success that is gone",
    "Success is no longer reported as {}, and the client takes other answers for failures.",
);
pub(super) const ERROR_REMOVED: Rule = rule(
    Behavioural,
    "an error that is gone",
    "The service does not say that it answers {}; the client still reads it.",
);
pub(super) const RESPONSE_ADDED: Rule = rule(
    Additive,
    "an answer that is new",
    "The service says that it answers {}, which the client reads like any other.",
);
pub(super) const HEADER_REMOVED: Rule = rule(
    Behavioural,
    "a header that is gone",
    "Answers need not have the header {}; what is made of it reads as absent.",
);
pub(super) const HEADER_ADDED: Rule = rule(
    Additive,
    "a header that is new",
    "Answers have the header {}, which Response::headers and Error::headers show.",
);

// What is sent.

pub(super) const INPUT_REMOVED: Rule = rule(
    Breaking,
    "request: a parameter or field that is gone, so that one who sends it is refused",
    "A request that gives {} will be refused, or {} will do nothing.",
);
pub(super) const INPUT_ADDED: Rule = rule(
    Additive,
    "request: an optional parameter or field that is new",
    "The service takes {}, which the client does not send yet.",
);
pub(super) const REQUIRED_INPUT_ADDED: Rule = rule(
    Breaking,
    "request: a required parameter or field that is new",
    "A request without {} will be refused, and the client does not send it yet.",
);
pub(super) const INPUT_REQUIRED: Rule = rule(
    Breaking,
    "request: a parameter or field that must be given after",
    "A request without {} will be refused.",
);
pub(super) const INPUT_OPTIONAL: Rule = rule(
    Additive,
    "request: a parameter or field that need not be given after",
    "A request may do without {}.",
);
pub(super) const INPUT_VALUE_REMOVED: Rule = rule(
    Breaking,
    "request: a value that is no longer accepted",
    "{} may be refused; its variant stays, marked as no longer listed.",
);
pub(super) const INPUT_VALUE_ADDED: Rule = rule(
    Additive,
    "request: a value that is accepted after",
    "{} is accepted; a role gets a variant by this update.",
);
pub(super) const INPUT_VALUES_OPENED: Rule = rule(
    Behavioural,
    "request: a list of values that is no longer given",
    "{} has no list of values any more; those that the client knows stay known.",
);
pub(super) const INPUT_VALUES_CLOSED: Rule = rule(
    Breaking,
    "request: a list of values where any before accepted",
    "{} must be one of a list after; others may be refused.",
);
pub(super) const INPUT_LIMIT_NARROWED: Rule = rule(
    Breaking,
    "request: a narrower limit",
    "{} is refused where it before accepted, by the client before it is sent.",
);
pub(super) const INPUT_LIMIT_WIDENED: Rule = rule(
    Behavioural,
    "request: a wider limit",
    "{} is accepted where it before refused.",
);
pub(super) const INPUT_NULLABLE: Rule = rule(
    Behavioural,
    "request: whether a value may be null",
    "Nothing: the client never sends null.",
);
pub(super) const INPUT_READ_ONLY: Rule = rule(
    Behavioural,
    "request: a mark that a field may not be sent",
    "{} may be refused or ignored in a request.",
);

// What is received.

pub(super) const OUTPUT_REMOVED: Rule = rule(
    Behavioural,
    "response: a field that is gone, so that it reads as absent",
    "{} reads as absent.",
);
pub(super) const OUTPUT_ID_REMOVED: Rule = rule(
    Breaking,
    "response: a field that is gone and that a success must have",
    "A success cannot be told from any other object, and becomes an error.",
);
pub(super) const OUTPUT_ADDED: Rule = rule(
    Additive,
    "response: a field that is new",
    "Answers have {}, which the client does not show yet.",
);
pub(super) const OUTPUT_ALWAYS: Rule = rule(
    Behavioural,
    "response: a field that is always there after",
    "{} is said to be always there; nothing relies on it.",
);
pub(super) const OUTPUT_SOMETIMES: Rule = rule(
    Behavioural,
    "response: a field that need not be there after",
    "{} may be missing, which reads as absent.",
);
pub(super) const OUTPUT_VALUE_REMOVED: Rule = rule(
    Behavioural,
    "response: a value that no longer appears",
    "{} is not expected any more, and read if it comes.",
);
pub(super) const OUTPUT_VALUE_ADDED: Rule = rule(
    Additive,
    "response: a value that may appear after",
    "{} may appear, and is read like any other.",
);
pub(super) const OUTPUT_VALUES: Rule = rule(
    Behavioural,
    "response: a list of values that is given, or no longer given",
    "Nothing: any value is read.",
);
pub(super) const OUTPUT_LIMIT: Rule = rule(
    Behavioural,
    "response: another limit",
    "Nothing: answers are not checked.",
);
pub(super) const OUTPUT_NULL: Rule = rule(
    Behavioural,
    "response: a value that may be null after",
    "{} may be null, which reads as absent.",
);
pub(super) const OUTPUT_NOT_NULL: Rule = rule(
    Behavioural,
    "response: a value that is never null after",
    "{} is said never to be null; it is still read if it is.",
);
pub(super) const OUTPUT_READ_ONLY: Rule = rule(
    Cosmetic,
    "response: a mark that a field is never sent, which it is not",
    "Nothing: the field is never sent.",
);

// Either way.

pub(super) const DEFAULT: Rule = rule(
    Behavioural,
    "what holds if nothing is given",
    "The service takes another value where none is given; the client never sends a default.",
);
pub(super) const TYPE: Rule = rule(
    Breaking,
    "another type or format",
    "{} is of another type: it may be refused, or cannot be read.",
);
pub(super) const SHAPE: Rule = rule(
    Breaking,
    "another composition of types",
    "{} may be put together otherwise, and be refused or unreadable.",
);
pub(super) const OTHER: Rule = rule(
    Behavioural,
    "something else about a value",
    "{} may be treated otherwise.",
);
