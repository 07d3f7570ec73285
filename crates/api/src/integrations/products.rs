//! The products, each with what it needs of an app and the text of its settings.

use store::app::AuthMethod;
use store::signing_key::Algorithm;

/// What settings are made from.
pub(super) struct Places {
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    /// The product's own address, without a slash at the end.
    pub(super) base: String,
    /// What the button says.
    pub(super) label: String,
    /// The algorithm of the app's ID tokens.
    pub(super) alg: &'static str,
}

/// A product.
pub(super) struct Product {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) file: &'static str,
    pub(super) callback_path: &'static str,
    pub(super) auth_method: AuthMethod,
    /// The one algorithm that it takes, and why.
    pub(super) alg: Option<(Algorithm, &'static str)>,
    pub(super) pkce: bool,
    pub(super) settings: fn(&Places) -> String,
}

/// All of them.
pub(super) static PRODUCTS: [Product; 9] = [
    Product {
        name: "grafana",
        title: "Grafana",
        file: "grafana.ini",
        callback_path: "/login/generic_oauth",
        auth_method: AuthMethod::ClientSecretBasic,
        alg: None,
        pkce: true,
        settings: grafana,
    },
    Product {
        name: "gitlab",
        title: "GitLab",
        file: "/etc/gitlab/gitlab.rb",
        callback_path: "/users/auth/openid_connect/callback",
        auth_method: AuthMethod::ClientSecretBasic,
        alg: None,
        pkce: true,
        settings: gitlab,
    },
    Product {
        name: "gitea",
        title: "Gitea",
        file: "a shell on Gitea's host",
        callback_path: "/user/oauth2/hufu/callback",
        auth_method: AuthMethod::ClientSecretBasic,
        alg: None,
        pkce: false,
        settings: gitea,
    },
    Product {
        name: "jumpserver",
        title: "JumpServer",
        file: "config.txt",
        callback_path: "/core/auth/openid/callback/",
        auth_method: AuthMethod::ClientSecretBasic,
        alg: Some((
            Algorithm::Rs256,
            "JumpServer is told which algorithm; RS256 is its own default.",
        )),
        pkce: true,
        settings: jumpserver,
    },
    Product {
        name: "metersphere",
        title: "MeterSphere",
        file: "System settings ▸ Authentication ▸ OIDC",
        callback_path: "/sso/callback/oidc",
        auth_method: AuthMethod::ClientSecretPost,
        alg: None,
        pkce: false,
        settings: metersphere,
    },
    Product {
        name: "nocobase",
        title: "NocoBase",
        file: "Settings ▸ Authentication ▸ OIDC",
        callback_path: "/api/oidc:redirect",
        auth_method: AuthMethod::ClientSecretBasic,
        alg: None,
        pkce: false,
        settings: nocobase,
    },
    Product {
        name: "oauth2-proxy",
        title: "OAuth2 Proxy",
        file: "oauth2-proxy.cfg",
        callback_path: "/oauth2/callback",
        auth_method: AuthMethod::ClientSecretBasic,
        alg: None,
        pkce: true,
        settings: oauth2_proxy,
    },
    Product {
        name: "spring",
        title: "Spring Boot (Spring Security)",
        file: "application.yaml",
        callback_path: "/login/oauth2/code/hufu",
        auth_method: AuthMethod::ClientSecretBasic,
        alg: Some((
            Algorithm::Rs256,
            "Spring Security expects RS256 unless told otherwise in code.",
        )),
        pkce: false,
        settings: spring,
    },
    Product {
        name: "next.js",
        title: "Next.js (Auth.js)",
        file: "auth.ts",
        callback_path: "/api/auth/callback/hufu",
        auth_method: AuthMethod::ClientSecretBasic,
        alg: None,
        pkce: true,
        settings: next_js,
    },
];

fn grafana(to: &Places) -> String {
    let Places { issuer, client_id, base, label, .. } = to;
    format!(
        "[server]\nroot_url = {base}/\n\n[auth.generic_oauth]\nenabled = true\nname = {label}\n\
         client_id = {client_id}\nclient_secret = CLIENT_SECRET\nscopes = openid profile email\n\
         auth_url = {issuer}/auth\ntoken_url = {issuer}/token\napi_url = {issuer}/me\nuse_pkce = true\n\
         login_attribute_path = preferred_username || sub\nname_attribute_path = name\n\
         email_attribute_path = email || sub\nallow_sign_up = true\n"
    )
}

fn gitlab(to: &Places) -> String {
    let Places { issuer, client_id, redirect_uri, label, .. } = to;
    format!(
        "gitlab_rails['omniauth_allow_single_sign_on'] = ['openid_connect']\n\
         gitlab_rails['omniauth_block_auto_created_users'] = false\n\
         gitlab_rails['omniauth_providers'] = [{{\n  name: 'openid_connect',\n  label: '{label}',\n  args: {{\n    \
         name: 'openid_connect',\n    scope: ['openid', 'profile', 'email'],\n    response_type: 'code',\n    \
         issuer: '{issuer}',\n    discovery: true,\n    client_auth_method: 'basic',\n    uid_field: 'sub',\n    \
         pkce: true,\n    client_options: {{\n      identifier: '{client_id}',\n      secret: 'CLIENT_SECRET',\n      \
         redirect_uri: '{redirect_uri}'\n    }}\n  }}\n}}]\n"
    )
}

