//! Answers that carry their status in the body, as `envelope=true` asks for.

use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::Answer;

#[derive(Deserialize)]
struct Envelope<'a> {
    status: u16,
    /// Atlas writes `content`; older pages of its documentation name it `envelope`.
    #[serde(borrow, alias = "envelope")]
    content: &'a RawValue,
}

/// Puts what is in the envelope in its place. An answer that is not in one, such
/// as that of a proxy, stays as it is.
pub(crate) fn open(answer: Answer) -> Answer {
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(&answer.body) else {
        return answer;
    };
    let Ok(status) = StatusCode::from_u16(envelope.status) else {
        return answer;
    };
    Answer {
        // A failure outside is a failure, whatever stands inside.
        status: if answer.status.is_success() {
            status
        } else {
            answer.status
        },
        body: answer.body.slice_ref(envelope.content.get().as_bytes()),
        headers: answer.headers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(status: u16, body: &'static str) -> (u16, String) {
        let answer = open(Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: http::HeaderMap::new(),
            body: body.into(),
        });
        (
            answer.status.as_u16(),
            String::from_utf8(answer.body.to_vec()).unwrap(),
        )
    }

    #[test]
    fn both_names_of_the_content_are_read() {
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
    fn anything_else_stays_as_it_is() {
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
