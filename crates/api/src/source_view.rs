//! What an administrator reads of an identity source, and what has to be copied from it into WeCom's
//! console (peers' pains 1 and 2).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use oidc::Issuer;
use serde::Serialize;
use store::policy::AssociationPolicy;
use store::source::{
    AssociationMode, Misconfigured, Source, SourceKind, SourceMode, SourceScope, Status,
};
use store::tenant::Tenant;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::precondition::{etag, etag_of_state};
use crate::source_policy::AssociationPolicyBody;
use crate::{Console, schema};

/// One way to sign in through a corp.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdentitySource)]
pub(crate) struct SourceView {
    /// Its id.
    id: Uuid,
    /// Our id of its corp.
    corp: Uuid,
    /// Its name in URLs.
    #[schema(example = "wecom")]
    identifier: String,
    /// Where it works.
    #[schema(value_type = schema::SourceKind)]
    kind: SourceKind,
    /// Whose app it is at WeCom.
    #[schema(value_type = schema::SourceMode)]
    mode: SourceMode,
    /// The app's AgentId.
    #[schema(example = 1_000_002)]
    agent_id: i64,
    /// Whether the app's Secret is kept here. The Secret itself is never shown.
    secret_set: bool,
    /// Its name on the button, by language tag.
    #[schema(example = json!({ "zh-CN": "企业微信", "en": "WeCom" }))]
    display_names: BTreeMap<String, String>,
    /// Its picture on the button.
    #[schema(required)]
    logo_url: Option<String>,
    /// What the in-client page asks for.
    #[schema(value_type = schema::SourceScope)]
    scope: SourceScope,
    /// Whether the login page shows WeCom's own QR panel.
    panel: bool,
    /// Whether it only lets existing users in.
    login_only: bool,
    /// How a first sign-in finds an account.
    #[schema(value_type = schema::AssociationMode)]
    association: AssociationMode,
    /// The particulars of that.
    #[schema(value_type = AssociationPolicyBody)]
    association_policy: AssociationPolicy,
    /// Whether it may be used.
    #[schema(value_type = schema::Status)]
    status: Status,
    /// What has to be copied into WeCom's console.
    setup: Setup,
    /// Goes up by one with every change.
    #[schema(example = 1)]
    version: i64,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
}

/// What has to be copied into WeCom's console, and what WeCom last complained about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Setup {
    /// Where WeCom sends the browser back to.
    #[schema(example = "https://login.acme.example/connections/social/wecom/callback")]
    callback_url: String,
    /// 企业微信授权登录 → Web网页 → 授权回调域.
    #[schema(example = "login.acme.example")]
    callback_domain: String,
    /// 网页授权及JS-SDK → 可信域名.
    #[schema(example = "login.acme.example")]
    trusted_domain: String,
    /// The home page of WeCom's app (应用主页): opens one of our apps from the workbench and signs its
    /// person in on the way. A pattern: `{app}` stands for the id of an app that the source is linked
    /// to. Of use for a source of kind `wecom_mobile`.
    #[schema(example = "https://login.acme.example/connections/social/wecom/workbench/{app}")]
    workbench_link: String,
    /// 企业可信IP: the addresses that our calls for this corp come from.
    #[schema(example = json!(["203.0.113.10"]))]
    egress_addresses: Vec<String>,
    /// Set after WeCom refused the corp id or the secret; nothing is called with them until somebody
    /// saves or tests the source.
    #[schema(required)]
    misconfigured: Option<MisconfiguredView>,
    /// For each of these, where in WeCom's console it goes.
    hints: Hints,
}

/// Why WeCom refused a source's credentials.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Misconfigured)]
pub(crate) struct MisconfiguredView {
    /// WeCom's error code.
    #[schema(example = 40001)]
    errcode: i64,
    /// WeCom's reference for its support.
    #[schema(required, example = "1760849381_95_0a1b2c")]
    hint: Option<String>,
    /// When it happened.
    at: DateTime<Utc>,
}

