//! What holds for every answer, header and value.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value, json};

use super::*;
use crate::{
    ApiKeyId, ApiVersion, ErrorCode, ErrorKind, OrgId, ProjectId,
    error::{from_response, service_error::ServiceError},
    model::response::{BufferedResponse, headers},
};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("detail".to_owned()),
        Just("error".to_owned()),
        Just("errorCode".to_owned()),
        Just("parameters".to_owned()),
        Just("reason".to_owned()),
        Just("badRequestDetail".to_owned()),
        Just("fields".to_owned()),
        Just("field".to_owned()),
        any::<String>(),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::from),
            vec((name.clone(), inner), 0..8)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// JSON, the beginning of some, or any bytes at all.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any_json().prop_map(|json| json.to_string().into_bytes()),
        (any_json(), any::<prop::sample::Index>()).prop_map(|(json, at)| {
            let mut text = json.to_string().into_bytes();
            text.truncate(at.index(text.len() + 1));
            text
        }),
        vec(any::<u8>(), 0..256),
    ]
}

fn any_header() -> impl Strategy<Value = HeaderValue> {
    vec(any::<u8>(), 0..64).prop_filter_map("no header", |bytes| HeaderValue::try_from(bytes).ok())
}

fn one_header(name: &'static str, value: HeaderValue) -> HeaderMap {
    HeaderMap::from_iter([(HeaderName::from_static(name), value)])
}

fn text_of_any_length() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "\\PC{0,2000}", "[\\x00-\\x1f]{0,500}"]
}

