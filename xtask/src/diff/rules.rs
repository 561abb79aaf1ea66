//! The severity of each kind of change, and its impact on users.

use super::Severity::{self, Additive, Behavioural, Breaking, Cosmetic};

/// A rule for one kind of change.
pub(super) struct Rule {
    pub(super) severity: Severity,
    /// The kind of change, for `--explain`.
    pub(super) about: &'static str,
    /// The impact on users of `atlas-admin`; `{}` is the subject.
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
    "an operation is removed",
    "The service no longer has the operation: every {} fails.",
);
pub(super) const OPERATION_ADDED: Rule = rule(
    Additive,
    "an operation is added",
    "The service now has the operation.",
);
pub(super) const ID: Rule = rule(
    Cosmetic,
    "an id or a name changes",
    "No impact: the client uses names of its own.",
);
pub(super) const EXTENSION: Rule = rule(
    Cosmetic,
    "an extension changes that does not affect requests or responses",
    "No impact.",
);
pub(super) const ORDER: Rule = rule(Cosmetic, "the order changes", "No impact.");
pub(super) const CALLER: Rule = rule(
    Behavioural,
    "the role that the caller needs changes",
    "The caller may need another role, and gets a permission error without it.",
);
pub(super) const DEPRECATED: Rule = rule(
    Behavioural,
    "a deprecation or a sunset date changes",
    "The service plans to withdraw it; responses carry the date.",
);
pub(super) const CREDENTIALS_REFUSED: Rule = rule(
    Breaking,
    "credentials of a kind that the client has are no longer accepted alone",
    "Credentials of kind {} will be refused.",
);
pub(super) const CREDENTIALS_ACCEPTED: Rule = rule(
    Additive,
    "credentials of another kind that the client has are accepted",
    "The service also accepts credentials of kind {}.",
);
pub(super) const SIGN_IN_REQUIRED: Rule = rule(
    Behavioural,
    "signing in becomes required",
    "No impact: the client always signs in.",
);
pub(super) const SIGN_IN_OPTIONAL: Rule = rule(
    Additive,
    "signing in is optional, or no longer needed",
    "The service also accepts requests without credentials; the client still signs in.",
);
pub(super) const SCOPES: Rule = rule(
    Behavioural,
    "the scopes that a token needs change",
    "Tokens may need other scopes; the client asks for none.",
);
pub(super) const OTHER_SIGN_IN: Rule = rule(
    Cosmetic,
    "ways to sign in change that the client does not have",
    "No impact: the client signs in with an API key or a service account.",
);
pub(super) const SCHEME: Rule = rule(
    Cosmetic,
    "an authentication scheme is described otherwise",
    "What it changes for credentials is noted with each operation.",
);
pub(super) const FORM: Rule = rule(Cosmetic, "the same is written in another way", "No impact.");
pub(super) const SERVER: Rule = rule(
    Behavioural,
    "an address changes, for requests or tokens",
    "The service may have moved; the client's default address does not change by itself.",
);

// Bodies and responses.

