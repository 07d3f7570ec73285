//! Races between administrators and sign-ins: one link for a person, and no session of a link that is
//! gone.

use std::time::Duration;

use chrono::TimeDelta;
use e2e::{Answer, Browser, Pkce, Tenant, on_every_backend};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use store::grant::{self, Claims, NewGrant};
use store::secret::SecretHash;
use store::session::{self, Session, SignInMethod};
use store::user;

use crate::admin_tools::{account, act, event, identities, link};
use crate::races::{add_member, at_the_callback};
use crate::steps::{signs_in, sso, sub};

const AT_ONCE: usize = 8;

/// How many answers have each status.
fn statuses(answers: &[Answer]) -> Vec<(u16, usize)> {
    let mut found: Vec<(u16, usize)> = Vec::new();
    for answer in answers {
        let status = answer.status.as_u16();
        match found.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += 1,
            None => found.push((status, 1)),
        }
    }
    found.sort_unstable();
    found
}

/// Whoever is signed in in these browsers is a user with a link of the person, and all are one; nor is
/// a code worth anything else. Who it is, if anybody is signed in.
async fn all_are_of_a_link(
    tenant: &Tenant,
    pkce: &Pkce,
    browsers: &mut [(Browser, url::Url)],
    answers: &[Answer],
    userid: &str,
) -> Option<String> {
    let mut users = Vec::new();
    for code in answers.iter().filter_map(|answer| answer.parameter("code")) {
        let tokens = tenant.redeem(&code, pkce).await;
        if tokens.status.is_success() {
            let access = tokens.json()["access_token"].as_str().unwrap().to_owned();
            let claims = tenant.userinfo(&access).await;
            assert!(claims.status.is_success(), "a grant that is dead gives no tokens");
            users.push(claims.json()["sub"].as_str().unwrap().to_owned());
        }
    }
    for (browser, _) in browsers {
        let answer = sso(tenant, browser, pkce).await;
        if answer.parameter("code").is_some() {
            users.push(sub(tenant, pkce, &answer).await);
        }
    }
    users.sort_unstable();
    users.dedup();
    for user in &users {
        let linked = identities(tenant, user).await;
        let of_person = |identity: &&Value| {
            identity["userid"].as_str().unwrap().eq_ignore_ascii_case(userid)
                && identity["status"] == "active"
        };
        assert_eq!(linked.iter().filter(of_person).count(), 1, "{user} is signed in by no link");
    }
    assert!(users.len() <= 1, "one person is several users: {users:?}");
    users.pop()
}

