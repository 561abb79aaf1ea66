//! The error bodies of the services, read leniently.

use http::HeaderMap;
use serde_json::{Map, Value};

use super::code::ErrorCode;
use crate::model::response::{BufferedResponse, headers};

/// The longest error body that is parsed, in bytes.
const PARSE_LIMIT: usize = 1 << 20;

/// What could be read of an error body. Any part may be missing: the response may come
/// from a proxy, or be cut off.
#[derive(Debug, Default, Clone)]
pub(crate) struct ServiceError {
    pub(crate) code: Option<ErrorCode>,
    pub(crate) detail: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) parameters: Vec<Value>,
    pub(crate) field_violations: Vec<FieldViolation>,
}

/// One field of a request that the service found invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldViolation {
    /// The field's name in JSON.
    pub field: String,
    /// What is wrong with it, in the service's words.
    pub description: String,
}

impl ServiceError {
    pub(crate) fn of(response: &BufferedResponse) -> Self {
        Self::read(&response.headers, &response.body)
    }

    /// Reads a body in the services' own shape or in OAuth's. The code comes from its
    /// header if the body has none.
    fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let body = if body.len() > PARSE_LIMIT { &[] } else { body };
        let body = String::from_utf8_lossy(body);
        let body: Map<String, Value> = serde_json::from_str(&body).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let code = text("errorCode")
            .or_else(|| {
                let code = headers::text(headers, &headers::ERROR_CODE)?;
                Some(code.to_owned())
            })
            // In the services' own shape this is the status, a number; in OAuth's the code.
            .or_else(|| text("error"))
            .filter(|code| !code.is_empty());

        Self {
            code: code.as_deref().map(ErrorCode::from),
            detail: text("detail").or_else(|| text("error_description")),
            reason: text("reason"),
            parameters: list(body.get("parameters")).to_vec(),
            field_violations: list(body.get("badRequestDetail").and_then(|d| d.get("fields")))
                .iter()
                .filter_map(violation)
                .collect(),
        }
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn violation(value: &Value) -> Option<FieldViolation> {
    Some(FieldViolation {
        field: value.get("field")?.as_str()?.to_owned(),
        description: value
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> ServiceError {
        ServiceError::read(&HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn the_services_own_shape() {
        let error = read(
            r#"{"detail":"No group.","error":404,"errorCode":"GROUP_NOT_FOUND",
                "parameters":["111111111111111111111111", 7, {"a":null}],"reason":"Not Found",
                "badRequestDetail":{"fields":[{"field":"desc","description":"too long"},{"nofield":1},3]}}"#,
        );
        assert_eq!(error.code, Some(ErrorCode::GROUP_NOT_FOUND));
        assert_eq!(error.detail.as_deref(), Some("No group."));
        assert_eq!(error.reason.as_deref(), Some("Not Found"));
        assert_eq!(error.parameters.len(), 3);
        assert_eq!(error.field_violations.len(), 1);
        assert_eq!(error.field_violations[0].field, "desc");
    }

    #[test]
    fn the_shape_of_oauth() {
        let error = read(r#"{"error":"invalid_client","error_description":"no"}"#);
        assert_eq!(error.code, Some(ErrorCode::INVALID_CLIENT));
        assert_eq!(error.detail.as_deref(), Some("no"));
    }

    #[test]
    fn every_other_shape_reads_as_nothing() {
        for body in [
            "",
            "<html>502</html>",
            r#"{"detail":"cut o"#,
            "null",
            "[1,2]",
            r#"{"detail":4,"errorCode":{},"parameters":null,"reason":[],"badRequestDetail":"x"}"#,
            r#"{"parameters":"text","badRequestDetail":{"fields":7}}"#,
            "\u{0}",
        ] {
            let error = read(body);
            assert_eq!(error.code, None, "{body}");
            assert_eq!(error.detail, None, "{body}");
            assert!(error.parameters.is_empty() && error.field_violations.is_empty());
        }
        let deep = "[".repeat(100_000);
        assert_eq!(read(&deep).code, None);
    }

    #[test]
    fn the_code_may_be_in_a_header_alone() {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static("x-error-code"),
            http::HeaderValue::from_static("NOT_ORG_OWNER"),
        )]);
        assert_eq!(
            ServiceError::read(&headers, b"").code,
            Some(ErrorCode::NOT_ORG_OWNER)
        );
    }
}