pub(super) const VERSION_REMOVED: Rule = rule(
    Breaking,
    "a media type is removed",
    "Requesting version {} may be refused.",
);
pub(super) const VERSION_ADDED: Rule = rule(
    Additive,
    "a media type is added",
    "There is a version {}, which serves clients that request its date or a later one.",
);
pub(super) const BODY_REMOVED: Rule = rule(
    Breaking,
    "request: the body is removed",
    "The client's body will be refused or ignored.",
);
pub(super) const BODY_ADDED: Rule = rule(
    Breaking,
    "request: a body is added",
    "The operation expects a body, which the client does not send.",
);
pub(super) const SUCCESS_REMOVED: Rule = rule(
    Breaking,
    "the last success status is removed that the client can read",
    "Success is no longer reported as {}, and the client can read no other.",
);
pub(super) const SUCCESS_NO_LONGER: Rule = rule(
    Behavioural,
    "a success status is removed",
    "Success is no longer reported as {}.",
);
pub(super) const ERROR_REMOVED: Rule = rule(
    Behavioural,
    "an error status is removed",
    "The service no longer documents {}; the client still reads it.",
);
pub(super) const SUCCESS_ADDED: Rule = rule(
    Behavioural,
    "a success status with a body is added",
    "Success may be reported as {}, which a client from before this update takes for a failure.",
);
pub(super) const SUCCESS_TAKEN: Rule = rule(
    Additive,
    "a success status is added that the client takes for one",
    "Success may be reported as {}, too.",
);
pub(super) const SUCCESS_UNREADABLE: Rule = rule(
    Breaking,
    "a success status is added with another body, or none",
    "Success may be reported as {}, which the client takes for a failure.",
);
pub(super) const SUCCESS_BODY_ADDED: Rule = rule(
    Behavioural,
    "a success gets a body",
    "The client does not read the body of {}.",
);
pub(super) const SUCCESS_BODY_REMOVED: Rule = rule(
    Breaking,
    "a success loses its body",
    "A success without a body cannot be decoded, and becomes an error{}.",
);
pub(super) const NO_CONTENT: Rule = rule(
    Cosmetic,
    "a 204 is described with another body",
    "No impact: a 204 has no body.",
);
pub(super) const ERROR_ADDED: Rule = rule(
    Additive,
    "an error status is added",
    "The service documents {}, which the client reads like any other error.",
);
pub(super) const ERROR_MEDIA: Rule = rule(
    Behavioural,
    "a media type of an error is added or removed",
    "Errors may come in another form than {}; the client still reads the status.",
);
pub(super) const MEDIA_ADDED: Rule = rule(
    Additive,
    "another representation is added",
    "The service also offers {}, which the client does not use.",
);
pub(super) const MEDIA_REMOVED: Rule = rule(
    Cosmetic,
    "another representation is removed",
    "No impact: the client does not use {}.",
);
pub(super) const MEDIA_CHANGED: Rule = rule(
    Cosmetic,
    "another representation changes",
    "No impact: the client does not use {}.",
);
pub(super) const HEADER_CHANGED: Rule = rule(
    Behavioural,
    "a response header changes",
    "The header may be absent or have another form, which the client then ignores.",
);
pub(super) const HEADER_REMOVED: Rule = rule(
    Behavioural,
    "a response header is removed",
    "Responses may lack the header {}, which then reads as absent.",
);
pub(super) const HEADER_ADDED: Rule = rule(
    Additive,
    "a response header is added",
    "Responses have the header {}, which Response::headers and Error::headers show.",
);

// Requests.

pub(super) const BODY_REQUIRED: Rule = rule(
    Behavioural,
    "request: the body becomes required",
    "No impact: the client always sends a body.",
);
pub(super) const BODY_OPTIONAL: Rule = rule(
    Additive,
    "request: the body becomes optional",
    "No impact: the client always sends a body.",
);
pub(super) const INPUT_STYLE: Rule = rule(
    Breaking,
    "request: a parameter is written in another way",
    "{} must be written in another way than the client does.",
);
pub(super) const INPUT_SINGLE: Rule = rule(
    Cosmetic,
    "request: lists, empty values or reserved characters of a parameter are written in another way",
    "No impact: the client sends single values without reserved characters.",
);

pub(super) const INPUT_REMOVED: Rule = rule(
    Breaking,
    "request: a parameter or field is removed",
    "Requests with {} will be refused, or {} will have no effect.",
);
pub(super) const INPUT_ADDED: Rule = rule(
    Additive,
    "request: an optional parameter or field is added",
    "The service accepts {}, which the client does not send yet.",
);
pub(super) const REQUIRED_INPUT_ADDED: Rule = rule(
    Breaking,
    "request: a required parameter or field is added",
    "Requests without {} will be refused, and the client does not send it yet.",
);
pub(super) const INPUT_REQUIRED: Rule = rule(
    Breaking,
    "request: a parameter or field becomes required",
    "Requests without {} will be refused.",
);
pub(super) const INPUT_OPTIONAL: Rule = rule(
    Additive,
    "request: a parameter or field becomes optional",
    "Requests may omit {}.",
);
pub(super) const INPUT_VALUE_REMOVED: Rule = rule(
    Breaking,
    "request: a value is no longer listed",
    "{} may be refused; its variant stays, documented as no longer listed.",
);
pub(super) const INPUT_VALUE_ADDED: Rule = rule(
    Additive,
    "request: a value is added",
    "{} is accepted; a new role gets a variant with this update.",
);
pub(super) const INPUT_VALUES_OPENED: Rule = rule(
    Behavioural,
    "request: a list of values is removed",
    "{} no longer has a list of values; the values that the client knows stay known.",
);
pub(super) const INPUT_VALUES_CLOSED: Rule = rule(
    Breaking,
    "request: a list of values is added",
    "{} must be one of a list; other values may be refused.",
);
pub(super) const INPUT_LIMIT_NARROWED: Rule = rule(
    Breaking,
    "request: a limit becomes narrower",
    "Values of {} that were accepted are refused, by the client before they are sent.",
);
pub(super) const INPUT_NARROWED: Rule = rule(
    Breaking,
    "request: a constraint becomes narrower that the client does not check",
    "Values of {} that were accepted may be refused by the service; the client does not check this.",
);
pub(super) const INPUT_UNIQUE: Rule = rule(
    Behavioural,
    "request: items of a list must or need no longer be unique",
    "No impact: the client sends no item twice.",
);
pub(super) const INPUT_LIMIT_WIDENED: Rule = rule(
    Behavioural,
    "request: a limit becomes wider",
    "Values of {} that were refused are accepted.",
);
pub(super) const INPUT_NULLABLE: Rule = rule(
    Behavioural,
    "request: a value may or may no longer be null",
    "No impact: the client never sends null.",
);
pub(super) const INPUT_READ_ONLY: Rule = rule(
    Behavioural,
    "request: a field becomes read-only",
    "{} may be refused or ignored in a request.",
);
pub(super) const INPUT_WRITABLE: Rule = rule(
    Additive,
    "request: a field is no longer read-only",
    "{} is accepted in a request.",
);
pub(super) const INPUT_WRITE_ONLY: Rule = rule(
    Cosmetic,
    "request: a field becomes write-only, or is no longer",
    "No impact on requests.",
);

