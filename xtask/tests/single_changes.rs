//! The severity of single changes to the committed document.

#[allow(
    dead_code,
    reason = "not every test that has this module uses all of it"
)]
mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::workspace;
use xtask::{
    diff,
    pipeline::{sources::Sources, trim::IRRELEVANT},
};

/// Short names of places, at the start of a pointer.
const PLACES: &[(&str, &str)] = &[
    (
        "PATCH",
        "/paths/~1api~1atlas~1v2~1orgs~1{orgId}~1apiKeys~1{apiUserId}/patch",
    ),
    (
        "ITEM",
        "/paths/~1api~1atlas~1v2~1orgs~1{orgId}~1apiKeys~1{apiUserId}",
    ),
    ("BODY", "/components/schemas/UpdateAtlasOrganizationApiKey"),
    ("KEY", "/components/schemas/ApiKeyUserDetails"),
    ("ERROR", "/components/schemas/ApiError"),
    ("ROLE", "/components/schemas/CloudAccessRoleAssignment"),
    ("PAGE", "/components/parameters/itemsPerPage"),
    (
        "DELETE",
        "/paths/~1api~1atlas~1v2~1orgs~1{orgId}~1apiKeys~1{apiUserId}/delete",
    ),
    (
        "ADD",
        "/paths/~1api~1atlas~1v2~1orgs~1{orgId}~1apiKeys~1{apiUserId}~1accessList/post",
    ),
    ("ENTRY", "/components/schemas/UserAccessListRequest"),
    ("LIST", "/components/schemas/PaginatedApiApiUserView"),
    ("ORG", "/components/parameters/orgId"),
    ("LIMIT", "/components/headers/HeaderRateLimitLimit"),
    ("SIGN", "/components/securitySchemes"),
    (
        "OK",
        "/paths/~1api~1atlas~1v2~1orgs~1{orgId}~1apiKeys~1{apiUserId}/patch/responses/200",
    ),
];
const DATED: &str = "application~1vnd.atlas.2023-01-01+json";

fn pointer(place: &str) -> String {
    let (start, rest) = place.split_once('/').unwrap_or((place, ""));
    let known = PLACES.iter().find(|(name, _)| *name == start);
    let start = known.map_or("", |(_, pointer)| pointer);
    let pointer = format!("{start}/{rest}").replace("DATED", DATED);
    pointer.trim_end_matches('/').to_owned()
}

/// Sets what stands at a place, or removes it if the value is null.
fn set(document: &mut Value, place: &str, value: &Value) {
    let pointer = pointer(place);
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    let parent = document
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("no place {place}"));
    match (parent, value) {
        (Value::Object(object), Value::Null) => drop(object.remove(&key).unwrap()),
        (Value::Object(object), value) => drop(object.insert(key, value.clone())),
        (Value::Array(items), value) => items.push(value.clone()),
        _ => panic!("no place {place}"),
    }
}

/// Returns a line for each change, with the short names of places.
fn changes(report: &diff::Report) -> String {
    let line = |change: &diff::Change| {
        let places = PLACES.iter().filter_map(|(name, pointer)| {
            let rest = change.pointer.strip_prefix(pointer)?;
            Some((rest.len(), format!("{name}{rest}")))
        });
        // ITEM is the start of PATCH.
        let place = places
            .min()
            .map_or(change.pointer.clone(), |(_, place)| place);
        let operations = match change.operation.split(", ").count() {
            1..=3 => change.operation.clone(),
            count => format!("{count} operations"),
        };
        let severity = change.severity;
        format!("  {severity}, {operations}, {place}: {}\n", change.impact)
    };
    report.changes.iter().map(line).collect()
}

fn report(old: &Value, new: &Value, sources: &Sources) -> diff::Report {
    diff::diff(old, new, "atlas-v2", &sources.services).unwrap()
}