fn gitea(to: &Places) -> String {
    let Places { issuer, client_id, .. } = to;
    format!(
        "gitea admin auth add-oauth --name hufu --provider openidConnect \\\n  --key {client_id} --secret \
         CLIENT_SECRET \\\n  --auto-discover-url {issuer}/.well-known/openid-configuration \\\n  --scopes \
         'openid profile email'\n"
    )
}

fn jumpserver(to: &Places) -> String {
    let Places { issuer, client_id, base, .. } = to;
    format!(
        "AUTH_OPENID=true\nBASE_SITE_URL={base}\nAUTH_OPENID_CLIENT_ID={client_id}\n\
         AUTH_OPENID_CLIENT_SECRET=CLIENT_SECRET\nAUTH_OPENID_CLIENT_AUTH_METHOD=client_secret_basic\n\
         AUTH_OPENID_PROVIDER_ENDPOINT={issuer}\n\
         AUTH_OPENID_PROVIDER_AUTHORIZATION_ENDPOINT={issuer}/auth\n\
         AUTH_OPENID_PROVIDER_TOKEN_ENDPOINT={issuer}/token\n\
         AUTH_OPENID_PROVIDER_JWKS_ENDPOINT={issuer}/.well-known/jwks.json\n\
         AUTH_OPENID_PROVIDER_USERINFO_ENDPOINT={issuer}/me\n\
         AUTH_OPENID_PROVIDER_END_SESSION_ENDPOINT={issuer}/session/end\n\
         AUTH_OPENID_PROVIDER_SIGNATURE_ALG=RS256\nAUTH_OPENID_SCOPES=openid profile email\n\
         AUTH_OPENID_PKCE=true\nAUTH_OPENID_CODE_CHALLENGE_METHOD=S256\nAUTH_OPENID_USE_STATE=true\n\
         AUTH_OPENID_USE_NONCE=true\nAUTH_OPENID_ALWAYS_UPDATE_USER=true\n"
    )
}

fn metersphere(to: &Places) -> String {
    let Places { issuer, client_id, redirect_uri, .. } = to;
    format!(
        "Auth endpoint:     {issuer}/auth\nToken endpoint:    {issuer}/token\n\
         UserInfo endpoint: {issuer}/me\nLogout endpoint:   {issuer}/session/end\n\
         Redirect URL:      {redirect_uri}\nClient ID:         {client_id}\n\
         Secret:            CLIENT_SECRET\nScope:             openid profile email\n"
    )
}

fn nocobase(to: &Places) -> String {
    let Places { issuer, client_id, redirect_uri, alg, .. } = to;
    format!(
        "Issuer:                          {issuer}\nClient ID:                       {client_id}\n\
         Client Secret:                   CLIENT_SECRET\nscope:                           openid profile \
         email phone\nid_token signed response alg:    {alg}\nUse this field to bind the user: \
         username\nRedirect URL (to be registered): {redirect_uri}\n"
    )
}

fn oauth2_proxy(to: &Places) -> String {
    let Places { issuer, client_id, redirect_uri, .. } = to;
    format!(
        "provider = \"oidc\"\noidc_issuer_url = \"{issuer}\"\nclient_id = \"{client_id}\"\n\
         client_secret = \"CLIENT_SECRET\"\nredirect_url = \"{redirect_uri}\"\n\
         scope = \"openid profile email\"\ncode_challenge_method = \"S256\"\n\
         # Who it is: mail addresses that WeCom gives are not verified, and would be refused.\n\
         oidc_email_claim = \"sub\"\nemail_domains = [\"*\"]\n\
         cookie_secret = \"32 RANDOM BYTES\" # openssl rand -base64 32 | tr -- '+/' '-_'\n"
    )
}

fn spring(to: &Places) -> String {
    let Places { issuer, client_id, .. } = to;
    format!(
        "spring:\n  security:\n    oauth2:\n      client:\n        registration:\n          hufu:\n            \
         client-id: {client_id}\n            client-secret: ${{CLIENT_SECRET}}\n            \
         client-authentication-method: client_secret_basic\n            \
         authorization-grant-type: authorization_code\n            \
         redirect-uri: \"{{baseUrl}}/login/oauth2/code/{{registrationId}}\"\n            \
         scope: openid, profile, email\n        provider:\n          hufu:\n            \
         issuer-uri: {issuer}\n            user-name-attribute: sub\n"
    )
}

fn next_js(to: &Places) -> String {
    let Places { issuer, client_id, label, alg, .. } = to;
    format!(
        "import NextAuth from 'next-auth';\n\nexport const {{ handlers, auth, signIn, signOut }} = NextAuth({{\n  \
         providers: [{{\n    id: 'hufu',\n    name: '{label}',\n    type: 'oidc',\n    issuer: '{issuer}',\n    \
         clientId: '{client_id}',\n    clientSecret: process.env.CLIENT_SECRET,\n    \
         client: {{ id_token_signed_response_alg: '{alg}' }},\n    checks: ['pkce', 'state', 'nonce'],\n    \
         authorization: {{ params: {{ scope: 'openid profile email' }} }},\n  }}],\n}});\n"
    )
}
