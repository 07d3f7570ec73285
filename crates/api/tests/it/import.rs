//! Imports: what becomes of each row.

use std::fmt::Write as _;

use actix_web::http::Method;
use serde_json::{Value, json};

use store::id::TenantId;

use crate::support::{Answer, Bed, Caller};

const CSV: &str = "text/csv";
const LINES: &str = "application/x-ndjson";

async fn send(tenant: &Caller, query: &str, media: &str, body: impl Into<Vec<u8>>) -> Answer {
    let request = tenant.request(Method::POST, &format!("users/import{query}"));
    request.header("Content-Type", media).body(body.into()).send().await
}

/// The lines of an answer: the refused rows, and the sums.
fn read(answer: &Answer) -> (Vec<Value>, Value) {
    answer.assert(200);
    assert_eq!(answer.header("content-type"), LINES);
    let mut lines: Vec<Value> =
        answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sums = lines.pop().unwrap();
    assert_eq!(sums["failed"], lines.len());
    (lines, sums)
}

/// Line, field and code of each refused row.
fn failures(answer: &Answer) -> Vec<(u64, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (lines, _) = read(answer);
    let failure =
        |line: &Value| (line["line"].as_u64().unwrap(), text(&line["field"]), text(&line["code"]));
    lines.iter().map(failure).collect()
}

/// Rows, created, updated, unchanged, failed.
fn sums(answer: &Answer) -> [u64; 5] {
    let (_, sums) = read(answer);
    ["rows", "created", "updated", "unchanged", "failed"].map(|name| sums[name].as_u64().unwrap())
}

async fn by_external_id(tenant: &Caller, id: &str) -> Value {
    let found = tenant.get(&format!("users?external_id={id}")).await;
    found.items().first().cloned().unwrap_or_default()
}

const FILE: &str = "\u{feff}external_id,Name,email,email_verified,phone_number,username\r\n\
    A-1,\"Zhang, \"\"San\"\"\",san@acme.example,true,13800000001,zhangsan\r\n\
    A-2,李四,,,,\r\n";

fn file() -> String {
    FILE.replace("Name", "name")
}

#[actix_web::test]
async fn a_file_makes_users_and_the_second_time_changes_nothing() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let first = send(&tenant, "", CSV, file()).await;
    assert_eq!(sums(&first), [2, 2, 0, 0, 0], "{}", first.text);
    let user = by_external_id(&tenant, "A-1").await;
    assert_eq!(user["name"], "Zhang, \"San\"");
    assert_eq!(
        (&user["email"], &user["email_verified"]),
        (&json!("san@acme.example"), &json!(true))
    );
    assert_eq!(
        (&user["phone_number"], &user["phone_number_verified"]),
        (&json!("+8613800000001"), &json!(false))
    );
    assert_eq!((&user["username"], &user["origin"]), (&json!("zhangsan"), &json!("console")));
    let before = tenant.get("users").await.text;
    let second = send(&tenant, "", CSV, file()).await;
    assert_eq!(sums(&second), [2, 0, 0, 2, 0]);
    assert_eq!(tenant.get("users").await.text, before);
    let events = tenant.get("audit-events?limit=200").await;
    let imports: Vec<_> =
        events.items().iter().filter(|event| event["action"] == "user.import").collect();
    assert_eq!(imports.len(), 2);
    assert_eq!(imports[0]["detail"], read(&first).1);
}