#[test]
fn each_has_the_severity_that_it_has_for_users_of_the_client() {
    let sources = Sources::read(&workspace()).unwrap();
    let old = &sources.documents["atlas-v2"];
    let text = json!({"type": "string"});
    let oauth = &old["components"]["securitySchemes"]["ServiceAccounts"];
    let reference = json!({"$ref": "#/components/schemas/ApiKeyUserDetails"});
    let success = &old.pointer(&pointer("OK")).unwrap().clone();
    let other_success =
        json!({"description": "", "content": {DATED.replace("~1", "/"): {"schema": text}}});
    let table = [
        ("unchanged", "KEY/description", json!("prose")),
        ("unchanged", "PATCH/tags", json!(["Keys"])),
        ("unchanged", "PATCH/callbacks", json!({"done": {}})),
        ("unchanged", "BODY/properties/desc/example", json!("x")),
        ("unchanged", "BODY/properties/desc/maxLength", json!(250.0)),
        // Servers.
        (
            "behavioural",
            "/servers",
            json!([{"url": "https://example.com"}]),
        ),
        ("behavioural", "/servers", Value::Null),
        (
            "behavioural",
            "PATCH/servers",
            json!([{"url": "https://example.com"}]),
        ),
        (
            "behavioural",
            "ITEM/servers",
            json!([{"url": "https://example.com"}]),
        ),
        ("cosmetic", "PATCH/servers", old["servers"].clone()),
        (
            "behavioural",
            "/servers/0/variables",
            json!({"region": {"default": "eu"}}),
        ),
        // Sign-in.
        ("breaking", "SIGN/DigestAuth/scheme", json!("basic")),
        ("cosmetic", "SIGN/DigestAuth/scheme", json!("Digest")),
        (
            "breaking",
            "/security",
            json!([{"DigestAuth": [], "ServiceAccounts": []}]),
        ),
        ("breaking", "/security", json!([{"DigestAuth": []}])),
        ("breaking", "/security", json!([{"ServiceAccounts": []}])),
        (
            "breaking",
            "SIGN/ServiceAccounts/flows",
            json!({"implicit": {}}),
        ),
        ("breaking", "SIGN/ServiceAccounts/flows", json!({})),
        ("additive", "/security", json!([])),
        ("additive", "/security", Value::Null),
        ("additive", "/security/-", json!({})),
        (
            "cosmetic",
            "/security",
            json!([{"DigestAuth": []}, {"ServiceAccounts": []}]),
        ),
        (
            "behavioural",
            "/security",
            json!([{"DigestAuth": []}, {"ServiceAccounts": ["keys"]}]),
        ),
        ("breaking", "PATCH/security", json!([{"DigestAuth": []}])),
        ("additive", "PATCH/security", json!([])),
        (
            "behavioural",
            "SIGN/ServiceAccounts/flows/clientCredentials/tokenUrl",
            json!("https://example.com/token"),
        ),
        (
            "cosmetic",
            "SIGN/ServiceAccounts/flows/clientCredentials/scopes",
            json!({"keys": ""}),
        ),
        (
            "cosmetic",
            "SIGN/ServiceAccounts/flows/password",
            json!({"scopes": {}}),
        ),
        // Operations.
        ("breaking", "PATCH", Value::Null),
        ("behavioural", "PATCH/deprecated", json!(true)),
        ("cosmetic", "PATCH/operationId", json!("other")),
        ("behavioural", "PATCH/x-sunset", json!("2030-01-01")),
        (
            "behavioural",
            "PATCH/x-rolesRequirements",
            json!(["Nobody"]),
        ),
        ("cosmetic", "PATCH/x-xgen-preview", json!(true)),
        (
            "behavioural",
            "PATCH/query",
            json!("a key that OpenAPI 3.0 does not have"),
        ),
        // Parameters.
        ("breaking", "ORG/style", json!("label")),
        ("cosmetic", "ORG/style", json!("simple")),
        ("breaking", "PAGE/style", json!("deepObject")),
        ("cosmetic", "PAGE/explode", json!(false)),
        ("cosmetic", "PAGE/allowReserved", json!(true)),
        ("cosmetic", "PAGE/allowEmptyValue", json!(true)),
        (
            "breaking",
            "PAGE/content",
            json!({"application/json": {"schema": {"type": "integer"}}}),
        ),
        ("behavioural", "PAGE/deprecated", json!(true)),
        ("cosmetic", "PAGE/x-xgen-preview", json!(true)),
        ("breaking", "PAGE/required", json!(true)),
        ("breaking", "PAGE/name", json!("limit")),
        ("cosmetic", "ORG/schema/x-xgen-version", json!("1")),
        ("breaking", "PAGE/schema/maximum", json!(100)),
        ("behavioural", "PAGE/schema/maximum", json!(1000)),
        ("breaking", "PAGE/schema/minimum", json!(2)),
        ("behavioural", "PAGE/schema/minimum", json!(0)),
        ("breaking", "PAGE/schema/exclusiveMaximum", json!(true)),
        ("behavioural", "PAGE/schema/default", json!(50)),
        ("breaking", "PAGE/schema/type", json!("string")),
        (
            "breaking",
            "PATCH/parameters/3/schema/type",
            json!("integer"),
        ),
        (
            "additive",
            "PATCH/parameters/-",
            json!({"in": "query", "name": "q", "schema": text}),
        ),
        (
            "breaking",
            "PATCH/parameters/-",
            json!({"in": "header", "name": "If-Match", "required": true, "schema": text}),
        ),
        // Requests.
        ("breaking", "PATCH/requestBody", Value::Null),
        ("additive", "PATCH/requestBody/required", json!(false)),
        ("breaking", "PATCH/requestBody/content/DATED", Value::Null),
        (
            "additive",
            "PATCH/requestBody/content/application~1vnd.atlas.2023-01-01+csv",
            json!({}),
        ),
        (
            "additive",
            "PATCH/requestBody/content/application~1vnd.atlas.2099-01-01+json",
            json!({}),
        ),
        ("breaking", "BODY/properties/desc", Value::Null),
        ("additive", "BODY/properties/note", text.clone()),
        ("breaking", "BODY/required", json!(["desc"])),
        ("breaking", "BODY/properties/desc/maxLength", json!(100)),
        ("behavioural", "BODY/properties/desc/maxLength", Value::Null),
        ("breaking", "BODY/properties/desc/pattern", json!("^a")),
        ("breaking", "BODY/properties/desc/enum", json!(["a"])),
        ("breaking", "BODY/properties/desc/format", json!("email")),
        ("behavioural", "BODY/properties/desc/nullable", json!(true)),
        ("behavioural", "BODY/properties/desc/readOnly", json!(true)),
        ("cosmetic", "BODY/properties/desc/writeOnly", json!(true)),
        (
            "behavioural",
            "BODY/properties/desc/deprecated",
            json!(true),
        ),
        (
            "behavioural",
            "BODY/properties/roles/uniqueItems",
            json!(true),
        ),
        ("breaking", "BODY/properties/roles/maxItems", json!(3)),
        (
            "breaking",
            "BODY/properties/roles/items/maxLength",
            json!(9),
        ),
        (
            "breaking",
            "BODY/properties/roles/items/enum",
            json!(["ORG_OWNER"]),
        ),
        (
            "additive",
            "BODY/properties/roles/items/enum/-",
            json!("ORG_NEW"),
        ),
        (
            "behavioural",
            "BODY/properties/roles/items/enum",
            Value::Null,
        ),
        ("behavioural", "BODY/additionalProperties", json!(false)),
        ("breaking", "BODY/maxProperties", json!(1)),
        ("breaking", "BODY/not", json!({"required": ["desc"]})),
        (
            "behavioural",
            "BODY/const",
            json!("a key that OpenAPI 3.0 does not have"),
        ),
        // Lists in requests.
        (
            "breaking",
            "ADD/requestBody/content/DATED/schema/type",
            json!("object"),
        ),
        (
            "breaking",
            "ADD/requestBody/content/DATED/schema/maxItems",
            json!(5),
        ),
        (
            "behavioural",
            "ADD/requestBody/content/DATED/schema/uniqueItems",
            json!(true),
        ),
        (
            "breaking",
            "ADD/requestBody/content/DATED/schema/items",
            json!({"type": "string"}),
        ),
        ("breaking", "ENTRY/properties/cidrBlock", Value::Null),
        ("additive", "ENTRY/properties/comment", text.clone()),
        ("breaking", "ENTRY/required", json!(["ipAddress"])),
        // Successes.
        ("breaking", "DELETE", Value::Null),
        ("breaking", "DELETE/responses/204", Value::Null),
        (
            "additive",
            "DELETE/responses/200",
            json!({"description": ""}),
        ),
        (
            "additive",
            "DELETE/responses/202",
            json!({"description": ""}),
        ),
        ("behavioural", "DELETE/responses/200", success.clone()),
        (
            "cosmetic",
            "DELETE/responses/204/content/DATED/schema",
            json!({"type": "object"}),
        ),
        ("cosmetic", "DELETE/responses/204/content", Value::Null),
        ("behavioural", "PATCH/responses/201", success.clone()),
        ("breaking", "PATCH/responses/201", other_success),
        ("breaking", "PATCH/responses/200", Value::Null),
        (
            "breaking",
            "PATCH/responses/202",
            json!({"description": ""}),
        ),
        (
            "breaking",
            "PATCH/responses/204",
            json!({"description": ""}),
        ),
        ("breaking", "PATCH/responses/204", success.clone()),
        (
            "additive",
            "PATCH/responses/409",
            json!({"description": ""}),
        ),
        ("behavioural", "PATCH/responses/404", Value::Null),
        (
            "behavioural",
            "/components/responses/notFound/content/text~1html",
            json!({}),
        ),
        ("breaking", "OK/content", Value::Null),
        ("breaking", "OK/content", json!({})),
        ("breaking", "OK/content/DATED/schema", Value::Null),
        ("breaking", "OK/content/DATED", Value::Null),
        (
            "additive",
            "OK/content/application~1vnd.atlas.2023-01-01+csv",
            json!({"schema": text}),
        ),
        (
            "additive",
            "OK/content/application~1vnd.atlas.2099-01-01+json",
            json!({}),
        ),
        (
            "behavioural",
            "OK/content/DATED/x-sunset",
            json!("2030-01-01"),
        ),
        (
            "unchanged",
            "OK/content/DATED/schema",
            json!({"allOf": [reference]}),
        ),
        (
            "unchanged",
            "OK/content/DATED/schema",
            json!({"oneOf": [{"allOf": [reference]}]}),
        ),
        (
            "breaking",
            "OK/content/DATED/schema",
            json!({"allOf": [reference], "nullable": true}),
        ),
        (
            "breaking",
            "OK/content/DATED/schema",
            json!({"allOf": [reference], "properties": {"note": text}}),
        ),
        (
            "breaking",
            "OK/content/DATED/schema",
            json!({"allOf": [{"anyOf": [reference, text]}], "nullable": true}),
        ),
        (
            "breaking",
            "OK/content/DATED/schema",
            json!({"type": "array", "items": reference}),
        ),
        (
            "breaking",
            "OK/content/DATED/schema",
            json!({"allOf": [reference], "oneOf": [{"type": "string"}]}),
        ),
        (
            "breaking",
            "OK/content/DATED/schema",
            json!({"allOf": [reference, {"type": "object"}]}),
        ),
        // Pages.
        ("breaking", "LIST/properties/results", Value::Null),
        ("breaking", "LIST/properties/results/nullable", json!(true)),
        ("behavioural", "LIST/properties/totalCount", Value::Null),
        ("behavioural", "LIST/properties/links/nullable", json!(true)),
        ("behavioural", "LIST/required", Value::Null),
        (
            "breaking",
            "LIST/properties/results/items/$ref",
            json!("#/components/schemas/Link"),
        ),
        ("breaking", "KEY/nullable", json!(true)),
        ("breaking", "KEY/properties/id/nullable", json!(true)),
        ("breaking", "KEY/properties/id/writeOnly", json!(true)),
        ("breaking", "KEY/properties/id", Value::Null),
        (
            "breaking",
            "KEY/properties/roles/items",
            json!({"allOf": [{"$ref": "#/components/schemas/CloudAccessRoleAssignment"}], "nullable": true}),
        ),
        ("breaking", "ROLE/nullable", json!(true)),
        ("behavioural", "KEY/properties/desc", Value::Null),
        ("behavioural", "KEY/properties/desc/nullable", json!(true)),
        ("behavioural", "KEY/properties/desc/writeOnly", json!(true)),
        ("cosmetic", "KEY/properties/desc/readOnly", json!(true)),
        ("behavioural", "KEY/properties/desc/maxLength", json!(9)),
        ("breaking", "KEY/properties/desc/type", json!("integer")),
        ("behavioural", "KEY/properties/desc/format", json!("uri")),
        ("behavioural", "KEY/properties/desc/enum", json!(["a"])),
        ("behavioural", "KEY/required", json!(["desc"])),
        ("behavioural", "KEY/const", json!("as in BODY")),
        ("breaking", "ERROR/properties/error/format", json!("int64")),
        ("additive", "KEY/properties/note", text.clone()),
        ("behavioural", "ERROR/nullable", json!(true)),
        ("behavioural", "ERROR/writeOnly", json!(true)),
        (
            "behavioural",
            "ERROR/properties/errorCode/nullable",
            json!(true),
        ),
        ("behavioural", "LIMIT/required", json!(true)),
        ("behavioural", "LIMIT/schema/type", json!("string")),
        ("behavioural", "LIMIT/schema/enum", json!(["1"])),
        ("behavioural", "OK/headers/RateLimit-Limit", Value::Null),
        ("additive", "OK/headers/X-New", json!({"schema": text})),
    ];
    let mut wrong = String::new();
    let mut all = String::new();
    for (severity, place, value) in table {
        let mut new = old.clone();
        set(&mut new, place, &value);
        let back = changes(&report(&new, old, &sources));
        let report = report(old, &new, &sources);
        all += &format!("{place}: {value}\n{}  and back\n{back}", changes(&report));
        assert_eq!(report.is_breaking(), report.verdict == "breaking");
        if report.verdict != severity {
            let rules: Vec<_> = report
                .changes
                .iter()
                .filter_map(|change| change.rule)
                .collect();
            wrong += &format!(
                "{place}: {value}: not {severity}: {} {rules:?}\n",
                report.verdict
            );
        }
    }
    // A scheme under another name is the same scheme.
    let mut renamed = old.clone();
    set(&mut renamed, "SIGN/Other", oauth);
    set(
        &mut renamed,
        "/security",
        &json!([{"Other": []}, {"DigestAuth": []}]),
    );
    assert_eq!(report(old, &renamed, &sources).verdict, "cosmetic");
    assert!(wrong.is_empty(), "{wrong}");
    insta::assert_snapshot!(all);
}

