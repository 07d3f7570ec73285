//! Signing in by password and by one-time codes; forgotten passwords.

use e2e::{Pkce, on_every_backend};
use serde_json::json;

use crate::steps::{
    PASSWORD, account, allow, claims, events, form, has_form, lisi, mailed_code, shows, sub,
    submit, submit_and_follow, texted_code, with_sms,
};

on_every_backend! {
    async fn a_person_signs_in_by_each_of_their_names_and_the_password(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["password"]).await;
        let user = lisi(&tenant).await;
        for name in ["lisi", " LiSi ", "lisi@ACME.example", "+86 138 0000 0002", "13800000002"] {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
            let filled = [("name", name), ("password", PASSWORD)];
            let answer = submit(&tenant, &mut browser, form(&page, "sign-in"), &filled).await;
            assert_eq!(answer.status, 303);
            let claims = claims(&tenant, &pkce, &answer).await;
            assert_eq!(claims["sub"], user.as_str(), "{name}");
            assert_eq!(claims["email_verified"], true);
            assert_eq!(claims["phone_number_verified"], true);
            // And the session answers for the person next time.
            let again = Pkce::new();
            let silent = tenant.authorize_url(&again, &[("prompt", "none")]);
            let answer = browser.get(silent).await;
            assert_eq!(sub(&tenant, &again, &answer).await, user);
        }
        let events = events(&tenant, &format!("user={user}&action=sign_in")).await;
        assert_eq!(events.len(), 5);
        assert_eq!(events[0]["detail"]["method"], "password");
    }

    async fn a_session_by_password_carries_only_to_apps_that_allow_it(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["password"]).await;
        lisi(&tenant).await;
        let other = tenant.make_app(json!({ "display_name": "Sources only" })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
        let filled = [("name", "lisi"), ("password", PASSWORD)];
        submit(&tenant, &mut browser, form(&page, "sign-in"), &filled).await;
        let extra = [("client_id", other.id.as_str()), ("prompt", "none")];
        let answer = browser.get(tenant.authorize_url(&pkce, &extra)).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
        // Positive control: the app that allows it.
        let answer = browser.get(tenant.authorize_url(&pkce, &[("prompt", "none")])).await;
        let code = answer.parameter("code").unwrap();
        let issued = tenant.redeem(&code, &pkce).await.json();
        let token = issued["access_token"].as_str().unwrap();
        assert_eq!(tenant.userinfo(token).await.status, 200);
        // Switched off: neither what was given goes on nor the session, and the form is gone.
        allow(&tenant, &["email_code"]).await;
        assert_eq!(tenant.userinfo(token).await.status, 401);
        allow(&tenant, &["email_code", "password"]).await;
        assert_eq!(tenant.userinfo(token).await.status, 200);
        allow(&tenant, &[]).await;
        assert_eq!(tenant.userinfo(token).await.status, 401);
        let answer = browser.get(tenant.authorize_url(&pkce, &[("prompt", "none")])).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
        let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
        assert!(!has_form(&page, "sign-in"));
    }

    async fn r1_who_has_no_account_reads_what_who_types_a_wrong_password_reads(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["password"]).await;
        lisi(&tenant).await;
        account(&tenant, json!({ "username": "nopassword" })).await;
        let mut bodies = Vec::new();
        for name in ["lisi", "nobody", "nopassword", "nobody@acme.example", "13900000000"] {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
            let filled = [("name", name), ("password", "wrong horse battery")];
            let answer = submit(&tenant, &mut browser, form(&page, "sign-in"), &filled).await;
            assert_eq!((answer.status.as_u16(), answer.headers.get("set-cookie")), (303, None));
            let page = browser.get(answer.location().unwrap().as_str()).await;
            shows(&tenant, &page, "proof_failed").await;
            assert!(!page.body.contains(name) || name == "lisi", "{name} is repeated");
            let (_, rest) = page.body.split_once("role=\"alert\"").unwrap();
            let text = rest.split_once("<p class=\"small\"").unwrap().0;
            bodies.push(text.split_once("<p>").unwrap().1.to_owned());
        }
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
        // Who is suspended is told so only with the right password.
        let user = tenant.users().await;
        let user = user.iter().find(|user| user["username"] == "lisi").unwrap();
        let path = tenant.path(&format!("/users/{}", user["id"].as_str().unwrap()));
        tenant.admin.patch(&path, json!({ "status": "suspended" })).await;
        for (password, code) in [("wrong horse battery", "proof_failed"), (PASSWORD, "user_suspended")] {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
            let filled = [("name", "lisi"), ("password", password)];
            let form = form(&page, "sign-in");
            let page = submit_and_follow(&tenant, &mut browser, form, &filled).await;
            assert_eq!(page.code().as_deref(), Some(code));
        }
    }

    async fn a_person_signs_in_by_a_code_to_their_mail_address_or_phone(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["email_code", "sms_code"]).await;
        with_sms(&tenant).await;
        let user = lisi(&tenant).await;
        for by in ["email", "sms"] {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
            assert!(!has_form(&page, "sign-in"));
            let link = format!("by={by}");
            let link = page.links().into_iter().find(|href| href.ends_with(&link)).unwrap();
            let page = browser.get(tenant.url(&link)).await;
            let address = match by {
                "email" => ("email", "LISI@acme.example"),
                _ => ("phone", "138 0000 0002"),
            };
            let sent = form(&page, "send-code");
            let page = submit_and_follow(&tenant, &mut browser, sent, &[address]).await;
            let code = match by {
                "email" => mailed_code(&tenant, "lisi@acme.example").await,
                _ => texted_code(&tenant, "+8613800000002").await,
            };
            let wrong = if code == "000000" { "000001" } else { "000000" };
            let entered = form(&page, "enter-code");
            let page =
                submit_and_follow(&tenant, &mut browser, entered, &[("code", wrong)]).await;
            shows(&tenant, &page, "code_wrong").await;
            // Another one comes the same way.
            assert!(page.links().iter().any(|href| href.ends_with(&format!("by={by}"))));
            let spaced = format!("{} {}", &code[..3], &code[3..]);
            let entered = form(&page, "enter-code");
            let answer = submit(&tenant, &mut browser, entered, &[("code", &spaced)]).await;
            assert_eq!(sub(&tenant, &pkce, &answer).await, user);
        }
    }

    async fn r3_a_code_works_once_in_its_browser_for_ten_minutes(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["email_code"]).await;
        let user = lisi(&tenant).await;
        let other = json!({ "email": "wangwu@acme.example", "email_verified": true });
        account(&tenant, other).await;
        let to = "lisi@acme.example";
        let begin = async |pkce: &Pkce, to: &str| {
            let mut browser = world.browser();
            let page = browser.follow(tenant.authorize_url(pkce, &[])).await;
            let link = page.links().into_iter().find(|href| href.ends_with("by=email")).unwrap();
            let page = browser.get(tenant.url(&link)).await;
            let sent = form(&page, "send-code");
            let page = submit_and_follow(&tenant, &mut browser, sent, &[("email", to)]).await;
            (browser, page)
        };
        let (one, two) = (Pkce::new(), Pkce::new());
        let (mut first, page) = begin(&one, to).await;
        let code = mailed_code(&tenant, to).await;
        assert!(!page.body.contains(&code));
        // In another browser, with that browser's own page.
        let (mut second, other_page) = begin(&two, to).await;
        let other_code = mailed_code(&tenant, to).await;
        if other_code != code {
            let entered = form(&other_page, "enter-code");
            let page = submit_and_follow(&tenant, &mut second, entered, &[("code", &code)]).await;
            shows(&tenant, &page, "code_wrong").await;
        }
        // Its own works, and once.
        let entered = || form(&page, "enter-code");
        let answer = submit(&tenant, &mut first, entered(), &[("code", &code)]).await;
        assert_eq!(sub(&tenant, &one, &answer).await, user);
        let again = submit_and_follow(&tenant, &mut first, entered(), &[("code", &code)]).await;
        assert!(again.parameter("code").is_none(), "{again:?}");
        let (three, to) = (Pkce::new(), "wangwu@acme.example");
        let (mut third, page) = begin(&three, to).await;
        let code = mailed_code(&tenant, to).await;
        // Five wrong ones end it, the right one included.
        for _ in 0..5 {
            let wrong = if code == "000000" { "000001" } else { "000000" };
            let entered = form(&page, "enter-code");
            let shown = submit_and_follow(&tenant, &mut third, entered, &[("code", wrong)]).await;
            assert!(matches!(shown.code().as_deref(), Some("code_wrong" | "too_many_requests")));
        }
        let entered = form(&page, "enter-code");
        let shown = submit_and_follow(&tenant, &mut third, entered, &[("code", &code)]).await;
        shows(&tenant, &shown, "too_many_requests").await;
    }

    async fn r1_nobody_is_told_whether_an_address_has_an_account(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["email_code", "password"]).await;
        lisi(&tenant).await;
        account(&tenant, json!({ "email": "unverified@acme.example" })).await;
        let mut pages = Vec::new();
        for to in ["lisi@acme.example", "nobody@acme.example", "unverified@acme.example"] {
            for start in ["by=email", "/password/forgot"] {
                let (mut browser, pkce) = (world.browser(), Pkce::new());
                let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
                let link = page.links().into_iter().find(|href| href.contains(start)).unwrap();
                let page = browser.get(tenant.url(&link)).await;
                let id = if start == "by=email" { "send-code" } else { "forgot" };
                let sent = form(&page, id);
                let page = submit_and_follow(&tenant, &mut browser, sent, &[("email", to)]).await;
                assert_eq!(page.status, 200);
                let heading = page.body.split_once("<h1>").unwrap().1;
                let text = heading.split_once("<form").unwrap().0.to_owned();
                pages.push((start, text));
            }
        }
        assert!(pages.iter().all(|(start, text)| pages.iter().any(|(s, t)| s == start && t == text)));
        assert_eq!(pages[0].1, pages[2].1);
        assert_eq!(pages[1].1, pages[3].1);
        // Only the one who has a verified address got mail: both of its codes.
        mailed_code(&tenant, "lisi@acme.example").await;
        mailed_code(&tenant, "lisi@acme.example").await;
        let left: Vec<_> = world.mail().messages().into_iter().map(|mail| mail.to).collect();
        assert!(left.is_empty(), "{left:?}");
    }

    async fn m8_a_forgotten_password_is_chosen_anew_and_everybody_is_signed_out(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["password"]).await;
        let user = lisi(&tenant).await;
        // Somebody who knows the old password is signed in.
        let (mut attacker, theirs) = (world.browser(), Pkce::new());
        let page = attacker.follow(tenant.authorize_url(&theirs, &[])).await;
        let filled = [("name", "lisi"), ("password", PASSWORD)];
        let answer = submit(&tenant, &mut attacker, form(&page, "sign-in"), &filled).await;
        let tokens = tenant.redeem(&answer.parameter("code").unwrap(), &theirs).await.json();
        let token = tokens["access_token"].as_str().unwrap();
        assert_eq!(tenant.userinfo(token).await.status, 200);

        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
        let link = page.links().into_iter().find(|href| href.contains("/password/forgot")).unwrap();
        let page = browser.get(tenant.url(&link)).await;
        let to = [("email", "lisi@acme.example")];
        let page = submit_and_follow(&tenant, &mut browser, form(&page, "forgot"), &to).await;
        let code = mailed_code(&tenant, "lisi@acme.example").await;
        // A weak one is refused and the code is not used up.
        for weak in ["short", "password123", "12345678", "lisi@acme"] {
            let filled = [("code", code.as_str()), ("password", weak)];
            let shown = submit_and_follow(&tenant, &mut browser, form(&page, "reset"), &filled).await;
            shows(&tenant, &shown, "password_unacceptable").await;
        }
        let reset = form(&page, "reset");
        let filled = [("code", code.as_str()), ("password", "a new unrelated phrase")];
        let shown = submit_and_follow(&tenant, &mut browser, reset, &filled).await;
        assert!(has_form(&shown, "sign-in"), "{}", shown.body);
        assert_eq!(tenant.userinfo(token).await.status, 401);
        let silent = tenant.authorize_url(&theirs, &[("prompt", "none")]);
        let answer = attacker.get(silent).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
        let filled = [("name", "lisi"), ("password", PASSWORD)];
        let page = submit_and_follow(&tenant, &mut browser, form(&shown, "sign-in"), &filled).await;
        shows(&tenant, &page, "proof_failed").await;
        let filled = [("name", "lisi"), ("password", "a new unrelated phrase")];
        let answer = submit(&tenant, &mut browser, form(&page, "sign-in"), &filled).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
    }

    /// The field shows what the app says, as text, and nothing of whether anybody has that name.
    async fn b8_m16_a_login_hint_stands_in_the_name_field_and_nowhere_else(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["password"]).await;
        lisi(&tenant).await;
        let longest = "x".repeat(254);
        let shown = [
            ("lisi", "lisi"),
            ("nobody@acme.example", "nobody@acme.example"),
            ("张三", "张三"),
            ("\"><script>alert(1)</script>", "&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;"),
            ("' onfocus='alert(1)", "&#39; onfocus=&#39;alert(1)"),
            (longest.as_str(), longest.as_str()),
        ];
        for (hint, value) in shown {
            let mut browser = world.browser();
            let url = tenant.authorize_url(&Pkce::new(), &[("login_hint", hint)]);
            let page = browser.follow(url).await;
            let field = page.body.split_once("<input id=\"name\"").unwrap().1;
            let field = field.split_once('>').unwrap().0;
            assert!(field.ends_with(&format!(" value=\"{value}\"")), "{hint}: {field}");
            assert_eq!(page.body.matches(value).count(), 1, "{hint}: {}", page.body);
            // It goes no further: not to WeCom, and not into the password.
            let link = page.links().into_iter().find(|link| link.contains("/social/qr?")).unwrap();
            let wecom = browser.get(tenant.url(&link)).await.location().unwrap();
            assert!(!wecom.as_str().contains("login_hint"), "{wecom}");
        }
        let longer = "x".repeat(255);
        for hint in ["", longer.as_str(), "li\nsi", "li\u{0}si"] {
            let url = tenant.authorize_url(&Pkce::new(), &[("login_hint", hint)]);
            let page = world.browser().follow(url).await;
            let field = page.body.split_once("<input id=\"name\"").unwrap().1;
            assert!(!field.split_once('>').unwrap().0.contains("value="), "{hint:?}");
        }
        // Who has another name types it.
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = browser.follow(tenant.authorize_url(&pkce, &[("login_hint", "nobody")])).await;
        let filled = [("name", "lisi"), ("password", PASSWORD)];
        let answer = submit(&tenant, &mut browser, form(&page, "sign-in"), &filled).await;
        assert!(answer.parameter("code").is_some(), "{answer:?}");
    }
}
