//! What many operations share.

use serde_json::{Map, Value, json};

use crate::problem::Kind;

/// Title and introduction.
pub(super) fn info(kinds: &[Kind]) -> Value {
    let mut problems = String::from("| code | status | meaning |\n|---|---|---|\n");
    for kind in kinds {
        let row = format!("| `{}` | {} | {} |\n", kind.code, kind.status.as_u16(), kind.title);
        problems.push_str(&row);
    }
    json!({
        "title": "Hufu console API",
        "version": "1",
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        "description": format!("{INTRODUCTION}\n## Problems\n\n{PROBLEMS}\n\n{problems}"),
    })
}

const INTRODUCTION: &str = "\
Tenants, and what an administrator decides about each: corps, identity sources, apps, API keys, users.

## Keys

Every call has `Authorization: Bearer` and a key. The operator's key may do everything; an API key \
(`hufu_key_…`) acts for its tenant only. What belongs to another tenant is answered as if it did not exist.

## Changes

- A resource with a `version` has an `ETag`. PATCH, DELETE and a PUT of it need it in `If-Match` (428 without, 412 \
if the resource has changed since); `*` takes it as it is.
- PATCH takes a JSON merge patch (RFC 7396).
- A POST with an `Idempotency-Key` can be repeated: the same key and request get the first answer again, \
with `Idempotent-Replayed: true`. Keys are kept for a day.
- Bodies are read strictly: unknown fields, and names that stand twice, are refused. They may have 64 KiB, \
an import of users 64 MiB.
- Secrets can be written, not read. Those that are made here are shown once, when they are made.

## Lists

`limit` rows at most; `next` and the `Link` header lead to the next page.
";

const PROBLEMS: &str = "\
Whatever goes wrong is answered with `application/problem+json` (RFC 9457). Its `type` is \
`urn:hufu:problem:` and one of these codes. `errors` names every field that is not right by its JSON \
Pointer; `trace` is what the operator finds it by in the log.";

/// Groups of operations, in the order of use.
pub(super) fn tags() -> Value {
    json!([
        { "name": "Tenants", "description": "The units of isolation. For the operator." },
        { "name": "Branding", "description": "How a tenant's pages look." },
        { "name": "Messaging", "description": "How a tenant reaches its people." },
        { "name": "Corps", "description": "The WeCom organisations of a tenant." },
        { "name": "Identity sources", "description": "The ways to sign in through a corp." },
        { "name": "Apps", "description": "The OpenID Connect clients of a tenant." },
        { "name": "Links", "description": "Which sources work for which apps." },
        { "name": "API keys", "description": "Keys for this API, each for one tenant." },
        { "name": "Initial access tokens", "description": "With one, apps register themselves (RFC 7591)." },
        { "name": "Signing keys", "description": "What signs a tenant's tokens." },
        { "name": "Users", "description": "The accounts of people, their identities and sessions." },
        { "name": "Journal of links", "description": "Every link between a user and an upstream person that came and went, and taking it back." },
        { "name": "Verification files", "description": "WeCom's `WW_verify_*.txt`, served at the root of the tenant's host." },
        { "name": "Audit events", "description": "What was done and decided, by whom." },
    ])
}

pub(super) fn security_schemes() -> Value {
    json!({ "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "The operator's key, or an API key of the tenant (`hufu_key_…`).",
    }})
}

pub(super) fn headers() -> Value {
    let text = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string" }, "example": example });
    json!({
        "ETag": text("The entity-tag, for If-Match and If-None-Match", "\"3\""),
        "Location": text("Where it is", "/api/v1/tenants/0199f3a0-0000-7000-8000-000000000001"),
        "Link": text("The next page (RFC 8288), if there is one", "</api/v1/tenants?cursor=AAYlQ0Zk5IABkzOAVqh6gLnOmk2Zgkqv>; rel=\"next\""),
        "Idempotent-Replayed": text("`true` if this is the answer to an earlier call with the same Idempotency-Key", "true"),
        "Retry-After": { "description": "Seconds to wait", "schema": { "type": "integer" }, "example": 5 },
        "WWW-Authenticate": text("`Bearer`", "Bearer"),
    })
}

pub(super) fn parameters() -> Value {
    let id = |name: &str, description: &str| {
        json!({
            "name": name, "in": "path", "required": true, "description": description,
            "schema": { "type": "string", "format": "uuid" },
        })
    };
    let header = |name: &str, required: bool, description: &str, example: &str| {
        json!({
            "name": name, "in": "header", "required": required, "description": description,
            "schema": { "type": "string" }, "example": example,
        })
    };
    json!({
        "tenant": id("tenant", "The tenant's id"),
        "corp": id("corp", "Our id of the corp, not WeCom's"),
        "source": id("source", "The identity source's id"),
        "app": id("app", "The app's id, which is its client_id"),
        "key": id("key", "The API key's id"),
        "token": id("token", "The initial access token's id"),
        "kid": id("kid", "The signing key's id, which is its kid"),
        "user": id("user", "The user's id, which is the sub"),
        "identity": id("identity", "The identity's id"),
        "event": id("event", "The id of an event in the journal of links"),
        "trace": {
            "name": "trace", "in": "path", "required": true,
            "description": "A trace code, as a person reads it from an error page",
            "schema": { "type": "string", "minLength": 1, "maxLength": 64 }, "example": "7J4Q2M9XK0TB",
        },
        "product": {
            "name": "product", "in": "path", "required": true, "description": "Which product",
            "schema": { "type": "string", "pattern": "^[a-z0-9.-]{1,31}$" }, "example": "grafana",
        },
        "identifier": {
            "name": "identifier", "in": "path", "required": true,
            "description": "The identifier in question",
            "schema": { "type": "string", "pattern": "^[a-z0-9-]{1,31}$" }, "example": "wecom",
        },
        "name": {
            "name": "name", "in": "path", "required": true, "description": "The file's name",
            "schema": { "type": "string", "pattern": "^WW_verify_[A-Za-z0-9]{1,64}\\.txt$" },
            "example": "WW_verify_aBcDeFgH12345678.txt",
        },
        "If-Match": header("If-Match", true, "The ETag of what was read, or `*`", "\"3\""),
        "If-None-Match": header("If-None-Match", false, "The ETag of what is known already", "\"3\""),
        "Idempotency-Key": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Makes the call repeatable: a new random value for each request",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
            "example": "5f0c6f0e-5f63-4f0b-9a53-0d8f5f6b1f7e",
        },
    })
}

