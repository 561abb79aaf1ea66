//! Envelopes: with `envelope=true`, the body contains the status.

use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::response::BufferedResponse;

#[derive(Deserialize)]
struct Envelope<'a> {
    status: u16,
    /// The actual body. Atlas writes `content`; older pages of its documentation name it
    /// `envelope`. Lists have none: there, `status` stands beside `results`.
    #[serde(borrow, alias = "envelope")]
    content: Option<&'a RawValue>,
}

/// Returns the response with the status of its envelope, and the content if there is one. A
/// response without an envelope, such as a proxy's or an empty one, is returned unchanged.
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
        body: match envelope.content {
            Some(content) => response.body.slice_ref(content.get().as_bytes()),
            None => response.body,
        },
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
    fn takes_the_status_that_stands_beside_the_results_of_a_list() {
        let page = r#"{"results":[],"status":404,"totalCount":0}"#;
        assert_eq!(opened(200, page), (404, page.into()));
        for empty in [r#"{"status":204}"#, r#"{"status":204,"content":null}"#] {
            assert_eq!(opened(200, empty), (204, empty.into()));
        }
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
