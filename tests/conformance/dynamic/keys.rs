//! Keys of the client and of the provider that change.

use e2e::{AppServer, Client, Code, Key, Pkce, Reply};
use reqwest::Method;
use serde_json::{Value, json};

use super::{register, unregister};
use crate::rp::Rp;
use crate::side::text;

/// A client that proves itself by the keys that its server publishes.
async fn publisher(rp: &mut Rp, key: &Key) -> (Client, AppServer, Value) {
    let server = AppServer::start().await;
    publish(&server, key);
    let metadata = json!({
        "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": server.url("/jwks.json"),
    });
    let app = register(rp, metadata).await;
    assert!(app.get("client_secret").is_none(), "{app}");
    (Client::of(rp.tenant.clone(), Some(key.clone()), None), server, app)
}

fn publish(server: &AppServer, key: &Key) {
    server.reply(Reply::status(200).body(key.jwks().to_string()));
}

/// A code for the client.
async fn code(rp: &mut Rp) -> Code {
    let pkce = Pkce::new();
    let url = rp.tenant.authorize_url(&pkce, &[]);
    let answer = rp.tenant.clone().sign_in_and_agree(&mut rp.browser, &url).await;
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    Code { code, pkce }
}

/// The client proves itself and gets tokens.
async fn tokens(rp: &mut Rp, client: &Client) -> Value {
    let answer = client.redeem(&code(rp).await).send().await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

pub(super) async fn oidcc_registration_jwks_uri(mut rp: Rp) {
    let key = Key::rsa();
    let (client, server, app) = publisher(&mut rp, &key).await;
    assert_eq!(app["jwks_uri"], server.url("/jwks.json"));
    let issued = tokens(&mut rp, &client).await;
    rp.verified(text(&issued, "id_token"), &[]).await;
    // Another key is nobody's.
    let answer = client.with_key(Key::ec()).redeem(&code(&mut rp).await).send().await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (401, &json!("invalid_client")));
    tokens(&mut rp, &client).await;
    unregister(&rp, &app).await;
}

pub(super) async fn oidcc_refresh_token_rp_key_rotation(mut rp: Rp) {
    let (client, server, _) = publisher(&mut rp, &Key::ec()).await;
    let issued = tokens(&mut rp, &client).await;
    let refresh = text(&issued, "refresh_token");
    // Without a wait: a key that nobody knows is asked for at once.
    let new = Key::ec();
    publish(&server, &new);
    let rotated = client.with_key(new);
    let answer = rotated.refresh(refresh).send().await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let fresh = answer.json();
    assert_eq!(rp.tenant.userinfo(text(&fresh, "access_token")).await.status, 200);
}

/// The issuer as a text is the audience of an assertion, and the only one.
pub(super) async fn oidcc_ensure_client_assertion_with_iss_aud_succeeds(mut rp: Rp) {
    let (client, _server, _) = publisher(&mut rp, &Key::ec()).await;
    let token_endpoint = rp.tenant.url("/oidc/token");
    let wrong = client.redeem(&code(&mut rp).await);
    let wrong = wrong.assertion(|jwt| jwt.claim("aud", token_endpoint)).send().await;
    assert_eq!(wrong.json()["error"], "invalid_client", "{}", wrong.body);
    let issuer = rp.tenant.issuer();
    let right = client.redeem(&code(&mut rp).await);
    let right = right.assertion(|jwt| jwt.claim("aud", issuer)).send().await;
    assert_eq!(right.status, 200, "{}", right.body);
}

/// The keys that are published.
async fn kids(rp: &mut Rp) -> Vec<String> {
    let set = rp.browser.get(rp.tenant.url("/oidc/.well-known/jwks.json")).await.json();
    set["keys"].as_array().unwrap().iter().map(|key| text(key, "kid").to_owned()).collect()
}

/// The key that signs an ID token now.
async fn signing(rp: &mut Rp) -> String {
    let response = rp.ask(&[]).await;
    let tokens = rp.tokens(&response).await;
    let token = text(&tokens, "id_token").to_owned();
    rp.verified(&token, &[]).await;
    jsonwebtoken::decode_header(&token).unwrap().kid.unwrap()
}

pub(super) async fn oidcc_server_rotate_keys(mut rp: Rp) {
    register(&mut rp, json!({})).await;
    let old = signing(&mut rp).await;
    let path = rp.tenant.path("/signing-keys");
    let made = rp.tenant.admin.post(&path, json!({ "algorithm": "RS256" })).await;
    let new = text(&made, "kid").to_owned();
    // The new one is published, on every node, before it signs.
    rp.tenant.until_published(&new, true).await;
    assert_eq!(signing(&mut rp).await, old);
    rp.pass(3600).await;
    let activate = format!("{path}/{new}/activate");
    let answer = rp.tenant.admin.call(Method::POST, &activate, &[], Some(json!({}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    rp.tenant.until_signing(&new).await;
    for _ in 0..2 {
        assert_eq!(signing(&mut rp).await, new);
    }
    // What the old one signed can still be verified.
    for _ in 0..2 {
        let known = kids(&mut rp).await;
        assert!(known.contains(&old) && known.contains(&new), "{known:?}");
    }
    assert_eq!(signing(&mut rp).await, new);
}
