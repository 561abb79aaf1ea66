//! What a change of security requirements means for the credentials that the client has.

use std::collections::BTreeSet;

use serde_json::Value;

use super::rules::{self, Rule};

/// The kinds of credentials that the client has.
const DIGEST: &str = "API key (digest)";
const SERVICE_ACCOUNT: &str = "service account (OAuth 2.0)";

/// One way to sign in: all schemes of it together, by what they are and the scopes they need.
/// Names of schemes mean nothing.
type Way = BTreeSet<(String, Vec<String>)>;

/// Returns the rules that a change of requirements falls under, each with its subject. Each list
/// of requirements comes with its document.
pub(super) fn changes(
    (old, old_document): (&Value, &Value),
    (new, new_document): (&Value, &Value),
) -> Vec<(&'static Rule, &'static str)> {
    let (before, after) = (ways(old, old_document), ways(new, new_document));
    let mut changes = Vec::new();
    for kind in [DIGEST, SERVICE_ACCOUNT] {
        match (accepts(&before, kind), accepts(&after, kind)) {
            (true, false) => changes.push((&rules::CREDENTIALS_REFUSED, kind)),
            (false, true) => changes.push((&rules::CREDENTIALS_ACCEPTED, kind)),
            _ => {}
        }
    }
    match (is_optional(&before), is_optional(&after)) {
        (true, false) => changes.push((&rules::SIGN_IN_REQUIRED, "")),
        (false, true) => changes.push((&rules::SIGN_IN_OPTIONAL, "")),
        _ => {}
    }
    if !changes.is_empty() {
        return changes;
    }
    let without_scopes = |ways: &[Way]| -> BTreeSet<BTreeSet<String>> {
        let kinds = |way: &Way| way.iter().map(|(kind, _)| kind.clone()).collect();
        ways.iter().map(kinds).collect()
    };
    let set = |ways: &[Way]| -> BTreeSet<Way> { ways.iter().cloned().collect() };
    let rule = if before == after && old == new {
        return changes;
    } else if before == after {
        &rules::ID
    } else if set(&before) == set(&after) {
        &rules::ORDER
    } else if without_scopes(&before) == without_scopes(&after) {
        &rules::SCOPES
    } else {
        &rules::OTHER_SIGN_IN
    };
    vec![(rule, "")]
}

fn ways(requirements: &Value, document: &Value) -> Vec<Way> {
    let requirements = requirements.as_array().into_iter().flatten();
    let way = |requirement: &Value| -> Way {
        let schemes = requirement.as_object().into_iter().flatten();
        schemes
            .map(|(name, scopes)| {
                let all = document.pointer("/components/securitySchemes");
                let scheme = all.and_then(|all| all.get(name)).unwrap_or(&Value::Null);
                let scopes = scopes.as_array().into_iter().flatten();
                let scopes = scopes.filter_map(Value::as_str).map(str::to_owned);
                (kind(scheme), scopes.collect())
            })
            .collect()
    };
    requirements.map(way).collect()
}

/// Returns what a scheme is, whatever it is called.
fn kind(scheme: &Value) -> String {
    let text = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
    let method = text("scheme").to_lowercase();
    let grant = scheme.pointer("/flows/clientCredentials");
    match (text("type"), method.as_str()) {
        ("http", "digest") => DIGEST.to_owned(),
        ("oauth2", _) if grant.is_some() => SERVICE_ACCOUNT.to_owned(),
        ("http", method) => format!("http {method}"),
        _ => scheme.to_string(),
    }
}

fn is_optional(ways: &[Way]) -> bool {
    ways.is_empty() || ways.iter().any(Way::is_empty)
}

/// Returns whether credentials of one kind are enough.
fn accepts(ways: &[Way], kind: &str) -> bool {
    let is_enough = |way: &Way| way.iter().all(|(needed, _)| needed == kind);
    is_optional(ways) || ways.iter().any(is_enough)
}
