//! What an administrator writes of an identity source.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::{Value, json};
use store::id::CorpId;
use store::policy::AssociationPolicy;
use store::source::{
    AssociationMode, NewSource as NewRow, Source, SourceKind, SourceMode, SourceScope,
    SourceSettings, Status,
};
use utoipa::ToSchema;

use crate::fields::{Context, Fields, Flaw, Flaws, Input};
use crate::source_policy::{self, AssociationPolicyBody};
use crate::{rules, schema, uris};

/// What a PATCH may not name.
pub(crate) const IMMUTABLE: [&str; 4] = ["corp", "identifier", "kind", "mode"];

/// An identity source to be made.
#[derive(ToSchema)]
pub(crate) struct NewIdentitySource {
    /// The id of one of the tenant's corps. Never changes.
    #[schema(value_type = uuid::Uuid)]
    corp: CorpId,
    /// Its name in URLs, unique in the tenant. Never changes.
    #[schema(pattern = "^[a-z0-9-]{1,31}$", example = "wecom")]
    identifier: String,
    /// Where it works: `wecom_qr` by QR code or quick login in a desktop browser, `wecom_mobile`
    /// silently inside the WeCom client. Never changes.
    #[schema(value_type = schema::SourceKind)]
    kind: SourceKind,
    /// Whose app it is at WeCom: `self_built` the corp's own (自建应用), `agency` a service provider's
    /// (代开发). Never changes.
    #[schema(value_type = schema::SourceMode)]
    mode: SourceMode,
    /// The app's AgentId.
    #[schema(minimum = 1, maximum = 4_294_967_295_i64, example = 1_000_002)]
    agent_id: i64,
    /// The app's Secret. It can be written, never read.
    #[schema(value_type = String, write_only, min_length = 1, max_length = 512)]
    pub(crate) secret: Option<SecretString>,
    /// Its name on the button, by language tag.
    #[schema(example = json!({ "zh-CN": "企业微信", "en": "WeCom" }))]
    display_names: BTreeMap<String, String>,
    /// Its picture on the button, an https URL.
    #[schema(max_length = 2048, example = "https://static.acme.example/wecom.svg")]
    logo_url: Option<String>,
    /// What the in-client page asks for: `snsapi_base` who it is, `snsapi_privateinfo` mobile, mail
    /// and picture too, with the member's consent. The latter for `wecom_mobile` only.
    #[schema(value_type = schema::SourceScope, required = false, default = "snsapi_base")]
    scope: SourceScope,
    /// Whether the login page shows WeCom's own QR panel. For `wecom_qr` only.
    #[schema(required = false, default = false)]
    panel: bool,
    /// Whether it only lets existing users in.
    #[schema(required = false, default = false)]
    login_only: bool,
    /// How a first sign-in finds an account: `none`, a new one each time; `field`, by the rules of
    /// `association_policy`; `ask`, the person says, with proof.
    #[schema(value_type = schema::AssociationMode, required = false, default = "none")]
    association: AssociationMode,
    /// The particulars of that.
    #[schema(value_type = AssociationPolicyBody, required = false)]
    association_policy: AssociationPolicy,
    /// Whether it may be used.
    #[schema(value_type = schema::Status, required = false, default = "active")]
    status: Status,
}

impl Input for NewIdentitySource {
    fn read(fields: &mut Fields, context: Context<'_>) -> Option<Self> {
        let corp = fields.required("corp", rules::id);
        let identifier = fields.required("identifier", rules::identifier);
        let kind = fields.required("kind", rules::word(&["wecom_qr", "wecom_mobile"]));
        let mode = fields.required("mode", rules::word(&["self_built", "agency"]));
        let agent_id = fields.required("agent_id", rules::integer(1, i64::from(u32::MAX)));
        let secret = if context.patching {
            fields.kept("secret", rules::visible_ascii(512))
        } else {
            fields.required("secret", rules::visible_ascii(512)).map(Some)
        };
        let display_names = fields.required("display_names", rules::display_names);
        let logo_url = fields.optional("logo_url", uris::picture);
        let scope = fields.defaulted("scope", SourceScope::Base, |value: &Value| {
            let scope = rules::word(&["snsapi_base", "snsapi_privateinfo"])(value)?;
            only(kind, SourceKind::WecomMobile, scope == SourceScope::PrivateInfo).map(|()| scope)
        });
        let panel = fields.defaulted("panel", false, |value: &Value| {
            let panel = rules::boolean(value)?;
            only(kind, SourceKind::WecomQr, panel).map(|()| panel)
        });
        let login_only = fields.defaulted("login_only", false, rules::boolean);
        let association = fields.defaulted(
            "association",
            AssociationMode::None,
            rules::word(&["none", "field", "ask"]),
        );
        let association_policy = fields.defaulted(
            "association_policy",
            AssociationPolicy::default(),
            source_policy::rule(mode),
        );
        let policy = association_policy.as_ref();
        if let Some(flaw) =
            policy.and_then(|policy| source_policy::without_rules(association, policy))
        {
            fields.flaw("association_policy", &flaw);
        }
        let status =
            fields.defaulted("status", Status::Active, rules::word(&["active", "disabled"]));
        Some(Self {
            corp: corp?,
            identifier: identifier?,
            kind: kind?,
            mode: mode?,
            agent_id: agent_id?,
            secret: secret?.map(SecretString::from),
            display_names: display_names?,
            logo_url: logo_url?,
            scope: scope?,
            panel: panel?,
            login_only: login_only?,
            association: association?,
            association_policy: association_policy?,
            status: status?,
        })
    }
}

/// A value that only one kind of source may have.
fn only(kind: Option<SourceKind>, right: SourceKind, used: bool) -> Result<(), Flaws> {
    match kind {
        Some(kind) if used && kind != right => {
            let text = format!("is for sources of kind {right}: leave it out");
            Err(vec![Flaw::new("kind", text)])
        }
        _ => Ok(()),
    }
}

impl NewIdentitySource {
    /// What never changes, and what may, with this secret.
    pub(crate) fn split(self, secret: SecretString) -> (NewRow, SourceSettings) {
        let row = NewRow {
            corp: self.corp,
            identifier: self.identifier,
            kind: self.kind,
            mode: self.mode,
        };
        let settings = SourceSettings {
            agent_id: self.agent_id,
            secret,
            display_names: self.display_names,
            logo_url: self.logo_url,
            scope: self.scope,
            panel: self.panel,
            login_only: self.login_only,
            association: self.association,
            policy: self.association_policy,
            status: self.status,
        };
        (row, settings)
    }
}

/// A source as it would be written, without its secret.
pub(crate) fn written(source: &Source) -> Value {
    json!({
        "corp": source.corp,
        "identifier": source.identifier,
        "kind": source.kind,
        "mode": source.mode,
        "agent_id": source.agent_id,
        "display_names": source.display_names.0,
        "logo_url": source.logo_url,
        "scope": source.scope,
        "panel": source.panel,
        "login_only": source.login_only,
        "association": source.association,
        "association_policy": source.policy.0,
        "status": source.status,
    })
}