#[test]
fn changes_of_what_the_committed_document_lacks() {
    let sources = Sources::read(&workspace()).unwrap();
    let committed = &sources.documents["atlas-v2"];
    let basic = json!({"type": "http", "scheme": "basic"});
    let no_content = "DELETE/responses/204/content/DATED/schema";
    let csv = "OK/content/application~1vnd.atlas.2023-01-01+csv";
    let text = json!({"schema": {"type": "string"}});
    let success = committed.pointer(&pointer("OK")).unwrap().clone();
    let key = committed.pointer(&pointer("KEY")).unwrap().clone();
    let either = json!({"anyOf": [{"type": "string", "maxLength": 3}, {"type": "integer"}]});
    let mut all = String::new();
    for (additions, place, value) in [
        (
            &[("SIGN/Basic", basic), ("/security/-", json!({"Basic": []}))][..],
            "SIGN/Basic/scheme",
            json!("BASIC"),
        ),
        (
            &[(no_content, json!({"type": "object"}))],
            &*format!("{no_content}/type"),
            json!("string"),
        ),
        (
            &[(csv, text.clone())],
            &format!("{csv}/schema/type"),
            json!("integer"),
        ),
        (&[(csv, text)], "PATCH/deprecated", json!(true)),
        (
            &[("BODY/additionalProperties", json!({"type": "string"}))],
            "BODY/additionalProperties",
            json!(false),
        ),
        (
            &[("KEY/properties/either", either.clone())],
            "KEY/properties/either/anyOf/0/maxLength",
            json!(5),
        ),
        (
            &[("KEY/properties/either", either)],
            "KEY/properties/either/anyOf/-",
            json!({"type": "boolean"}),
        ),
        (
            &[("/components/schemas/Copy", key)],
            "OK/content/DATED/schema/$ref",
            json!("#/components/schemas/Copy"),
        ),
        (
            &[("PAGE/schema/multipleOf", json!(4))],
            "PAGE/schema/multipleOf",
            json!(2),
        ),
        (
            &[("PAGE/schema/multipleOf", json!(4))],
            "PAGE/schema/multipleOf",
            json!(8),
        ),
        (
            &[("PAGE/schema/exclusiveMaximum", json!(10))],
            "PAGE/schema/exclusiveMaximum",
            json!(5),
        ),
        (
            &[
                ("PATCH/responses/201", success.clone()),
                ("OK", Value::Null),
            ],
            "OK",
            success,
        ),
        (
            &[("KEY/required", json!(["id"]))],
            "KEY/required",
            json!([]),
        ),
        (
            &[
                ("ERROR/properties/id", json!({"type": "string"})),
                ("ERROR/required", json!(["id"])),
            ],
            "ERROR/required",
            json!([]),
        ),
        (
            &[
                ("ROLE/properties/id", json!({"type": "string"})),
                ("ROLE/required", json!(["id"])),
            ],
            "ROLE/required",
            json!([]),
        ),
    ] {
        let mut old = committed.clone();
        for (place, value) in additions {
            set(&mut old, place, value);
        }
        let mut new = old.clone();
        set(&mut new, place, &value);
        let report = report(&old, &new, &sources);
        all += &format!("{place}: {value}\n{}", changes(&report));
    }
    insta::assert_snapshot!(all);
}

