//! What a browser shows a person's own account.

use e2e::{Answer, Browser, Tenant};
use reqwest::Method;

use super::artefact::Artefact::{
    self, AppId, FormToken, IdentityId, Interaction, Session, SessionId,
};
use super::people::{self, PASSWORD, Person, submit};
use super::shown::{Shown, Works};

const FORM: [Artefact; 3] = [Session, Artefact::Browser, FormToken];

/// The right requests.
pub(super) async fn right(tenant: &Tenant, method: &Method, pattern: &'static str) -> Vec<Shown> {
    let new = |works: Works| Shown::new(method, pattern, works);
    match pattern {
        "/account/sign-in" => {
            let (browser, _) = by_password(tenant).await;
            return vec![new(Works::To("/login?interaction=")).from(tenant, &browser)];
        }
        "/account/signed-out" => return vec![new(Works::page("signed out"))],
        "/account/identities/{id}" => return vec![identity(tenant, method, pattern).await],
        "/account/sessions/{id}/end" | "/account/sessions/end" => {
            return vec![others(tenant, method, pattern).await];
        }
        _ => {}
    }
    let (mut browser, page) = by_password(tenant).await;
    let posts = |works: Works| new(works).from(tenant, &browser).form_of(&page, pattern);
    vec![match (method.as_str(), pattern) {
        ("GET", "/account") => {
            new(Works::page("/account/sign-out")).from(tenant, &browser).rests_on(&[Session])
        }
        ("POST", "/account/sign-out") => posts(Works::To("/account/signed-out"))
            // Without a session there is none to end.
            .rests_on(&[Artefact::Browser, FormToken])
            .of_any_browser(),
        ("POST", "/account/apps/{app}/withdraw") => {
            // The app that they signed in to. Where there is nothing to take back, that is as well:
            // nothing rests on the id.
            let id = tenant.app.id.as_str();
            new(Works::To("/account?done=withdrawn"))
                .from(tenant, &browser)
                .at("app", id)
                .form_of(&page, &format!("/account/apps/{id}/withdraw"))
                .naming("app", AppId)
                .rests_on(&FORM)
                .of_any_browser()
        }
        ("POST", "/account/identities") => posts(Works::To("/account/identities/add?interaction="))
            .rests_on(&FORM)
            .of_any_browser(),
        ("GET", "/account/identities/add") => {
            let page = submit(tenant, &mut browser, &page, "/account/identities", &[]).await;
            let shown = new(Works::page("/connections/social/")).from(tenant, &browser);
            shown.query_of(&page.url).rests_on(&[Session, Artefact::Browser, Interaction])
        }
        (_, "/account/password") => password(tenant, &mut browser, method, pattern).await,
        (method, pattern) => panic!("{method} {pattern}"),
    }]
}

/// Somebody new signs in by password, and opens their account.
async fn by_password(tenant: &Tenant) -> (Browser, Answer) {
    enters(tenant, &Person::of(tenant).await).await
}

async fn enters(tenant: &Tenant, person: &Person) -> (Browser, Answer) {
    let (mut browser, login) = people::login(tenant).await;
    let typed = [("name", person.name.as_str()), ("password", PASSWORD)];
    submit(tenant, &mut browser, &login, "/login/password", &typed).await;
    let page = browser.get(tenant.url("/account")).await;
    assert_eq!(page.status, 200, "{page:?}");
    (browser, page)
}

async fn password(
    tenant: &Tenant,
    browser: &mut Browser,
    method: &Method,
    pattern: &'static str,
) -> Shown {
    let page = browser.get(tenant.url(pattern)).await;
    if method == Method::GET {
        let shown = Shown::new(method, pattern, Works::page("name=\"repeated\""));
        return shown.from(tenant, browser).rests_on(&[Session]);
    }
    let new = "another horse battery";
    Shown::new(method, pattern, Works::To("/account?done="))
        .from(tenant, browser)
        .form_of(&page, pattern)
        .with_all(&[("current", PASSWORD), ("new", new), ("repeated", new)])
        .rests_on(&FORM)
        .of_any_browser()
}

/// A way in of somebody who can do without, because they have a password as well.
async fn identity(tenant: &Tenant, method: &Method, pattern: &'static str) -> Shown {
    let (mut browser, page) = by_password(tenant).await;
    let choose = submit(tenant, &mut browser, &page, "/account/identities", &[]).await;
    let links = choose.links();
    let link = links.iter().find(|link| link.starts_with("/connections/social/qr?")).unwrap();
    let wecom = browser.get(tenant.url(link)).await.location().unwrap();
    let member = people::member(tenant);
    let back = tenant.confirm(&mut browser, &wecom, &member).await.location().unwrap();
    let page = browser.follow(back.as_str()).await;
    let link = page.body.split_once("href=\"/account/identities/");
    let id = link.unwrap_or_else(|| panic!("not added: {}", page.body)).1;
    let id = id.split_once('"').unwrap().0;
    let path = format!("/account/identities/{id}");
    let page = browser.get(tenant.url(&path)).await;
    let shown = |works: Works| {
        let shown = Shown::new(method, pattern, works).from(tenant, &browser);
        shown.at("id", id).naming("id", IdentityId)
    };
    if method == Method::GET {
        return shown(Works::page(id)).rests_on(&[Session, IdentityId]);
    }
    let shown = shown(Works::To("/account?done=")).form_of(&page, &path);
    shown.rests_on(&[Session, Artefact::Browser, FormToken, IdentityId]).of_any_browser()
}

/// The sessions in other browsers.
async fn others(tenant: &Tenant, method: &Method, pattern: &'static str) -> Shown {
    let person = Person::of(tenant).await;
    enters(tenant, &person).await;
    let (browser, page) = enters(tenant, &person).await;
    let shown = Shown::new(method, pattern, Works::To("/account?done=")).from(tenant, &browser);
    if pattern == "/account/sessions/end" {
        return shown.form_of(&page, pattern).rests_on(&FORM).of_any_browser();
    }
    let rest = page.body.split("action=\"/account/sessions/");
    let ids = rest.filter_map(|rest| rest.split_once("/end\"")).map(|(id, _)| id);
    let id = ids.last().unwrap_or_else(|| panic!("no other session: {}", page.body));
    shown
        .at("id", id)
        .form_of(&page, &format!("/account/sessions/{id}/end"))
        .naming("id", SessionId)
        .rests_on(&[Session, Artefact::Browser, FormToken, SessionId])
        .of_any_browser()
}