on_every_backend! {
    async fn an_undo_and_sign_ins_at_once_leave_no_session_of_the_link(world: World) {
        let tenant = world.tenant("acme").await;
        let pkce = Pkce::new();
        for round in 0..6 {
            let userid = format!("Person{round}");
            add_member(&tenant, &userid);
            let wrong = signs_in(&tenant, &userid).await;
            let made = event(&tenant, "create").await;
            let mut ways = at_the_callback(&tenant, &pkce, AT_ONCE - 1, |_| userid.clone()).await;
            let callbacks =
                join_all(ways.iter_mut().map(|(browser, callback)| browser.get(callback.as_str())));
            let (answers, undone) = tokio::join!(callbacks, act(&tenant, &made, "undo"));
            assert_eq!(undone.status, 200, "{}", undone.body);
            assert_eq!(identities(&tenant, &wrong).await, [] as [Value; 0]);
            for answer in &answers {
                assert!(answer.parameter("code").is_some(), "{answer:?}");
            }
            let user = all_are_of_a_link(&tenant, &pkce, &mut ways, &answers, &userid).await;
            assert_ne!(user.as_ref(), Some(&wrong));
            // The control: the person is somebody else now, and stays it.
            let now = signs_in(&tenant, &userid).await;
            assert_ne!(now, wrong);
            assert!(user.is_none_or(|user| user == now));
        }
    }

    async fn a_suspension_and_sign_ins_at_once_leave_no_session_of_the_link(world: World) {
        let tenant = world.tenant("acme").await;
        let pkce = Pkce::new();
        for round in 0..4 {
            let userid = format!("Person{round}");
            add_member(&tenant, &userid);
            let user = signs_in(&tenant, &userid).await;
            let identity = identities(&tenant, &user).await[0]["id"].as_str().unwrap().to_owned();
            let mut ways = at_the_callback(&tenant, &pkce, AT_ONCE - 1, |_| userid.clone()).await;
            let path = tenant.path(&format!("/users/{user}/identities/{identity}/status"));
            let off = tenant.admin.put(&path, json!({ "status": "suspended" }));
            let callbacks =
                join_all(ways.iter_mut().map(|(browser, callback)| browser.get(callback.as_str())));
            let (answers, _) = tokio::join!(callbacks, off);
            for answer in &answers {
                let refused = answer.code().as_deref() == Some("link_suspended");
                assert!(refused || answer.parameter("code").is_some(), "{answer:?}");
            }
            let alive = all_are_of_a_link(&tenant, &pkce, &mut ways, &answers, &userid).await;
            assert_eq!(alive, None);
            tenant.admin.put(&path, json!({ "status": "active" })).await;
            assert_eq!(signs_in(&tenant, &userid).await, user);
        }
    }

    async fn of_undos_and_restores_at_once_one_succeeds(world: World) {
        let tenant = world.tenant("acme").await;
        let user = account(&tenant, None).await;
        let mut kind = "link";
        link(&tenant, &user, "zhangsan").await;
        for _ in 0..4 {
            let made = event(&tenant, kind).await;
            let undone = join_all((0..AT_ONCE).map(|_| act(&tenant, &made, "undo"))).await;
            assert_eq!(statuses(&undone), [(200, 1), (409, AT_ONCE - 1)], "{undone:?}");
            assert_eq!(identities(&tenant, &user).await.len(), 0);
            let undo = event(&tenant, "undo").await;
            let restored = join_all((0..AT_ONCE).map(|_| act(&tenant, &undo, "restore"))).await;
            assert_eq!(statuses(&restored), [(200, 1), (409, AT_ONCE - 1)], "{restored:?}");
            assert_eq!(identities(&tenant, &user).await.len(), 1);
            kind = "restore";
        }
        let path = tenant.path("/link-events?limit=200");
        let events = tenant.admin.get(&path).await["items"].as_array().unwrap().len();
        assert_eq!(events, 1 + 2 * 4, "what was refused is not in the journal");
    }

    async fn a_link_and_first_sign_ins_at_once_make_one_link(world: World) {
        let tenant = world.tenant("acme").await;
        let pkce = Pkce::new();
        for round in 0..6 {
            let userid = format!("Person{round}");
            add_member(&tenant, &userid);
            let user = account(&tenant, None).await;
            let mut ways = at_the_callback(&tenant, &pkce, AT_ONCE - 1, |_| userid.clone()).await;
            let callbacks =
                join_all(ways.iter_mut().map(|(browser, callback)| browser.get(callback.as_str())));
            let (answers, linked) = tokio::join!(callbacks, link(&tenant, &user, &userid));
            for answer in &answers {
                assert!(answer.parameter("code").is_some(), "{answer:?}");
            }
            let alive = all_are_of_a_link(&tenant, &pkce, &mut ways, &answers, &userid).await;
            let alive = alive.unwrap();
            match linked.status.as_u16() {
                201 => assert_eq!(alive, user),
                409 => {
                    assert_ne!(alive, user);
                    assert!(linked.body.contains(&alive), "{} {alive}", linked.body);
                    assert_eq!(identities(&tenant, &user).await.len(), 0);
                }
                _ => panic!("{linked:?}"),
            }
        }
    }

    async fn of_links_to_one_user_at_once_one_succeeds(world: World) {
        let tenant = world.tenant("acme").await;
        for _ in 0..4 {
            let user = account(&tenant, None).await;
            let names: Vec<String> = (0..AT_ONCE).map(|number| format!("{}{number}", &user[..8])).collect();
            let links = join_all(names.iter().map(|name| link(&tenant, &user, name))).await;
            assert_eq!(statuses(&links), [(201, 1), (409, AT_ONCE - 1)], "{links:?}");
            assert_eq!(identities(&tenant, &user).await.len(), 1);
            // And one person to several users.
            let mut users = Vec::new();
            for _ in 0..AT_ONCE {
                users.push(account(&tenant, None).await);
            }
            let person = format!("one{}", &user[..8]);
            let links = join_all(users.iter().map(|user| link(&tenant, user, &person))).await;
            assert_eq!(statuses(&links), [(201, 1), (409, AT_ONCE - 1)], "{links:?}");
        }
    }

    async fn a_deletion_and_links_at_once_leave_no_link_of_a_tombstone(world: World) {
        let tenant = world.tenant("acme").await;
        for round in 0..6 {
            let user = account(&tenant, None).await;
            let path = tenant.path(&format!("/users/{user}"));
            let headers = [("if-match", "*")];
            let delete = tenant.admin.call(Method::DELETE, &path, &headers, None);
            let person = format!("gone{round}");
            let (deleted, linked) = tokio::join!(delete, link(&tenant, &user, &person));
            assert!(deleted.status.is_success(), "{deleted:?}");
            assert!(matches!(linked.status.as_u16(), 201 | 409), "{linked:?}");
            assert_eq!(identities(&tenant, &user).await.len(), 0);
            let other = account(&tenant, None).await;
            assert_eq!(link(&tenant, &other, &person).await.status, 201);
        }
    }

    /// Agreeing to a grant and handing over hold the user while they look at the session; whoever ends
    /// it waits, and finds what they made.
    async fn s1_whoever_ends_sessions_waits_for_what_is_granted_in_them(world: World) {
        let tenant = world.tenant("acme").await;
        let store = world.store();
        let id = tenant.id.parse().unwrap();
        for (round, what) in ["sign-out", "suspend", "unlink", "undo"].into_iter().enumerate() {
            let userid = format!("Person{round}");
            add_member(&tenant, &userid);
            let user = signs_in(&tenant, &userid).await;
            let made = event(&tenant, "create").await;
            let user_path = tenant.path(&format!("/users/{user}"));
            let identity = identities(&tenant, &user).await[0]["id"].as_str().unwrap().to_owned();
            let link = format!("{user_path}/identities/{identity}");
            let user = user.parse().unwrap();

            let mut tx = store.begin(id).await.unwrap();
            user::lock(&mut tx, user).await.unwrap().unwrap();
            let listed = session::of_user(&mut tx, &store.env, user).await.unwrap();
            let session = Session {
                id: listed[0].id,
                user_id: user,
                method: SignInMethod::Source,
                source_id: listed[0].source_id,
                identity_id: Some(identity.parse().unwrap()),
                authenticated_at: store.env.now(),
                expires_at: store.env.now() + TimeDelta::hours(1),
            };
            let ends = {
                let (tenant, path) = (tenant.clone(), user_path.clone());
                tokio::spawn(async move {
                    let admin = &tenant.admin;
                    match what {
                        "sign-out" => {
                            admin.call(Method::POST, &format!("{path}/sign-out"), &[], None).await
                        }
                        "suspend" => {
                            let body = Some(json!({ "status": "suspended" }));
                            admin.call(Method::PUT, &format!("{link}/status"), &[], body).await
                        }
                        "unlink" => admin.call(Method::DELETE, &link, &[], None).await,
                        _ => act(&tenant, &made, "undo").await,
                    }
                })
            };
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(!ends.is_finished(), "{what} does not wait");
            let (app, code) = (tenant.app.id.parse().unwrap(), SecretHash::of(what));
            let new = NewGrant {
                app,
                session: &session,
                scope: "openid offline_access",
                claims: &Claims::default(),
                offline: Some(TimeDelta::hours(1)),
                code: &code,
            };
            grant::create(&mut tx, &store.env, new).await.unwrap();
            tx.commit().await.unwrap();
            let answer = ends.await.unwrap();
            assert!(answer.status.is_success(), "{what}: {} {}", answer.status, answer.body);
            let live = grant::of_code(&mut store.tenant(id), app, &code).await.unwrap();
            assert_eq!(live, None, "{what} leaves a grant");
        }
    }
}
