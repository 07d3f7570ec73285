//! How pages look: who decides it, and what may be decided.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Bed, Caller, app, with};

/// A branding with everything in it.
fn full() -> Value {
    json!({
        "logo_url": "https://acme.example/logo.svg",
        "accent": "#0b7a5c",
        "background": "https://acme.example/sea.jpg?size=2",
        "heading": { "zh-CN": "欢迎回来", "en": "Welcome back" },
        "note": { "en": "Need help? Call 1234." },
        "agreements": [
            { "names": { "en": "Terms" }, "url": "https://acme.example/terms" },
            { "names": { "en": "Privacy" }, "url": "https://acme.example/privacy?v=2" },
        ],
    })
}

fn empty() -> Value {
    json!({
        "logo_url": null, "accent": null, "background": null,
        "heading": {}, "note": {}, "agreements": [],
    })
}

async fn put(tenant: &Caller, body: &Value) -> Answer {
    let request = tenant.request(Method::PUT, "branding").header("If-Match", "*");
    request.json(body).send().await
}

#[actix_web::test]
async fn a_tenants_own_administrator_decides_how_its_pages_look() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let before = tenant.get("branding").await;
    assert_eq!((&before.assert(200).body, before.header("etag")), (&empty(), "\"1\""));

    let change = |tag: &'static str| {
        let request = tenant.request(Method::PUT, "branding").json(&full());
        request.header("If-Match", tag).send()
    };
    let none = tenant.request(Method::PUT, "branding").json(&full()).send().await;
    none.assert_problem(428, "precondition_required");
    change("\"2\"").await.assert_problem(412, "stale");
    let changed = change("\"1\"").await;
    assert_eq!((&changed.assert(200).body, changed.header("etag")), (&full(), "\"2\""));
    change("\"1\"").await.assert_problem(412, "stale");
    let known = tenant.request(Method::GET, "branding").header("If-None-Match", "\"2\"");
    known.send().await.assert(304);
    assert_eq!(tenant.get("branding").await.body, full());
    let operator = bed.operator();
    assert_eq!(operator.get(&tenant.home).await.body["branding"], full());
    let events = tenant.get("audit-events").await;
    assert!(events.text.contains("\"tenant.branding.put\""), "{}", events.text);

    // As a whole: what is left out is gone.
    put(&tenant, &json!({ "accent": "#FFD400" })).await.assert(200);
    let expected = with(empty(), json!({ "accent": "#ffd400" }));
    assert_eq!(tenant.get("branding").await.body, expected);
    put(&tenant, &json!({})).await.assert(200);
    assert_eq!(operator.get(&tenant.home).await.body["branding"], Value::Null);
}

#[actix_web::test]
async fn the_operator_and_an_app_take_it_as_a_field() {
    let bed = Bed::new().await;
    let (tenant, operator) = (bed.tenant("a.example").await, bed.operator());
    let new = json!({ "host": "b.example", "display_name": "B", "branding": full() });
    let made = operator.post("tenants", new).await;
    assert_eq!(made.assert(201).body["branding"], full());
    let made = tenant.post("apps", with(app(), json!({ "branding": full() }))).await;
    assert_eq!(made.assert(201).body["branding"], full());

    for (caller, path) in
        [(&operator, tenant.home.clone()), (&tenant, format!("apps/{}", made.id()))]
    {
        let patch = |change: Value| caller.patch(&path, json!({ "branding": change }));
        patch(full()).await.assert(200);
        let change = json!({ "accent": null, "heading": { "en": null, "ja": "ようこそ" } });
        let changed = patch(change).await.assert(200).body["branding"].clone();
        assert_eq!(changed["accent"], Value::Null);
        assert_eq!(changed["heading"], json!({ "zh-CN": "欢迎回来", "ja": "ようこそ" }));
        assert_eq!(changed["agreements"], full()["agreements"]);
        // What else changes leaves it as it is.
        let renamed = caller.patch(&path, json!({ "display_name": "New" })).await;
        assert_eq!(renamed.assert(200).body["branding"], changed);
        assert_eq!(patch(Value::Null).await.assert(200).body["branding"], Value::Null);
        patch(json!({ "accent": "red" })).await.assert_errors(&[("/branding/accent", "format")]);
        patch(json!([])).await.assert_errors(&[("/branding", "type")]);
    }
    let secret = tenant.post("apps", with(app(), json!({ "branding": full() }))).await.id();
    tenant.post(&format!("apps/{secret}/secret"), json!({})).await.assert(201);
    assert_eq!(tenant.get(&format!("apps/{secret}")).await.body["branding"], full());
}

