//! Guessing passwords and codes, many at a time (attack R2).

use e2e::{Browser, Pkce, Tenant, on_every_backend};
use futures_util::future::join_all;

use crate::steps::{PASSWORD, allow, events, form, lisi, sub, submit, submit_and_follow};

/// Opens the login page in a new browser.
async fn page(tenant: &Tenant, pkce: &Pkce) -> (Browser, e2e::Answer) {
    let mut browser = tenant.world.browser();
    let page = browser.follow(tenant.authorize_url(pkce, &[])).await;
    (browser, page)
}

on_every_backend! {
    async fn r2_of_500_parallel_guesses_exactly_five_are_looked_at(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["password"]).await;
        let user = lisi(&tenant).await;
        let pkce = Pkce::new();
        let (browser, shown) = page(&tenant, &pkce).await;
        // Under all of the account's names at once: they are one account.
        let names = ["lisi", "LISI", "lisi@acme.example", "13800000002", "+86 13800000002"];
        let guesses = (0..500).map(|at| {
            let (mut browser, tenant, sign_in) = (browser.clone(), tenant.clone(), form(&shown, "sign-in"));
            async move {
                let password = format!("wrong guess number {at}");
                let filled = [("name", names[at % names.len()]), ("password", password.as_str())];
                let answer = submit(&tenant, &mut browser, sign_in, &filled).await;
                answer.parameter("error").unwrap()
            }
        });
        let outcomes = join_all(guesses).await;
        let looked_at = outcomes.iter().filter(|code| *code == "proof_failed").count();
        assert_eq!(looked_at, 5);
        assert!(outcomes.iter().all(|code| code == "proof_failed" || code == "too_many_requests"));
        // The right one is not looked at either, until the window is over.
        let (mut browser, right) = (browser, [("name", "lisi"), ("password", PASSWORD)]);
        let answer = submit(&tenant, &mut browser, form(&shown, "sign-in"), &right).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("too_many_requests"));
        let logged = events(&tenant, "result=too_many_requests").await;
        assert!(!logged.is_empty());
        tokio::time::sleep(std::time::Duration::from_secs(61)).await;
        let answer = submit(&tenant, &mut browser, form(&shown, "sign-in"), &right).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
    }

    async fn r2_a_name_that_nobody_has_is_counted_alike(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["password"]).await;
        let pkce = Pkce::new();
        let (mut browser, shown) = page(&tenant, &pkce).await;
        let mut codes = Vec::new();
        for at in 0..7 {
            let name = if at % 2 == 0 { "Nobody" } else { " nobody " };
            let filled = [("name", name), ("password", "whatever it is")];
            let answer = submit(&tenant, &mut browser, form(&shown, "sign-in"), &filled).await;
            codes.push(answer.parameter("error").unwrap());
        }
        let refused = codes.iter().filter(|code| *code == "too_many_requests").count();
        assert_eq!(refused, 2, "{codes:?}");
    }

    async fn r2_codes_are_guessed_five_times_whatever_the_number_of_browsers(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["email_code"]).await;
        lisi(&tenant).await;
        let pkce = Pkce::new();
        let (mut browser, shown) = page(&tenant, &pkce).await;
        let link = shown.links().into_iter().find(|href| href.ends_with("by=email")).unwrap();
        let shown = browser.get(tenant.url(&link)).await;
        let to = [("email", "lisi@acme.example")];
        let shown = submit_and_follow(&tenant, &mut browser, form(&shown, "send-code"), &to).await;
        let code = crate::steps::mailed_code(&tenant, "lisi@acme.example").await;
        let guesses = (0..100).map(|at| {
            let (mut browser, tenant) = (browser.clone(), tenant.clone());
            let entered = form(&shown, "enter-code");
            let guess = format!("{:06}", at * 9_973 % 1_000_000);
            let right = guess == code;
            async move {
                if right {
                    return "skipped".to_owned();
                }
                let answer = submit(&tenant, &mut browser, entered, &[("code", &guess)]).await;
                answer.parameter("error").unwrap()
            }
        });
        let outcomes = join_all(guesses).await;
        let looked_at = outcomes.iter().filter(|code| *code == "code_wrong").count();
        assert_eq!(looked_at, 5, "{outcomes:?}");
        // Not even the right one, after that.
        let sent = [("code", code.as_str())];
        let answer = submit(&tenant, &mut browser, form(&shown, "enter-code"), &sent).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("too_many_requests"));
    }
}
