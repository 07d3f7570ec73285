//! What binds an account to somebody of whom nothing is known yet.

use e2e::{Answer, Browser, Pkce, Tenant};
use reqwest::Method;
use serde_json::json;

use super::artefact::Artefact::{self, FormToken, Interaction, OneTimeCode};
use super::people::{self, GETS_A_CODE, PASSWORD, Person, submit};
use super::shown::{Shown, Works};

const FORM: [Artefact; 3] = [Artefact::Browser, FormToken, Interaction];

/// A new member has come and is asked: the page.
async fn asked(tenant: &Tenant) -> (Browser, Answer) {
    let source = tenant.path(&format!("/identity-sources/{}", tenant.qr));
    tenant.admin.patch(&source, json!({ "association": "ask" })).await;
    let mut browser = tenant.world.browser();
    let url = tenant.authorize_url(&Pkce::new(), &[]);
    let answer = tenant.sign_in(&mut browser, &url, &people::member(tenant)).await;
    let page = browser.follow(answer.location().unwrap().as_str()).await;
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/bind"), "{}", page.body);
    (browser, page)
}

/// The right requests.
pub(super) async fn right(tenant: &Tenant, method: &Method, pattern: &'static str) -> Vec<Shown> {
    let (mut browser, page) = asked(tenant).await;
    vec![match pattern {
        "/bind" => shows(tenant, &browser, &page, pattern, "id=\"create\""),
        "/bind/create" => posts(tenant, &browser, &page, pattern, GETS_A_CODE).rests_on(&FORM),
        "/bind/existing" => posts(tenant, &browser, &page, pattern, Works::To("step=prove"))
            // It only says where to go on.
            .rests_on(&[Artefact::Browser, FormToken])
            .of_any_browser(),
        _ => {
            let person = Person::of(tenant).await;
            let proofs = submit(tenant, &mut browser, &page, "/bind/existing", &[]).await;
            proved(tenant, &mut browser, &person, &proofs, (method, pattern)).await
        }
    }]
}

fn shows(
    tenant: &Tenant,
    browser: &Browser,
    page: &Answer,
    pattern: &'static str,
    text: &str,
) -> Shown {
    let shown = Shown::new(&Method::GET, pattern, Works::page(text));
    let shown = shown.from(tenant, browser).query_of(&page.url);
    shown.rests_on(&[Artefact::Browser, Interaction])
}

fn posts(
    tenant: &Tenant,
    browser: &Browser,
    page: &Answer,
    pattern: &'static str,
    works: Works,
) -> Shown {
    Shown::new(&Method::POST, pattern, works).from(tenant, browser).form_of(page, pattern)
}

async fn proved(
    tenant: &Tenant,
    browser: &mut Browser,
    person: &Person,
    proofs: &Answer,
    (method, pattern): (&Method, &'static str),
) -> Shown {
    let email = [("email", person.email.as_str())];
    let password = [("name", person.name.as_str()), ("password", PASSWORD)];
    match pattern {
        "/bind/password" => {
            posts(tenant, browser, proofs, pattern, Works::To("/bind?interaction="))
                .with_all(&password)
                .rests_on(&FORM)
        }
        "/bind/code" if method == Method::POST => {
            let works = Works::To("/bind/code?interaction=");
            posts(tenant, browser, proofs, pattern, works).with_all(&email).rests_on(&FORM)
        }
        "/bind/code" | "/bind/code/enter" => {
            let page = submit(tenant, browser, proofs, "/bind/code", &email).await;
            if method == Method::GET {
                return shows(tenant, browser, &page, pattern, "one-time-code");
            }
            posts(tenant, browser, &page, pattern, Works::To("/bind?interaction="))
                .with("code", &person.mailed(tenant).await)
                .naming("code", OneTimeCode)
                .rests_on(&[Artefact::Browser, FormToken, Interaction, OneTimeCode])
        }
        "/bind/confirm" | "/bind/another" => {
            let page = submit(tenant, browser, proofs, "/bind/password", &password).await;
            let works =
                if pattern == "/bind/confirm" { GETS_A_CODE } else { Works::To("step=prove") };
            posts(tenant, browser, &page, pattern, works).rests_on(&FORM)
        }
        other => panic!("{method} {other}"),
    }
}
