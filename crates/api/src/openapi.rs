//! The API document (OpenAPI 3.1). The handlers describe what is their own; what many share (headers,
//! path parameters, problems) is added here by rule, so that it is said once and nowhere forgotten.
//! The server also asks it which query parameters and methods there are.

use std::sync::LazyLock;

use actix_web::http::Method;
use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;

use crate::problem::{FieldError, KINDS, ProblemBody};
use crate::routes::Described;
use crate::{schema, source_input};

mod shared;

/// Before every path of the document.
const BASE: &str = "/api/v1";

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(ProblemBody<'static>, FieldError, schema::ActiveOrSuspended)))]
struct Common;

static DOCUMENT: LazyLock<Value> = LazyLock::new(make);
static SERVED: LazyLock<String> = LazyLock::new(|| DOCUMENT.to_string());
static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| operations(&DOCUMENT));

/// The API document.
///
/// # Panics
/// Never: a test reads the document back.
#[expect(clippy::expect_used, reason = "the document is a constant of the program, and tested")]
pub fn document() -> utoipa::openapi::OpenApi {
    serde_json::from_value(DOCUMENT.clone()).expect("the document is one of OpenAPI 3.1")
}

/// The API document as it is kept in `openapi/console.json`: indented, names in order, a line break
/// at the end.
pub fn document_json() -> String {
    format!("{:#}\n", *DOCUMENT)
}

/// The API document as it is served.
pub(crate) fn served() -> &'static str {
    &SERVED
}

/// An operation, as far as the server asks.
struct Operation {
    path: String,
    method: String,
    query: Vec<String>,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in
            members(item).filter(|(name, _)| METHODS.contains(&name.as_str()))
        {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let query = parameters.filter(|parameter| parameter["in"] == "query");
            let query = query.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned));
            operations.push(Operation {
                path: path.clone(),
                method: method.to_ascii_uppercase(),
                query: query.collect(),
            });
        }
    }
    operations
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The query parameters of an operation, found by its route's pattern.
pub(crate) fn query_parameters(method: &Method, pattern: Option<&str>) -> Vec<&'static str> {
    let path = pattern.and_then(|pattern| pattern.strip_prefix(BASE)).unwrap_or_default();
    let found =
        OPERATIONS.iter().find(|known| known.path == path && known.method == method.as_str());
    found.map(|known| known.query.iter().map(String::as_str).collect()).unwrap_or_default()
}

/// The methods of the resource at a path.
pub(crate) fn methods_at(path: &str) -> Vec<&'static str> {
    let Some(path) = path.strip_prefix(BASE) else { return Vec::new() };
    let is_at = |template: &str| {
        let (mut names, mut parts) = (template.split('/'), path.split('/'));
        names
            .by_ref()
            .zip(parts.by_ref())
            .all(|(name, part)| name == part || (name.starts_with('{') && !part.is_empty()))
            && template.matches('/').count() == path.matches('/').count()
    };
    let there = OPERATIONS.iter().filter(|known| is_at(&known.path));
    there.map(|known| known.method.as_str()).collect()
}

fn make() -> Value {
    let described = Described::openapi().merge_from(Common::openapi());
    let mut document = serde_json::to_value(described).unwrap_or_default();
    document["info"] = shared::info(KINDS);
    document["servers"] = json!([{ "url": BASE, "description": "The console host" }]);
    document["tags"] = shared::tags();
    document["security"] = json!([{ "key": [] }]);
    document["components"]["securitySchemes"] = shared::security_schemes();
    document["components"]["responses"] = shared::responses();
    document["components"]["parameters"] = shared::parameters();
    document["components"]["headers"] = shared::headers();
    put_together(&mut document);
    for (name, of, immutable) in [
        ("TenantPatch", "NewTenant", &[][..]),
        ("CorpPatch", "NewCorp", &["corp_id"]),
        ("IdentitySourcePatch", "NewIdentitySource", &source_input::IMMUTABLE),
        ("AppPatch", "NewApp", &[]),
        ("UserPatch", "NewUser", &["password"]),
    ] {
        let schemas = &mut document["components"]["schemas"];
        schemas[name] = patch_of(&schemas[of], immutable);
    }
    let status = json!({ "$ref": format!("{SCHEMAS}ActiveOrSuspended") });
    document["components"]["schemas"]["UserPatch"]["properties"]["status"] = status;
    name_lists(&mut document);
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        // Bodies are read strictly.
        let bodies =
            schemas.iter_mut().filter(|(name, _)| name.starts_with("New") && *name != "NewSecret");
        bodies.for_each(|(_, schema)| schema["additionalProperties"] = false.into());
    }
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            complete_item(path, item);
        }
    }
    document.sort_all_objects();
    document
}

