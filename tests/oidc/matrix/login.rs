//! What a browser shows the login page, and what it brings back from upstream.

use e2e::{Answer, Browser, Tenant};
use reqwest::Method;

use super::artefact::Artefact::{self, FormToken, Interaction, OneTimeCode, UpstreamState};
use super::people::{self, GETS_A_CODE, PASSWORD, Person, submit};
use super::shown::{Shown, Works};

const PAGE: [Artefact; 2] = [Artefact::Browser, Interaction];
const FORM: [Artefact; 3] = [Artefact::Browser, FormToken, Interaction];
const CODE: [Artefact; 4] = [Artefact::Browser, FormToken, Interaction, OneTimeCode];

/// The right requests.
pub(super) async fn right(tenant: &Tenant, method: &Method, pattern: &'static str) -> Vec<Shown> {
    let (mut browser, page) = people::login(tenant).await;
    vec![match (method.as_str(), pattern) {
        ("GET", "/login") => shows(tenant, &browser, &page, pattern, "id=\"sign-in\""),
        ("POST", "/login/cancel") => {
            let works = Works::To("https://app.example.com/callback?error=access_denied");
            let shown = Shown::new(method, pattern, works).from(tenant, &browser);
            shown.form_of(&page, pattern).rests_on(&FORM)
        }
        ("POST", "/login/password") => {
            let person = Person::of(tenant).await;
            let shown = Shown::new(method, pattern, GETS_A_CODE).from(tenant, &browser);
            let shown = shown.form_of(&page, pattern).with("name", &person.name);
            shown.with("password", PASSWORD).rests_on(&FORM)
        }
        (_, "/login/code" | "/login/code/enter") => {
            coded(tenant, &mut browser, &page, method, pattern).await
        }
        (_, "/password/forgot" | "/password/reset") => {
            reset(tenant, &mut browser, &page, method, pattern).await
        }
        ("GET", "/connections/social/{identifier}") => {
            let shown = Shown::new(method, pattern, Works::To("//wecom.localhost"));
            let shown = shown.from(tenant, &browser).at("identifier", "qr");
            shown.query_of(&page.url).rests_on(&PAGE)
        }
        ("GET", "/connections/social/{identifier}/callback") => {
            let url = tenant
                .url(&format!("/connections/social/qr?{}", page.url.query().unwrap_or_default()));
            let wecom = browser.get(url).await.location().unwrap();
            let member = people::member(tenant);
            let back = tenant.confirm(&mut browser, &wecom, &member).await.location().unwrap();
            let shown = Shown::new(method, pattern, GETS_A_CODE).from(tenant, &browser);
            let shown = shown.at("identifier", "qr").query_of(&back);
            let shown = shown.naming("state", UpstreamState);
            shown.rests_on(&[Artefact::Browser, UpstreamState])
        }
        (method, pattern) => panic!("{method} {pattern}"),
    }]
}

/// The same page again.
fn shows(
    tenant: &Tenant,
    browser: &Browser,
    page: &Answer,
    pattern: &'static str,
    text: &str,
) -> Shown {
    let shown = Shown::new(&Method::GET, pattern, Works::page(text));
    shown.from(tenant, browser).query_of(&page.url).rests_on(&PAGE)
}

/// A link of the login page.
async fn follow(tenant: &Tenant, browser: &mut Browser, page: &Answer, path: &str) -> Answer {
    let link = page.links().into_iter().find(|link| link.starts_with(path));
    browser.get(tenant.url(&link.unwrap_or_else(|| panic!("no {path}: {}", page.body)))).await
}

async fn coded(
    tenant: &Tenant,
    browser: &mut Browser,
    login: &Answer,
    method: &Method,
    pattern: &'static str,
) -> Shown {
    let person = Person::of(tenant).await;
    let ask = follow(tenant, browser, login, "/login/code?").await;
    let typed = [("email", person.email.as_str())];
    match (method.as_str(), pattern) {
        ("GET", "/login/code") => shows(tenant, browser, &ask, pattern, "id=\"send-code\""),
        ("POST", "/login/code") => {
            let works = Works::To("/login/code/enter?interaction=");
            let shown = Shown::new(method, pattern, works).from(tenant, browser);
            shown.form_of(&ask, pattern).with_all(&typed).rests_on(&FORM)
        }
        _ => {
            let enter = submit(tenant, browser, &ask, "/login/code", &typed).await;
            if method == Method::GET {
                return shows(tenant, browser, &enter, pattern, "one-time-code");
            }
            let shown = Shown::new(method, pattern, GETS_A_CODE).from(tenant, browser);
            let shown = shown.form_of(&enter, pattern).with("code", &person.mailed(tenant).await);
            shown.naming("code", OneTimeCode).rests_on(&CODE)
        }
    }
}

async fn reset(
    tenant: &Tenant,
    browser: &mut Browser,
    login: &Answer,
    method: &Method,
    pattern: &'static str,
) -> Shown {
    let person = Person::of(tenant).await;
    let forgot = follow(tenant, browser, login, "/password/forgot?").await;
    let typed = [("email", person.email.as_str())];
    match (method.as_str(), pattern) {
        ("GET", "/password/forgot") => shows(tenant, browser, &forgot, pattern, "id=\"forgot\""),
        ("POST", "/password/forgot") => {
            let works = Works::To("/password/reset?interaction=");
            let shown = Shown::new(method, pattern, works).from(tenant, browser);
            shown.form_of(&forgot, pattern).with_all(&typed).rests_on(&FORM)
        }
        _ => {
            let page = submit(tenant, browser, &forgot, "/password/forgot", &typed).await;
            if method == Method::GET {
                return shows(tenant, browser, &page, pattern, "id=\"reset\"");
            }
            let shown = Shown::new(method, pattern, Works::To("said=password_saved"));
            let shown = shown.from(tenant, browser).form_of(&page, pattern);
            let shown = shown.with("code", &person.mailed(tenant).await);
            let shown = shown.with("password", "another horse battery");
            shown.naming("code", OneTimeCode).rests_on(&CODE)
        }
    }
}
