//! Envelopes: with `envelope=true`, the body contains the status and the actual body.

use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::response::BufferedResponse;

#[derive(Deserialize)]
struct Envelope<'a> {
    status: u16,
    /// Atlas writes `content`; older pages of its documentation name it `envelope`.
    #[serde(borrow, alias = "envelope")]
    content: &'a RawValue,
}

/// Unwraps the content of an envelope. A response without an envelope, such as a proxy's, is
/// returned unchanged.
pub(crate) fn open(response: BufferedResponse) -> BufferedResponse {
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(&response.body) else {
        return response;
    };
    let Ok(status) = StatusCode::from_u16(envelope.status) else {
        return response;
    };
    BufferedResponse {
        // A failure outside is a failure, whatever the envelope says.
        status: if response.status.is_success() {
            status
        } else {
            response.status
        },
        body: response.body.slice_ref(envelope.content.get().as_bytes()),
        headers: response.headers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(status: u16, body: &'static str) -> (u16, String) {
        let response = open(BufferedResponse {
            status: StatusCode::from_u16(status).unwrap(),
            headers: http::HeaderMap::new(),
            body: body.into(),
        });
        (
            response.status.as_u16(),
            String::from_utf8(response.body.to_vec()).unwrap(),
        )
    }

    #[test]
    fn unwraps_both_names_of_the_content() {
        assert_eq!(
            opened(200, r#"{"status":200,"content":{"id":"x"}}"#),
            (200, r#"{"id":"x"}"#.into())
        );
        assert_eq!(
            opened(200, r#"{"envelope": {"a":1} ,"status" : 404}"#),
            (404, r#"{"a":1}"#.into())
        );
        assert_eq!(
            opened(502, r#"{"status":200,"content":{}}"#),
            (502, "{}".into())
        );
    }

    #[test]
    fn leaves_other_bodies_unchanged() {
        for body in [
            "",
            "<html>",
            "{}",
            r#"{"status":"200","content":{}}"#,
            r#"{"status":7,"content":{}}"#,
        ] {
            assert_eq!(opened(200, body), (200, body.into()));
        }
    }
}