/// A sentence for administrators.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Advice {
    /// In Chinese.
    pub(crate) zh: &'static str,
    /// In English.
    pub(crate) en: &'static str,
}

/// Where in WeCom's console each value goes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hints {
    /// Of `callback_url`.
    callback_url: Advice,
    /// Of `callback_domain`.
    callback_domain: Advice,
    /// Of `trusted_domain`.
    trusted_domain: Advice,
    /// Of `workbench_link`.
    workbench_link: Advice,
    /// Of `egress_addresses`.
    egress_addresses: Advice,
    /// Of `misconfigured`.
    misconfigured: Advice,
}

const HINTS: Hints = Hints {
    callback_url: Advice {
        zh: "无需填写，仅供核对：企业微信登录后回到这里",
        en: "Nothing to fill in, to compare only: WeCom sends the browser back to here",
    },
    callback_domain: Advice {
        zh: "应用管理 → 该应用 → 企业微信授权登录 → Web网页 → 授权回调域",
        en: "App management → the app → 企业微信授权登录 → Web网页 → 授权回调域",
    },
    trusted_domain: Advice {
        zh: "应用管理 → 该应用 → 网页授权及JS-SDK → 可信域名；验证文件用 verification-files 上传",
        en: "App management → the app → 网页授权及JS-SDK → 可信域名; upload its file by verification-files",
    },
    workbench_link: Advice {
        zh: "应用管理 → 该应用 → 应用主页：把 {app} 换成应用的 id，从工作台直接登录进入该应用",
        en: "App management → the app → 应用主页: with an app's id for {app} it signs in straight from the workbench",
    },
    egress_addresses: Advice {
        zh: "应用管理 → 该应用 → 企业可信IP：填入全部地址",
        en: "App management → the app → 企业可信IP: enter all of these addresses",
    },
    misconfigured: Advice {
        zh: "核对企业 ID 与 Secret，保存后再测试；在此之前不会再调用企业微信",
        en: "Check corp id and Secret, save, then test; until then WeCom is not called again",
    },
};

impl SourceView {
    /// The source as its tenant's administrator sees it.
    pub(crate) fn new(console: &Console, tenant: &Tenant, source: Source) -> Self {
        Self {
            setup: Setup::new(console, tenant, &source),
            id: source.id.0,
            corp: source.corp.0,
            identifier: source.identifier,
            kind: source.kind,
            mode: source.mode,
            agent_id: source.agent_id,
            // A source cannot be made without one.
            secret_set: true,
            display_names: source.display_names.0,
            logo_url: source.logo_url,
            scope: source.scope,
            panel: source.panel,
            login_only: source.login_only,
            association: source.association,
            association_policy: source.policy.0,
            status: source.status,
            version: source.version,
            created_at: source.created_at,
            updated_at: source.updated_at,
        }
    }
}

impl Setup {
    fn new(console: &Console, tenant: &Tenant, source: &Source) -> Self {
        let issuer = Issuer::new(&console.scheme, &tenant.host);
        let egress = source.egress.as_deref().unwrap_or_default();
        let egress = console.egresses.iter().find(|known| known.name == egress);
        Self {
            callback_url: issuer.at(&format!("/connections/social/{}/callback", source.identifier)),
            callback_domain: tenant.host.clone(),
            trusted_domain: tenant.host.clone(),
            workbench_link: issuer
                .at(&format!("/connections/social/{}/workbench/{{app}}", source.identifier)),
            egress_addresses: egress.map(|egress| egress.addresses.clone()).unwrap_or_default(),
            misconfigured: source.misconfigured.as_ref().map(|fault| {
                let Misconfigured { errcode, hint, at } = fault.0.clone();
                MisconfiguredView { errcode, hint, at }
            }),
            hints: HINTS,
        }
    }
}

/// The entity-tag of a source. The mark comes and goes without a new version, so it is part of it.
pub(crate) fn source_etag(source: &Source) -> String {
    match &source.misconfigured {
        None => etag(source.version),
        Some(fault) => etag_of_state(source.version, fault.at),
    }
}