/// An app's fields are written down in two places and are one object to those who read of them.
fn put_together(document: &mut Value) {
    let schemas = &mut document["components"]["schemas"];
    let part = schemas["AppProtocol"]["properties"].take();
    let Value::Object(more) = &part else { return };
    for (name, list) in [("NewApp", false), ("App", false), ("List_App", true)] {
        let schema = &mut schemas[name];
        let schema = if list { &mut schema["properties"]["items"]["items"] } else { schema };
        let (mut own, described) = (schema["allOf"][1].take(), schema["description"].take());
        if let Some(fields) = own["properties"].as_object_mut() {
            fields.extend(more.clone());
        }
        // Every answer has all of them.
        if let (true, Some(required)) = (name != "NewApp", own["required"].as_array_mut()) {
            required.extend(more.keys().map(|field| json!(field)));
        }
        own["description"] = described;
        *schema = own;
    }
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.remove("AppProtocol");
    }
}

/// Calls the schema of a list of `X` `XList`; generated it is `List_X`.
fn name_lists(document: &mut Value) {
    let rename = |name: &str| name.strip_prefix("List_").map(|of| format!("{of}List"));
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        for name in schemas.keys().cloned().collect::<Vec<_>>() {
            if let (Some(new), Some(schema)) = (rename(&name), schemas.get(&name).cloned()) {
                schemas.remove(&name);
                schemas.insert(new, schema);
            }
        }
    }
    on_references(document, &|reference| {
        let name = rename(reference.strip_prefix(SCHEMAS)?)?;
        Some(format!("{SCHEMAS}{name}"))
    });
}

const SCHEMAS: &str = "#/components/schemas/";

fn on_references(value: &mut Value, change: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                on_references(element, change);
            }
        }
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref")
                && let Some(new) = change(reference)
            {
                *reference = new;
            }
            for member in object.values_mut() {
                on_references(member, change);
            }
        }
        _ => {}
    }
}

/// The schema of a merge patch: what a new one has, without what never changes, nothing required.
fn patch_of(new: &Value, immutable: &[&str]) -> Value {
    let mut properties = Map::new();
    for (name, property) in members(&new["properties"]) {
        if !immutable.contains(&name.as_str()) {
            let mut property = property.clone();
            if let Some(property) = property.as_object_mut() {
                property.remove("default");
            }
            properties.insert(name.clone(), property);
        }
    }
    json!({
        "type": "object",
        "description": "A merge patch (RFC 7396): what is named changes, null takes away or resets, the rest stays.",
        "properties": properties,
        "additionalProperties": false,
    })
}

/// Adds what the rules say to each operation of a path.
fn complete_item(path: &str, item: &mut Value) {
    // These have their tenant's version.
    const OF_TENANT: [&str; 2] = ["/tenants/{tenant}/branding", "/tenants/{tenant}/messaging"];
    let versioned = item.get("patch").is_some() || OF_TENANT.contains(&path);
    let parameters: Vec<Value> = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }))
        .collect();
    let in_path = !parameters.is_empty();
    if let Some(item) = item.as_object_mut() {
        for (method, operation) in item.iter_mut() {
            shared::complete(operation, method, versioned, in_path);
        }
        if in_path {
            item.insert("parameters".to_owned(), parameters.into());
        }
    }
}