/// Places of each kind of object, and the objects of the OpenAPI 3.0 specification with their
/// keys.
const OBJECTS: &[(&str, &[&str], &str)] = &[
    (
        "Operation",
        &["PATCH"],
        "callbacks deprecated description externalDocs operationId parameters requestBody \
         responses security servers summary tags",
    ),
    (
        "PathItem",
        &["ITEM"],
        "description parameters servers summary",
    ),
    (
        "Parameter",
        &["PAGE", "ORG"],
        "allowEmptyValue allowReserved content deprecated description example examples explode in \
         name required schema style",
    ),
    (
        "RequestBody",
        &["PATCH/requestBody"],
        "content description required",
    ),
    ("Response", &["OK"], "content description headers links"),
    (
        "Header",
        &["LIMIT"],
        "allowEmptyValue allowReserved content deprecated description example examples explode \
         required schema style",
    ),
    (
        "MediaType",
        &["OK/content/DATED"],
        "encoding example examples schema",
    ),
    (
        "Schema",
        &[
            "BODY/properties/desc",
            "KEY/properties/desc",
            "PAGE/schema",
            "LIMIT/schema",
        ],
        "additionalProperties allOf anyOf default deprecated description discriminator enum \
         example exclusiveMaximum exclusiveMinimum externalDocs format items maxItems maxLength \
         maxProperties maximum minItems minLength minProperties minimum multipleOf not nullable \
         oneOf pattern properties readOnly required title type uniqueItems writeOnly xml",
    ),
    (
        "HTTPSecurityScheme",
        &["SIGN/DigestAuth"],
        "bearerFormat description scheme type",
    ),
    (
        "OAuth2SecurityScheme",
        &["SIGN/ServiceAccounts"],
        "description flows type",
    ),
    (
        "OAuthFlows",
        &["SIGN/ServiceAccounts/flows"],
        "authorizationCode clientCredentials implicit password",
    ),
    (
        "ClientCredentialsFlow",
        &["SIGN/ServiceAccounts/flows/clientCredentials"],
        "refreshUrl scopes tokenUrl",
    ),
    ("Server", &["/servers/0"], "description url variables"),
];