#[actix_web::test]
async fn every_flaw_is_told_with_its_place() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let refused = put(
        &tenant,
        &json!({
            "logo_url": "http://a.example/l.png", "accent": 7, "background": "#fff", "css": "*{}",
            "heading": { "en": "x".repeat(201), "!": "x" }, "note": { "en": " " },
            "agreements": [
                { "names": {}, "url": "https://a.example/" },
                { "names": { "en": "x" }, "url": "ftp://a.example/", "icon": "x" },
                { "names": { "en": "a\nb" } },
                "https://a.example/",
            ],
        }),
    )
    .await;
    refused.assert_errors(&[
        ("/accent", "type"),
        ("/agreements/0/names", "length"),
        ("/agreements/1/icon", "unknown_field"),
        ("/agreements/1/url", "scheme"),
        ("/agreements/2/names/en", "character"),
        ("/agreements/2/url", "required"),
        ("/agreements/3", "type"),
        ("/background", "format"),
        ("/css", "unknown_field"),
        ("/heading/!", "format"),
        ("/heading/en", "length"),
        ("/logo_url", "scheme"),
        ("/note/en", "length"),
    ]);
    for error in refused.body["errors"].as_array().unwrap() {
        let (pointer, detail) =
            (error["pointer"].as_str().unwrap(), error["detail"].as_str().unwrap());
        assert!(detail.starts_with(&pointer[1..]), "{detail}");
    }
    let agreements =
        |count: usize| json!({ "agreements": vec![full()["agreements"][0].clone(); count] });
    put(&tenant, &agreements(6)).await.assert_errors(&[("/agreements", "length")]);
    put(&tenant, &agreements(5)).await.assert(200);
    let longest = json!({ "heading": { "zh-CN": "虎".repeat(200) } });
    put(&tenant, &longest).await.assert(200);
}

/// What a tenant's administrator could try against the people of the login host.
#[actix_web::test]
async fn n4_hostile_branding_is_refused() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let addresses = [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "data:image/svg+xml,<svg onload=alert(1)>",
        "data:text/html;base64,PHNjcmlwdD4=",
        "vbscript:x",
        "blob:https://a.example/x",
        "file:///etc/passwd",
        "http://a.example/x.png",
        "//a.example/x.png",
        "/assets/x.png",
        "https:a.example/x.png",
        "https:///a.example/x.png",
        "https://a.example\\@b.example/",
        "https://user:password@a.example/",
        "https://a.example/\"onerror=alert(1)",
        "https://a.example/)}</style><script>alert(1)</script>",
        "https://a.example/x\r\nSet-Cookie: a=b",
        "https://a.example/\u{202e}gpj.exe",
        "url(https://a.example/x.png)",
        "",
    ];
    for address in addresses {
        for body in [
            json!({ "logo_url": address }),
            json!({ "background": address }),
            json!({ "agreements": [{ "names": { "en": "x" }, "url": address }] }),
        ] {
            let refused = put(&tenant, &body).await;
            assert_eq!(refused.assert(422).errors().len(), 1, "{body}: {}", refused.text);
        }
    }
    for color in [
        "red",
        "#fff",
        "#ffffff80",
        "#fffff;",
        "#ffffff;}*{display:none}",
        "#ffffff}</style><script>alert(1)</script>",
        "#ffffff/*",
        "rgb(0,0,0)",
        "var(--x)",
        "expression(alert(1))",
        "url(javascript:alert(1))",
        "\\23 ffffff",
        "#ＦＦＦＦＦＦ",
        "#ffffff\n",
        " #ffffff",
        "#\u{0}fffff",
    ] {
        put(&tenant, &json!({ "accent": color })).await.assert_errors(&[("/accent", "format")]);
        let background = put(&tenant, &json!({ "background": color })).await;
        background.assert_errors(&[("/background", "format")]);
    }
    for text in
        ["a\u{0}", "a\r\nb", "\u{1b}[2J", "\u{202e}niamod", "\u{2066}x", "a\u{2028}b", "a\u{85}b"]
    {
        for name in ["heading", "note"] {
            let place = format!("/{name}/en");
            put(&tenant, &json!({ name: { "en": text } }))
                .await
                .assert_errors(&[(&place, "character")]);
        }
    }
    assert_eq!(tenant.get("branding").await.body, empty());
    // Control: what only looks like markup is text. It is kept as it is, and escaped on the page.
    let harmless = json!({
        "accent": "#FFFFFF", "background": "#000000", "logo_url": "https://a.example/l.svg?a='b'",
        "heading": { "en": "</style><script>alert(1)</script> \"' {{ 7*7 }}" },
    });
    put(&tenant, &harmless).await.assert(200);
    assert_eq!(tenant.get("branding").await.body["heading"], harmless["heading"]);
}

#[actix_web::test]
async fn n4_nobody_decides_how_anothers_pages_look() {
    let bed = Bed::new().await;
    let (own, other) = (bed.tenant("a.example").await, bed.tenant("b.example").await);
    let path = format!("{}/branding", other.home);
    for method in [Method::GET, Method::PUT] {
        let request = own.request(method, &path).header("If-Match", "*").json(&full());
        request.send().await.assert_problem(404, "not_found");
    }
    assert_eq!(other.get("branding").await.body, empty());
    put(&other, &full()).await.assert(200);
    assert_eq!(own.get("branding").await.body, empty());
}