#[actix_web::test]
async fn only_what_a_row_has_changes() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    send(&tenant, "", CSV, file()).await.assert(200);
    let answer = send(&tenant, "", CSV, "username,external_id,name\n,A-1,\nlisi,A-2,\n").await;
    assert_eq!(sums(&answer), [2, 0, 1, 1, 0], "{}", answer.text);
    let (zhang, li) = (by_external_id(&tenant, "A-1").await, by_external_id(&tenant, "A-2").await);
    assert_eq!((&zhang["username"], &zhang["version"]), (&json!("zhangsan"), &json!(1)));
    assert_eq!((&li["name"], &li["username"]), (&json!("李四"), &json!("lisi")));
    let lines = "{\"external_id\":\"A-1\",\"username\":null,\"email\":\"new@acme.example\"}\n\n\
                 {\"external_id\":\"A-2\"}";
    let answer = send(&tenant, "", LINES, lines).await;
    assert_eq!(sums(&answer), [2, 0, 1, 1, 0], "{}", answer.text);
    let zhang = by_external_id(&tenant, "A-1").await;
    assert_eq!((&zhang["username"], &zhang["email_verified"]), (&Value::Null, &json!(false)));
    // The whole file at once.
    let lines = "{\"external_id\":\"A-1\",\"email\":\"new@acme.example\",\"phone_number\":\"13900000001\"}\n\
                 {\"external_id\":\"A-2\",\"email\":\"li@acme.example\",\"email_verified\":false}";
    send(&tenant, "?verified=true", LINES, lines).await.assert(200);
    let marks =
        |user: &Value| [user["email_verified"] == true, user["phone_number_verified"] == true];
    assert_eq!(marks(&by_external_id(&tenant, "A-1").await), [true, true]);
    assert_eq!(marks(&by_external_id(&tenant, "A-2").await), [false, false]);
}

#[actix_web::test]
async fn bad_rows_are_named_and_stop_nothing() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let taken = json!({ "username": "boss", "email": "boss@acme.example", "email_verified": true });
    tenant.post("users", taken).await.assert(201);
    let mut csv = b"external_id,name,email,email_verified,username\n\
        B-1,good,,,\n\
        ,no id,,,\n\
        B-3,mail,nobody,,\n\
        B-4,mark,,maybe,\n\
        B-5,mark,,true,\n\
        B-6,short\n\
        B-7,\"two\nlines\",,,\n\
        b-1,again,,,\n\
        B-9,,BOSS@acme.example,yes,\n\
        B-10,,,,BOSS\n\
        B-11,"
        .to_vec();
    csv.extend(b"\xff,,,\n");
    csv.extend(format!("B-12,{},,,\n", "x".repeat(17_000)).as_bytes());
    csv.extend(b"B-13,unclosed \"quote\",,,\n\n\r\nB-14,last,boss@acme.example,no,");
    let answer = send(&tenant, "", CSV, csv).await;
    let found = failures(&answer);
    let expected = [
        (3, "external_id", "required"),
        (4, "email", "format"),
        (5, "email_verified", "type"),
        (6, "email_verified", "without_value"),
        (7, "", "columns"),
        (8, "name", "character"),
        (10, "external_id", "duplicate"),
        (11, "email", "taken"),
        (12, "username", "taken"),
        (13, "", "utf8"),
        (14, "", "too_long"),
    ];
    let expected: Vec<_> =
        expected.map(|(line, field, code)| (line, field.to_owned(), code.to_owned())).into();
    assert_eq!(found, expected, "{}", answer.text);
    assert_eq!(sums(&answer), [14, 3, 0, 0, 11]);
    // Nobody's data stands in an answer, but for names of fields.
    assert!(!answer.text.to_ascii_lowercase().contains("boss"), "{}", answer.text);
    let boss = tenant.get("users?username=boss").await;
    assert_eq!(boss.items()[0]["version"], 1);
}

#[actix_web::test]
async fn json_lines_are_read_strictly() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let lines = "{\"external_id\":\"C-1\"}\r\n\
        {\"external_id\":\"C-2\",\"nmae\":\"x\"}\n\
        {\"external_id\":\"C-3\",\"external_id\":\"C-4\"}\n\
        {\"external_id\":\"C-5\",\n\
        [1]\n\
        {\"external_id\":\"C-6\",\"password\":\"correct horse battery\"}\n\
        {\"external_id\":7}\n\
        {\"external_id\":null}\n\
        {\"external_id\":\"C-8\",\"email_verified\":\"true\"}\n";
    let answer = send(&tenant, "", LINES, lines).await;
    let expected = [
        (2, "nmae", "unknown_field"),
        (3, "external_id", "duplicate_name"),
        (4, "", "malformed_json"),
        (5, "", "type"),
        (6, "password", "password"),
        (7, "external_id", "type"),
        (8, "external_id", "required"),
        (9, "email_verified", "type"),
    ];
    let expected: Vec<_> =
        expected.map(|(line, field, code)| (line, field.to_owned(), code.to_owned())).into();
    assert_eq!(failures(&answer), expected, "{}", answer.text);
    assert_eq!(sums(&answer), [9, 1, 0, 0, 8]);
}