#[test]
fn every_key_is_compared_or_irrelevant_by_name() {
    let sources = Sources::read(&workspace()).unwrap();
    let old = &sources.documents["atlas-v2"];
    let lists = [
        "allOf",
        "anyOf",
        "oneOf",
        "required",
        "parameters",
        "security",
        "enum",
    ];
    let flags = "allowEmptyValue allowReserved deprecated exclusiveMaximum exclusiveMinimum explode \
                 nullable readOnly required uniqueItems writeOnly";
    let mut forgotten = String::new();
    for (object, places, keys) in OBJECTS {
        for (place, key) in places
            .iter()
            .flat_map(|place| keys.split_whitespace().map(move |key| (place, key)))
        {
            let at = format!("{place}/{key}");
            let present = old.pointer(&pointer(&at));
            let value = match (*object, key) {
                ("PathItem", "parameters") => {
                    json!([{"in": "query", "name": "q", "schema": {}}])
                }
                _ if present.is_some() => Value::Null,
                ("Schema", "required") => json!(["x"]),
                (_, key) if flags.split_whitespace().any(|flag| flag == key) => json!(true),
                (_, key) if key.ends_with("Of") && lists.contains(&key) => json!([{}, {}]),
                ("Server", "variables") => json!({"x": {"default": "y"}}),
                (_, "servers") => json!([{"url": "https://example.com"}]),
                (_, "security") => json!([]),
                (_, key) if lists.contains(&key) => json!(["x"]),
                (_, key) if key.starts_with("max") || key.starts_with("min") => json!(7),
                (_, "multipleOf") => json!(7),
                (_, "style") => json!("label"),
                (_, "properties" | "content" | "examples" | "links" | "headers") => {
                    json!({"x": {}})
                }
                (_, "items" | "not" | "additionalProperties" | "encoding") => json!({"x-y": {}}),
                _ => json!("x"),
            };
            let mut new = old.clone();
            set(&mut new, &at, &value);
            let report = report(old, &new, &sources);
            let is_compared = report.verdict != "unchanged";
            let is_irrelevant =
                IRRELEVANT.contains(&key) || matches!((*object, key), ("MediaType", "encoding"));
            if is_compared == is_irrelevant {
                forgotten += &format!("{object} {at}: {}\n", report.verdict);
            }
        }
    }
    assert!(forgotten.is_empty(), "{forgotten}");
}

