//! From the WeCom client on a computer on into the system's browser.

use chrono::TimeDelta;
use e2e::{Answer, Browser, Pkce, Tenant, WECOM_DESKTOP, on_every_backend};
use serde_json::json;
use url::Url;

use super::{START, at_app, begins_sign_ins, is, workbench};
use crate::steps::{SESSION, client, cookie, events, refused, sets, sso};

async fn offers_browser(tenant: &Tenant, whether: bool) {
    let path = tenant.path(&format!("/identity-sources/{}", tenant.mobile));
    tenant.admin.patch(&path, json!({ "association_policy": { "offer_browser": whether } })).await;
}

/// The token of a page's form.
pub(super) fn token(page: &Answer) -> &str {
    let rest = page.body.split_once("name=\"csrf\" value=\"").unwrap().1;
    rest.split_once('"').unwrap().0
}

/// A tenant whose app begins sign-ins and whose mobile source offers the browser.
pub(super) async fn offering(world: &e2e::World, name: &str) -> Tenant {
    let tenant = world.tenant(name).await;
    begins_sign_ins(&tenant).await;
    offers_browser(&tenant, true).await;
    tenant
}

/// A member's client on a computer, signed in, at the page that offers the browser.
pub(super) async fn offered(tenant: &Tenant, member: &str) -> (Browser, Answer) {
    let mut inside = client(tenant, member).saying(WECOM_DESKTOP);
    let page = inside.follow(workbench(tenant)).await;
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/continue"), "{}", page.body);
    (inside, page)
}

/// What a member's client on a computer is given for the browser: link and code.
pub(super) async fn ticket(tenant: &Tenant, inside: &mut Browser, page: &Answer) -> (Url, String) {
    let form = [("csrf", token(page)), ("app", tenant.app.id.as_str())];
    let made = inside.post(tenant.url("/continue/offer"), &form).await;
    let link =
        made.location().unwrap_or_else(|| panic!("no ticket: {} {}", made.status, made.body));
    let shown = inside.get(link.as_str()).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.links().contains(&link.to_string()), "{}", shown.body);
    let code = shown.body.split_once("class=\"typed\"><code>").unwrap().1;
    (link, code.split_once('<').unwrap().0.to_owned())
}

/// Whom a page in the other browser asks about, and its answer is yes.
async fn agrees(browser: &mut Browser, link: &Url) -> Answer {
    let page = browser.get(link.as_str()).await;
    assert_eq!(page.status, 200, "{}", page.body);
    browser.post(page.url.as_str(), &[("csrf", token(&page))]).await
}

/// A ticket as good as another, made by a member who has just come from the workbench.
pub(super) async fn fresh_ticket(tenant: &Tenant) -> Url {
    let (mut inside, page) = offered(tenant, "zhangsan").await;
    ticket(tenant, &mut inside, &page).await.0
}