#[actix_web::test]
async fn a_file_that_cannot_be_read_is_refused_as_a_whole() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let events = tenant.get("audit-events?limit=200").await.text;
    for (body, pointer, code) in [
        ("", "", "required"),
        ("name\nx\n", "", "required"),
        ("external_id,nmae\nA,x\n", "/1", "unknown_field"),
        ("external_id,name,name\nA,x,y\n", "/2", "duplicate_name"),
        ("external_id,password\nA,x\n", "/1", "password"),
        ("external_id;name\nA;x\n", "/0", "unknown_field"),
    ] {
        let refused = send(&tenant, "", CSV, body).await;
        refused.assert_errors(&[(pointer, code)]);
        assert!(!refused.text.contains("nmae"), "a file without a header line is somebody's data");
    }
    send(&tenant, "", "application/json", "{}").await.assert_problem(415, "unsupported_media_type");
    let gbk = "text/csv; charset=gb18030";
    send(&tenant, "", gbk, file()).await.assert_problem(415, "unsupported_media_type");
    for query in ["?dry_run=1", "?verified=yes", "?without_external_id=ignore", "?x=1"] {
        send(&tenant, query, CSV, file()).await.assert_problem(400, "malformed_request");
    }
    assert_eq!(tenant.get("audit-events?limit=200").await.text, events);
    assert!(tenant.get("users").await.items().is_empty());
    send(&tenant, "", "text/csv; charset=UTF-8", file()).await.assert(200);
}

#[actix_web::test]
async fn a_dry_run_tells_and_writes_nothing() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    send(&tenant, "", CSV, file()).await.assert(200);
    let before = tenant.get("users").await.text;
    let csv = "external_id,name,username\nA-1,new name,\nA-2,,ZHANGSAN\nA-3,,wang\nA-4,,Wang\n";
    let dry = send(&tenant, "?dry_run=true", CSV, csv).await;
    assert_eq!(tenant.get("users").await.text, before);
    let real = send(&tenant, "", CSV, csv).await;
    assert_eq!(failures(&dry), failures(&real));
    assert_eq!(sums(&real), [4, 1, 1, 0, 2], "{}", real.text);
    assert_eq!(sums(&dry), sums(&real));
    assert_eq!(
        (&read(&dry).1["dry_run"], &read(&real).1["dry_run"]),
        (&json!(true), &json!(false))
    );
}

#[actix_web::test]
async fn rows_without_external_id_make_users_if_one_says_so() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let csv = "name,username\nLi,li\nWang,\n";
    let answer = send(&tenant, "?without_external_id=create", CSV, csv).await;
    assert_eq!(sums(&answer), [2, 2, 0, 0, 0], "{}", answer.text);
    let again = send(&tenant, "?without_external_id=create", CSV, csv).await;
    assert_eq!(failures(&again), [(2, "username".to_owned(), "taken".to_owned())]);
    assert_eq!(tenant.get("users").await.items().len(), 3);
}

#[actix_web::test]
async fn a_file_over_many_chunks_is_whole_and_the_bound_holds() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let mut csv = "external_id,name\n".to_owned();
    for at in 0..1_201 {
        writeln!(csv, "D-{at},Name {at}").unwrap();
    }
    assert_eq!(sums(&send(&tenant, "", CSV, csv.as_str()).await), [1_201, 1_201, 0, 0, 0]);
    assert_eq!(sums(&send(&tenant, "", CSV, csv).await), [1_201, 0, 0, 1_201, 0]);
    // Rows that are refused count, and cost little.
    let mut many = "external_id\n".to_owned();
    (0..100_001).for_each(|_| many.push_str("x x\n"));
    let answer = send(&tenant, "", CSV, many).await;
    assert_eq!(sums(&answer), [100_000, 0, 0, 0, 100_001]);
    let last = read(&answer).0.pop().unwrap();
    assert_eq!((&last["line"], &last["code"]), (&json!(100_002), &json!("too_many_rows")));
}