// Responses.

pub(super) const OUTPUT_REMOVED: Rule = rule(
    Behavioural,
    "response: a field is removed",
    "{} reads as absent.",
);
pub(super) const OUTPUT_ID_REMOVED: Rule = rule(
    Breaking,
    "response: a field is removed that a success must have",
    "A success cannot be told from any other object, and becomes an error.",
);
pub(super) const OUTPUT_ADDED: Rule = rule(
    Additive,
    "response: a field is added",
    "Responses have {}, which the client does not expose yet.",
);
pub(super) const OUTPUT_ALWAYS: Rule = rule(
    Behavioural,
    "response: a field becomes required",
    "{} is documented as always present; nothing relies on it.",
);
pub(super) const OUTPUT_SOMETIMES: Rule = rule(
    Behavioural,
    "response: a field becomes optional",
    "{} may be missing, which reads as absent.",
);
pub(super) const OUTPUT_VALUE_REMOVED: Rule = rule(
    Behavioural,
    "response: a value is no longer listed",
    "{} is no longer expected, and is still read.",
);
pub(super) const OUTPUT_VALUE_ADDED: Rule = rule(
    Additive,
    "response: a value is added",
    "{} may appear, and is read like any other.",
);
pub(super) const OUTPUT_VALUES: Rule = rule(
    Behavioural,
    "response: a list of values is added or removed",
    "No impact: any value is read.",
);
pub(super) const OUTPUT_LIMIT: Rule = rule(
    Behavioural,
    "response: a limit changes",
    "No impact: responses are not checked against limits.",
);
pub(super) const OUTPUT_FORMAT: Rule = rule(
    Behavioural,
    "response: a format of text changes",
    "No impact: text of any format is read.",
);
pub(super) const OUTPUT_NULL: Rule = rule(
    Behavioural,
    "response: a value may be null",
    "{} may be null, which reads as absent.",
);
pub(super) const OUTPUT_NULL_UNREADABLE: Rule = rule(
    Breaking,
    "response: a value may be null that the client needs",
    "{} may be null, which the client cannot decode: a success becomes an error.",
);
pub(super) const OUTPUT_NOT_NULL: Rule = rule(
    Behavioural,
    "response: a value may no longer be null",
    "{} is documented as never null; null is still read.",
);
pub(super) const OUTPUT_READ_ONLY: Rule = rule(
    Cosmetic,
    "response: a field becomes write-only or read-only",
    "No impact: the field is never sent.",
);

// Both.

pub(super) const DEFAULT: Rule = rule(
    Behavioural,
    "a default changes",
    "The service assumes another value where none is given; the client never sends a default.",
);
pub(super) const TYPE: Rule = rule(
    Breaking,
    "a type or format changes",
    "{} has another type: it may be refused, or cannot be read.",
);
pub(super) const SHAPE: Rule = rule(
    Breaking,
    "a composition of types changes",
    "{} may be composed differently, and be refused or unreadable.",
);
pub(super) const UNKNOWN_FIELDS: Rule = rule(
    Behavioural,
    "unknown fields are allowed or no longer allowed",
    "No impact: the client sends listed fields only, and ignores unknown ones.",
);
pub(super) const OTHER: Rule = rule(
    Behavioural,
    "something else about a value changes",
    "{} may be treated differently.",
);