on_every_backend! {
    async fn p20_the_client_on_a_computer_goes_on_in_the_browser(world: World) {
        let tenant = offering(&world, "acme").await;
        let (mut inside, page) = offered(&tenant, "zhangsan").await;
        assert!(page.links().iter().any(|link| link.starts_with(START)), "{}", page.body);
        let (link, code) = ticket(&tenant, &mut inside, &page).await;
        assert_eq!(link.path().len(), "/continue/".len() + 32);
        assert_eq!(code.replace(' ', "").len(), 10, "{code}");
        world.clock().advance(TimeDelta::seconds(20));

        let mut browser = world.browser();
        let question = browser.get(link.as_str()).await;
        assert!(question.body.contains("You will be signed in as 张三."), "{}", question.body);
        assert!(question.body.contains("Test app"), "{}", question.body);
        assert!(!sets(&question, SESSION));
        let answer = browser.post(link.as_str(), &[("csrf", token(&question))]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        at_app(&tenant, &browser.follow(answer.location().unwrap().as_str()).await);
        is(&tenant, &mut browser, "张三").await;
        let done = events(&tenant, "").await;
        assert!(done.iter().any(|event| event["action"] == "hand_over" && event["result"] == "ok"));

        // It is as old as the first one, and by the same source.
        let pkce = Pkce::new();
        let mut ages = Vec::new();
        for browser in [&mut inside, &mut browser] {
            let answer = sso(&tenant, browser, &pkce).await;
            let tokens = tenant.redeem(&answer.parameter("code").unwrap(), &pkce).await.json();
            let payload = tokens["id_token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
            let claims = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, payload);
            let claims: serde_json::Value = serde_json::from_slice(&claims.unwrap()).unwrap();
            ages.push(claims["auth_time"].clone());
        }
        assert_eq!(ages[0], ages[1]);
        let source = tenant.path(&format!("/identity-sources/{}", tenant.mobile));
        tenant.admin.patch(&source, json!({ "status": "disabled" })).await;
        let gone = sso(&tenant, &mut browser, &pkce).await;
        assert_eq!(gone.parameter("error").as_deref(), Some("login_required"));
    }

    async fn p20_a_code_is_typed_where_the_link_cannot_be_copied(world: World) {
        let tenant = offering(&world, "acme").await;
        let (mut inside, page) = offered(&tenant, "zhangsan").await;
        let (_, code) = ticket(&tenant, &mut inside, &page).await;
        let mut browser = world.browser();
        let form = browser.get(tenant.url("/continue")).await;
        let typed = code.to_lowercase();
        let sent = [("csrf", token(&form)), ("code", typed.as_str())];
        let answer = browser.post(tenant.url("/continue"), &sent).await;
        let asked = answer.location().unwrap();
        let answer = agrees(&mut browser, &asked).await;
        at_app(&tenant, &browser.follow(answer.location().unwrap().as_str()).await);
        is(&tenant, &mut browser, "张三").await;
        // The link and the code are one ticket.
        refused(&tenant, &browser.get(asked.as_str()).await, "code_wrong").await;
    }

    async fn p20_the_browser_is_offered_on_a_computer_where_the_source_does(world: World) {
        let tenant = world.tenant("acme").await;
        begins_sign_ins(&tenant).await;
        let mut inside = client(&tenant, "zhangsan").saying(WECOM_DESKTOP);
        at_app(&tenant, &inside.follow(workbench(&tenant)).await);
        offers_browser(&tenant, true).await;
        at_app(&tenant, &client(&tenant, "zhangsan").follow(workbench(&tenant)).await);
        let (inside, page) = offered(&tenant, "zhangsan").await;
        // Who says to be another browser meanwhile makes no ticket, nor does who has no session.
        let form = [("csrf", token(&page)), ("app", tenant.app.id.as_str())];
        let at = tenant.url("/continue/offer");
        let mut phone = inside.clone().saying(e2e::WECOM);
        refused(&tenant, &phone.post(&at, &form).await, "not_offered").await;
        let mut nobody = inside.clone();
        nobody.cookies.get_mut(&tenant.host).unwrap().remove(SESSION);
        refused(&tenant, &nobody.post(&at, &form).await, "not_offered").await;
        let mut inside = inside;
        ticket(&tenant, &mut inside, &page).await;
        offers_browser(&tenant, false).await;
        refused(&tenant, &inside.post(&at, &form).await, "not_offered").await;
    }

    async fn m14_a_ticket_works_once_for_a_minute_and_nowhere_else(world: World) {
        let tenant = offering(&world, "acme").await;
        let other = offering(&world, "other").await;
        let unknown = "ticket_unknown";

        // Looking at it takes nothing, however often; taking it takes it.
        let link = fresh_ticket(&tenant).await;
        let mut scanner = world.browser();
        for _ in 0..12 {
            assert_eq!(scanner.get(link.as_str()).await.status, 200);
        }
        let head = tenant.send(reqwest::Method::HEAD, link.path(), &[], None).await;
        assert_ne!(head.status, 303);
        let (mut browser, mut second) = (world.browser(), world.browser());
        let asked = second.get(link.as_str()).await;
        assert_eq!(agrees(&mut browser, &link).await.status, 303);
        is(&tenant, &mut browser, "张三").await;
        let form = [("csrf", token(&asked))];
        refused(&tenant, &second.post(link.as_str(), &form).await, unknown).await;
        refused(&tenant, &browser.get(link.as_str()).await, unknown).await;

        // Of two at once one gets it.
        let link = fresh_ticket(&tenant).await;
        let (mut one, mut two) = (world.browser(), world.browser());
        let asked = [one.get(link.as_str()).await, two.get(link.as_str()).await];
        let forms = asked.each_ref().map(|page| [("csrf", token(page))]);
        let (a, b) =
            tokio::join!(one.post(link.as_str(), &forms[0]), two.post(link.as_str(), &forms[1]));
        let won = [&a, &b].iter().filter(|answer| sets(answer, SESSION)).count();
        assert_eq!(won, 1, "{a:?} {b:?}");

        // Guessed, changed by one character, of another tenant, too old.
        let link = fresh_ticket(&tenant).await;
        let ticket = link.path().rsplit('/').next().unwrap().to_owned();
        let mut browser = world.browser();
        let page = browser.get(tenant.url("/continue")).await;
        let form = [("csrf", token(&page))];
        let guess = "A".repeat(32);
        let last = if ticket.ends_with('a') { 'b' } else { 'a' };
        let flipped = format!("{}{last}", &ticket[..31]);
        for wrong in [guess.as_str(), &flipped, &ticket.to_uppercase(), &ticket[..31], "x"] {
            let at = tenant.url(&format!("/continue/{wrong}"));
            refused(&tenant, &browser.get(&at).await, unknown).await;
            refused(&tenant, &browser.post(&at, &form).await, unknown).await;
        }
        let elsewhere = other.url(link.path());
        let page = browser.get(other.url("/continue")).await;
        refused(&other, &browser.get(&elsewhere).await, unknown).await;
        let form = [("csrf", token(&page))];
        refused(&other, &browser.post(&elsewhere, &form).await, unknown).await;
        let asked = browser.get(link.as_str()).await;
        world.clock().advance(TimeDelta::seconds(61));
        let form = [("csrf", token(&asked))];
        refused(&tenant, &browser.post(link.as_str(), &form).await, unknown).await;
        assert!(cookie(&tenant, &browser, SESSION).is_none());

        let link = fresh_ticket(&tenant).await;
        assert_eq!(agrees(&mut browser, &link).await.status, 303);
        is(&tenant, &mut browser, "张三").await;
    }

    async fn m14_a_ticket_is_worth_what_the_sign_in_behind_it_is(world: World) {
        let tenant = offering(&world, "acme").await;
        let source = tenant.path(&format!("/identity-sources/{}", tenant.mobile));
        let app = tenant.path(&format!("/apps/{}", tenant.app.id));
        let link = tenant.path(&format!("/apps/{}/identity-sources/{}", tenant.app.id, tenant.mobile));
        let disabled = json!({ "status": "disabled" });
        let active = json!({ "status": "active" });
        for what in ["source", "app", "link", "policy", "user", "session"] {
            let (mut inside, page) = offered(&tenant, "zhangsan").await;
            let (ticket, _) = ticket(&tenant, &mut inside, &page).await;
            let mut browser = world.browser();
            let asked = browser.get(ticket.as_str()).await;
            let id = tenant.users().await[0]["id"].as_str().unwrap().to_owned();
            let user = tenant.path(&format!("/users/{id}"));
            match what {
                "source" => drop(tenant.admin.patch(&source, disabled.clone()).await),
                "app" => drop(tenant.admin.patch(&app, disabled.clone()).await),
                "link" => tenant.admin.delete(&link).await,
                "policy" => offers_browser(&tenant, false).await,
                "user" => drop(tenant.admin.patch(&user, json!({ "status": "suspended" })).await),
                _ => {
                    let form = inside.get(tenant.url("/oidc/session/end")).await;
                    let out = [("csrf", token(&form)), ("decision", "sign_out")];
                    inside.post(tenant.url("/oidc/session/end"), &out).await;
                }
            }
            let form = [("csrf", token(&asked))];
            let answer = browser.post(ticket.as_str(), &form).await;
            refused(&tenant, &answer, "ticket_unknown").await;
            match what {
                "source" => drop(tenant.admin.patch(&source, active.clone()).await),
                "app" => drop(tenant.admin.patch(&app, active.clone()).await),
                "link" => drop(tenant.admin.put(&link, json!({ "position": 1 })).await),
                "policy" => offers_browser(&tenant, true).await,
                "user" => drop(tenant.admin.patch(&user, active.clone()).await),
                _ => {}
            }
        }
        let ticket = fresh_ticket(&tenant).await;
        let mut browser = world.browser();
        assert_eq!(agrees(&mut browser, &ticket).await.status, 303);
        is(&tenant, &mut browser, "张三").await;
    }

    async fn m14_codes_are_counted_before_they_are_looked_at(world: World) {
        let tenant = offering(&world, "acme").await;
        let (mut inside, page) = offered(&tenant, "zhangsan").await;
        let (link, code) = ticket(&tenant, &mut inside, &page).await;
        let mut browser = world.browser();
        let form = browser.get(tenant.url("/continue")).await;
        let form = token(&form).to_owned();
        for attempt in 0..10 {
            let wrong = format!("AAAAAAAAA{attempt}");
            let sent = [("csrf", form.as_str()), ("code", wrong.as_str())];
            let answer = browser.post(tenant.url("/continue"), &sent).await;
            let page = browser.get(answer.location().unwrap().as_str()).await;
            refused(&tenant, &page, "code_wrong").await;
            assert!(page.links().iter().any(|link| link == "/continue"), "{}", page.body);
        }
        // Now the right one is of no use either, by whichever way.
        let right = tenant.url(&format!("/continue/{}", code.replace(' ', "")));
        let page = browser.get(&right).await;
        refused(&tenant, &page, "too_many_requests").await;
        assert_eq!(page.status, 429);
        let page = browser.post(&right, &[("csrf", form.as_str())]).await;
        refused(&tenant, &page, "too_many_requests").await;
        let nonsense = [("csrf", form.as_str()), ("code", "no code")];
        let page = browser.post(tenant.url("/continue"), &nonsense).await;
        refused(&tenant, &page, "code_wrong").await;
        // The link has not been taken, and is too long to be guessed.
        assert_eq!(agrees(&mut browser, &link).await.status, 303);
        is(&tenant, &mut browser, "张三").await;
    }

    async fn m2_who_is_sent_a_link_sees_whose_it_is_and_must_agree(world: World) {
        let tenant = offering(&world, "acme").await;
        let mut victim = world.browser();
        let authorize = tenant.authorize_url(&Pkce::new(), &[]);
        tenant.sign_in(&mut victim, &authorize, "LiSi").await;
        let link = fresh_ticket(&tenant).await;

        let page = victim.get(link.as_str()).await;
        assert!(page.body.contains("You will be signed in as 张三."), "{}", page.body);
        let ends = "李四 is signed in here now and will be signed out.";
        assert!(page.body.contains(ends), "{}", page.body);
        assert!(page.links().iter().any(|link| link.starts_with(START)), "a way to say no");
        is(&tenant, &mut victim, "李四").await;
        // Nobody can agree in their place: no other page's form does, nor one without our token.
        let foreign = [
            vec![],
            vec![("csrf", "")],
            vec![("csrf", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")],
        ];
        for form in foreign {
            refused(&tenant, &victim.post(link.as_str(), &form).await, "csrf").await;
        }
        let mut attacker = world.browser();
        let theirs = attacker.get(link.as_str()).await;
        let form = [("csrf", token(&theirs))];
        refused(&tenant, &victim.post(link.as_str(), &form).await, "csrf").await;
        let body = format!("csrf={}", token(&page));
        let cookies = format!("__Host-hufu_browser={}", cookie(&tenant, &victim, "__Host-hufu_browser").unwrap());
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "cross-site"),
            ("cookie", &cookies),
        ];
        let post = reqwest::Method::POST;
        let answer = tenant.send(post, link.path(), &headers, Some(body.as_bytes())).await;
        assert_eq!(answer.code().as_deref(), Some("csrf"));
        is(&tenant, &mut victim, "李四").await;

        // Who does agree is the other one from then on, and the session before is over.
        let before = cookie(&tenant, &victim, SESSION).unwrap();
        assert_eq!(agrees(&mut victim, &link).await.status, 303);
        is(&tenant, &mut victim, "张三").await;
        let mut old = world.browser();
        old.set_cookie(&tenant.url("/"), SESSION, &before);
        let gone = sso(&tenant, &mut old, &Pkce::new()).await;
        assert_eq!(gone.parameter("error").as_deref(), Some("login_required"));
    }

    async fn who_is_signed_in_already_keeps_their_session(world: World) {
        let tenant = offering(&world, "acme").await;
        let mut browser = world.browser();
        tenant.sign_in(&mut browser, &tenant.authorize_url(&Pkce::new(), &[]), "zhangsan").await;
        let before = cookie(&tenant, &browser, SESSION);
        let link = fresh_ticket(&tenant).await;
        let page = browser.get(link.as_str()).await;
        assert!(!page.body.contains("signed out"), "{}", page.body);
        let answer = agrees(&mut browser, &link).await;
        at_app(&tenant, &browser.follow(answer.location().unwrap().as_str()).await);
        assert_eq!(cookie(&tenant, &browser, SESSION), before);
        is(&tenant, &mut browser, "张三").await;
        refused(&tenant, &browser.get(link.as_str()).await, "ticket_unknown").await;
    }
}