#[actix_web::test]
async fn m8_an_import_that_changes_identifiers_ends_sessions() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    send(&tenant, "", CSV, file()).await.assert(200);
    let user = by_external_id(&tenant, "A-1").await;
    let (id, store) = (tenant.tenant.parse().unwrap(), &bed.store);
    let token = store::secret::SecretHash::of("cookie");
    let device = store::session::Device::default();
    let new = store::session::NewSession {
        by: store::session::SignedInBy::Password,
        device: &device,
        token: &token,
        life: chrono::TimeDelta::hours(1),
        idle: chrono::TimeDelta::hours(1),
    };
    let user = user["id"].as_str().unwrap().parse().unwrap();
    let mut tx = store.begin(id).await.unwrap();
    store::session::create(&mut tx, &store.env, user, new).await.unwrap();
    tx.commit().await.unwrap();
    let alive = async || {
        store::session::find(&mut store.tenant(id), &store.env, &token).await.unwrap().is_some()
    };
    send(&tenant, "", CSV, "external_id,name\nA-1,Other\n").await.assert(200);
    assert!(alive().await);
    send(&tenant, "", CSV, "external_id,email\nA-1,other@acme.example\n").await.assert(200);
    assert!(!alive().await);
}

#[actix_web::test]
async fn a_tenant_has_one_import_at_a_time() {
    let bed = Bed::new().await;
    let (tenant, other) = (bed.tenant("a.example").await, bed.tenant("b.example").await);
    // As one that is under way holds it.
    let id: TenantId = tenant.tenant.parse().unwrap();
    let store = &bed.store;
    let held = store::ephemeral::Slot::<bool>::new("import", std::time::Duration::from_mins(2));
    assert!(store.ephemeral.put_new(&held, id, "", &true).await.unwrap());
    let csv = "external_id\nE-1\nE-2\n";
    send(&tenant, "", CSV, csv).await.assert_problem(409, "conflict");
    assert_eq!(sums(&send(&other, "", CSV, csv).await), [2, 2, 0, 0, 0]);
    // Afterwards the next one may, and the one after that.
    let _: Option<bool> = store.ephemeral.take(&held, id, "").await.unwrap();
    assert_eq!(sums(&send(&tenant, "", CSV, csv).await), [2, 2, 0, 0, 0]);
    assert_eq!(sums(&send(&tenant, "", CSV, csv).await), [2, 0, 0, 2, 0]);
}

#[actix_web::test]
async fn n2_an_import_touches_the_tenants_own_people_only() {
    let bed = Bed::new().await;
    let (own, other) = (bed.tenant("a.example").await, bed.tenant("b.example").await);
    send(&own, "", CSV, file()).await.assert(200);
    let before = own.get("users").await.text;
    let path = format!("/api/v1/tenants/{}/users/import", own.tenant);
    let request = other.request(Method::POST, &path).header("Content-Type", CSV);
    request.body(file()).send().await.assert_problem(404, "not_found");
    // The same people in another tenant are other people.
    let answer = send(&other, "", CSV, file().replace("李四", "other")).await;
    assert_eq!(sums(&answer), [2, 2, 0, 0, 0], "{}", answer.text);
    assert_eq!(own.get("users").await.text, before);
    let request = bed.request(Method::POST, &path).header("Content-Type", CSV);
    request.body(file()).send().await.assert_problem(401, "unauthenticated");
}

/// The examples of the administrators' pages are proper.
#[actix_web::test]
async fn the_documents_example_is_imported() {
    for page in ["administrators.md", "administrators.zh-CN.md"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
        let text = std::fs::read_to_string(path).unwrap();
        let (_, rest) = text.split_once("```csv\n").unwrap();
        let (csv, _) = rest.split_once("```").unwrap();
        let bed = Bed::new().await;
        let tenant = bed.tenant("a.example").await;
        let dry = send(&tenant, "?dry_run=true", CSV, csv).await;
        assert_eq!(sums(&dry), [2, 2, 0, 0, 0], "{page}: {}", dry.text);
        assert_eq!(sums(&send(&tenant, "", CSV, csv).await), [2, 2, 0, 0, 0]);
        assert_eq!(by_external_id(&tenant, "A-0002").await["name"], "Li, Si");
    }
}