/// The problems that come with many operations, by name.
const RESPONSES: [(&str, &str, &str); 12] = [
    ("MalformedRequest", "400", "The request cannot be read: a header, the query, or the JSON"),
    ("Unauthenticated", "401", "No valid key"),
    ("Forbidden", "403", "The operator's key is needed"),
    ("NotFound", "404", "Nothing of the caller's is at this path"),
    ("Conflict", "409", "In conflict with what exists; `errors` or `detail` says with what"),
    ("Stale", "412", "The resource has changed since it was read"),
    ("TooLarge", "413", "The body has more than 64 KiB"),
    ("UnsupportedMediaType", "415", "The body is of another media type"),
    (
        "Invalid",
        "422",
        "Some fields are not right, all named in `errors`; or the Idempotency-Key belongs to another request",
    ),
    ("PreconditionRequired", "428", "If-Match is missing"),
    ("Internal", "500", "Something went wrong here; the log knows it by `trace`"),
    ("Unavailable", "503", "Not available for a moment; see Retry-After"),
];

pub(super) fn responses() -> Value {
    let mut responses = Map::new();
    for (name, status, description) in RESPONSES {
        let problem = json!({ "$ref": "#/components/schemas/Problem" });
        let mut response = json!({
            "description": description,
            "content": { "application/problem+json": { "schema": problem } },
        });
        let header = match status {
            "401" => Some("WWW-Authenticate"),
            "503" => Some("Retry-After"),
            _ => None,
        };
        if let Some(header) = header {
            add_header(&mut response, header);
        }
        responses.insert(name.to_owned(), response);
    }
    responses.into()
}

fn add_header(response: &mut Value, name: &str) {
    response["headers"][name] = json!({ "$ref": format!("#/components/headers/{name}") });
}

/// Operations that can be in conflict with what exists.
const CONFLICTING: [&str; 17] = [
    "createTenant",
    "updateTenant",
    "createCorp",
    "deleteCorp",
    "createIdentitySource",
    "createAppSecret",
    "putAppIdentitySource",
    "createUser",
    "updateUser",
    "putUserPassword",
    "deleteUserPassword",
    "deleteUser",
    "putVerificationFile",
    "deleteTenant",
    "createSigningKey",
    "activateSigningKey",
    "deleteSigningKey",
];

/// Adds what the rules say to an operation.
pub(super) fn complete(operation: &mut Value, method: &str, versioned: bool, in_path: bool) {
    let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
    let writes = matches!(method, "patch" | "put" | "delete");
    let is_read = method == "get";
    let has_body = operation.get("requestBody").is_some();
    // An import can be repeated by itself.
    let is_repeatable = method == "post" && id != "importUsers";
    let paged = operation["parameters"]
        .as_array()
        .is_some_and(|all| all.iter().any(|parameter| parameter["name"] == "cursor"));
    for (when, name) in [
        (versioned && writes, "If-Match"),
        (versioned && is_read, "If-None-Match"),
        (is_repeatable, "Idempotency-Key"),
    ] {
        if when {
            add_parameter(operation, name);
        }
    }
    if has_body {
        operation["requestBody"]["required"] = true.into();
    }
    let of_tenants = operation["tags"][0] == "Tenants";
    let status_has = |status: &str| match status {
        "400" | "401" | "500" | "503" => true,
        "403" => of_tenants,
        "404" => in_path,
        "409" => CONFLICTING.contains(&id.as_str()),
        "412" | "428" => versioned && writes,
        "413" | "415" => has_body,
        "422" => has_body || is_repeatable,
        _ => false,
    };
    for (name, status, _) in RESPONSES {
        if status_has(status) && operation["responses"].get(status).is_none() {
            let reference = json!({ "$ref": format!("#/components/responses/{name}") });
            operation["responses"][status] = reference;
        }
    }
    if versioned && is_read {
        let text = "The representation that If-None-Match names is still right";
        operation["responses"]["304"] = json!({ "description": text });
    }
    complete_success(operation, &id, method, versioned, paged);
}

fn add_parameter(operation: &mut Value, name: &str) {
    let reference = json!({ "$ref": format!("#/components/parameters/{name}") });
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.push(reference),
        None => operation["parameters"] = json!([reference]),
    }
}

/// Adds headers to the answers of success.
fn complete_success(operation: &mut Value, id: &str, method: &str, versioned: bool, paged: bool) {
    let makes_versioned = [
        "createTenant",
        "createCorp",
        "createIdentitySource",
        "createApp",
        "createAppSecret",
        "createUser",
    ];
    let tagged = makes_versioned.contains(&id) || (versioned && method != "delete");
    for status in ["200", "201", "304"] {
        let Some(response) = operation["responses"].get_mut(status) else { continue };
        for (when, name) in [
            (tagged, "ETag"),
            (status == "201", "Location"),
            (paged, "Link"),
            (method == "post" && id != "importUsers", "Idempotent-Replayed"),
        ] {
            if when {
                add_header(response, name);
            }
        }
    }
}