/// Reads the specification's JSON Schema from the Python package that `.ci/run` installs.
fn specification() -> Option<Value> {
    let python = workspace().join("target/ci-tools/bin/python");
    let find = "import openapi_spec_validator as package; print(package.__path__[0])";
    for python in [python.to_str()?, "python3"] {
        let output = std::process::Command::new(python)
            .args(["-c", find])
            .output();
        let Some(output) = output.ok().filter(|output| output.status.success()) else {
            continue;
        };
        let folder = String::from_utf8(output.stdout).ok()?;
        let path = format!("{}/resources/schemas/v3.0/schema.json", folder.trim());
        return Some(serde_json::from_str(&std::fs::read_to_string(path).ok()?).unwrap());
    }
    None
}

#[test]
fn the_objects_have_the_keys_of_the_specification() {
    let Some(schema) = specification() else {
        eprintln!("SKIPPED: there is no Python package openapi-spec-validator");
        return;
    };
    for (object, _, keys) in OBJECTS {
        let properties = &schema["definitions"][object]["properties"];
        let specified: BTreeSet<&str> = properties
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        // A path item may be a reference, which is followed.
        let specified: BTreeSet<_> = specified.into_iter().filter(|key| *key != "$ref").collect();
        assert_eq!(specified, keys.split_whitespace().collect(), "{object}");
    }
}