proptest! {
    #[test]
    fn no_error_body_hides_a_status(
        status in 201_u16..1000,
        body in any_body(),
        code in option::of(any_header()),
        location in option::of(any_header()),
        wait in option::of(any_header()),
    ) {
        let named = [("x-error-code", code), ("location", location), ("retry-after", wait)];
        let headers = named
            .into_iter()
            .filter_map(|(name, value)| Some((HeaderName::from_static(name), value?)))
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        let error = from_response::refusal(BufferedResponse { status, headers, body: body.clone().into() });
        prop_assert_eq!(error.status(), Some(status));
        prop_assert_eq!(error.body(), Some(&body[..]));
        let expected = match status.as_u16() {
            201..300 => Some(ErrorKind::Decode),
            300..400 => Some(ErrorKind::Redirect),
            429 => Some(ErrorKind::RateLimited),
            500.. => Some(ErrorKind::Service),
            _ => None,
        };
        if let Some(expected) = expected {
            prop_assert_eq!(error.kind(), expected);
        }
        for text in [error.to_string(), format!("{error:?}")] {
            prop_assert!(!text.contains(char::is_control), "{:?}", text);
        }
        prop_assert!(error.to_string().chars().count() < 8_000);
    }

    #[test]
    fn the_services_error_shape_is_read_whole(
        detail in any::<String>(),
        code in "[A-Z_]{1,40}",
        reason in any::<String>(),
        parameters in vec(any_json(), 0..5),
        fields in vec((any::<String>(), any::<String>()), 0..4),
    ) {
        let body = json!({
            "detail": detail, "error": 400, "errorCode": code, "reason": reason,
            "parameters": parameters,
            "badRequestDetail": {"fields": fields.iter()
                .map(|(field, description)| json!({"field": field, "description": description}))
                .collect::<Vec<_>>()},
        });
        let said = ServiceError::of(&BufferedResponse { status: StatusCode::BAD_REQUEST, headers: HeaderMap::new(), body: body.to_string().into() });
        prop_assert_eq!(said.code, Some(ErrorCode::from(code.as_str())));
        prop_assert_eq!(said.detail, Some(detail));
        prop_assert_eq!(said.reason, Some(reason));
        prop_assert_eq!(said.parameters.len(), parameters.len());
        let read: Vec<_> = said
            .field_violations
            .into_iter()
            .map(|violation| (violation.field, violation.description))
            .collect();
        prop_assert_eq!(read, fields);
    }

    #[test]
    fn a_wait_is_read_from_seconds_and_from_dates(seconds in any::<u64>(), soon in 1_u32..100_000) {
        let read = |text: String| {
            let value = HeaderValue::try_from(text).unwrap();
            headers::retry_after(&one_header("retry-after", value))
        };
        prop_assert_eq!(read(seconds.to_string()), Some(Duration::from_secs(seconds)));
        prop_assert_eq!(read(format!("  0{seconds}  ")), Some(Duration::from_secs(seconds)));
        let soon = Duration::from_secs(soon.into());
        for padding in ["%d", "%-d"] {
            let form = format!("%a, {padding} %b %Y %H:%M:%S GMT");
            let date = (chrono::Utc::now() + soon).format(&form);
            let wait = read(date.to_string()).unwrap();
            prop_assert!(wait <= soon && wait + Duration::from_secs(30) > soon, "{:?} {:?}", wait, soon);
        }
    }

    #[test]
    fn no_header_is_too_odd_to_be_read(value in any_header()) {
        let _ = headers::retry_after(&one_header("retry-after", value.clone()));
        let _ = headers::date(&one_header("sunset", value.clone()), &headers::SUNSET);
        let response = |name| Response::new(()).with_headers(one_header(name, value.clone()));
        let _ = (response("ratelimit-limit").rate_limit(), response("deprecation").deprecation());
        let _ = response("content-type").served_version();
    }

    #[test]
    fn a_served_version_is_found_in_its_media_type(
        year in 2000..3000_i32, month in 1..=12_u32, day in 1..=28_u32, rest in "[a-z;=0-9-]{0,20}",
    ) {
        let date = format!("{year}-{month:02}-{day:02}");
        let media_type = format!("application/vnd.atlas.{date}+json{rest}");
        let headers = one_header("content-type", media_type.try_into().unwrap());
        let response = Response::new(()).with_headers(headers);
        let version: ApiVersion = date.parse().unwrap();
        prop_assert_eq!(response.served_version(), Some(version));
        prop_assert_eq!(version.to_string(), date);
        let json = serde_json::to_string(&version).unwrap();
        prop_assert_eq!(serde_json::from_str::<ApiVersion>(&json).unwrap(), version);
    }

    #[test]
    fn an_id_is_24_digits_and_nothing_else(good in "[0-9a-f]{24}", other in text_of_any_length()) {
        let id: OrgId = good.parse().unwrap();
        prop_assert_eq!(id.as_str(), &good);
        let json = serde_json::to_value(&id).unwrap();
        prop_assert_eq!(serde_json::from_value::<OrgId>(json).unwrap(), id);

        let is_good = other.len() == 24
            && other.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        prop_assert_eq!(other.parse::<ProjectId>().is_ok(), is_good);
        if let Err(error) = other.parse::<ApiKeyId>() {
            prop_assert!(Error::from(error.clone()).is_input());
            prop_assert!(!error.to_string().contains(char::is_control));
            prop_assert!(error.to_string().chars().count() < 1_000);
        }
    }

    #[test]
    fn roles_and_codes_survive_text(name in any::<String>()) {
        let role = OrgRole::from(name.as_str());
        prop_assert_eq!(role.to_string(), name.clone());
        prop_assert_eq!(ErrorCode::from(name.as_str()).to_string(), name.clone());
        let json = serde_json::to_value(&role).unwrap();
        prop_assert_eq!(&json, &Value::from(name));
        prop_assert_eq!(serde_json::from_value::<OrgRole>(json.clone()).unwrap(), role);
        let role: ProjectRole = serde_json::from_value(json.clone()).unwrap();
        prop_assert_eq!(serde_json::to_value(role).unwrap(), json);
    }

    #[test]
    fn a_key_is_given_back_as_the_service_wrote_it(
        desc in option::of(any::<String>()),
        public_key in option::of("[a-z]{8}"),
        roles in vec((any::<bool>(), "[0-9a-f]{24}", "[A-Z_]{1,30}"), 0..6),
        links in vec((any::<String>(), any::<String>()), 0..3),
    ) {
        let role = |(in_org, id, name): &(bool, String, String)| match in_org {
            true => json!({"orgId": id, "roleName": name}),
            false => json!({"groupId": id, "roleName": name}),
        };
        let mut key = json!({
            "id": KEY,
            "roles": roles.iter().map(role).collect::<Vec<_>>(),
            "links": links.iter().map(|(href, rel)| json!({"href": href, "rel": rel})).collect::<Vec<_>>(),
        });
        for (name, value) in [("desc", desc), ("publicKey", public_key)] {
            if let Some(value) = value {
                key[name] = value.into();
            }
        }
        let read: ApiKey = serde_json::from_value(key.clone()).unwrap();
        prop_assert_eq!(serde_json::to_value(&read).unwrap(), key);
    }
}
