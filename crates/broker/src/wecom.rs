//! WeCom as an upstream.

mod look_up;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use store::Store;
use store::ephemeral::{Owner, Slot};
use store::id::TenantId;
use store::identity::Subject;
use store::secret::{Place, SecretHash};
use store::source::{self, Source, SourceKind, SourceMode, SourceScope};
use store::user::Profile;
use url::Url;
use wecom::{
    Action, AgentId, CacheEntry, Client, Credentials, InClientLogin, Lang, LockGuardToken, Member,
    MemberDetail, Mode, State, TokenCache, UserInfo, WebLogin,
};

use crate::error::Reason;
use crate::upstream::{Begin, Panel, Upstream, UpstreamFault, UpstreamIdentity, UpstreamValues};

/// The client of WeCom with its tokens in our ephemeral state.
pub type WeComClient = Client<Tokens>;

/// WeCom as an upstream. Cheap to clone.
#[derive(Clone)]
pub struct WeCom {
    client: WeComClient,
    store: Store,
}

impl std::fmt::Debug for WeCom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WeCom")
    }
}

impl WeCom {
    /// A client with these settings over the store.
    pub fn new(settings: wecom::Settings, store: Store) -> Result<Self, wecom::Error> {
        let env = Arc::new(ClientEnv(store.env.clone()));
        let client = Client::new(settings, Tokens(store.clone()), env)?;
        Ok(Self { client, store })
    }

    /// The client.
    pub fn client(&self) -> &WeComClient {
        &self.client
    }

    /// Origin of WeCom's panel, for a page's `frame-src`.
    pub fn panel_origin(&self) -> &str {
        self.client.settings().base_urls.web_login.as_str()
    }

    /// What a call needs to act for a source.
    pub fn credentials(&self, tenant: TenantId, source: &Source) -> store::Result<Credentials> {
        let secret = source::secret(&self.store.keys, tenant, source)?;
        let hash = SecretHash::of(secret.expose_secret()).to_text();
        Ok(Credentials {
            corp_id: source.corp_id.clone(),
            token_key: format!("{tenant}:{}:{hash}", source.corp_id),
            secret,
            egress: source.egress.clone(),
            mode: mode(source.mode),
        })
    }

    /// Whether the refusal of these credentials is older than the source as an administrator last
    /// saved it, which says that they are right now; the refusal is forgotten then.
    async fn was_saved_since(&self, credentials: &Credentials, source: &Source) -> bool {
        let tokens = Tokens(self.store.clone());
        let forgotten = tokens.forget_refusal(&credentials.token_key, source.updated_at).await;
        forgotten.unwrap_or_else(|error| {
            tracing::warn!(%error, source = %source.id, "an old refusal could not be forgotten");
            false
        })
    }

    /// Reads a member as a sign-in learns of them by whom no consent was given.
    pub(crate) async fn read(
        &self,
        tenant: TenantId,
        source: &Source,
        user_id: &wecom::UserId,
    ) -> Result<UpstreamIdentity, UpstreamFault> {
        let credentials = self.credentials(tenant, source).map_err(|error| {
            tracing::error!(%error, source = %source.id, "a source's secret cannot be read");
            UpstreamFault::plain(Reason::SourceMisconfigured)
        })?;
        let proven_at = self.store.env.now();
        let (profile, values) = self.profile(&credentials, user_id, None).await?;
        let subject = subject_of(&source.corp_id, user_id, source.mode);
        Ok(UpstreamIdentity { subject, profile, values, proven_at })
    }

    async fn profile(
        &self,
        credentials: &Credentials,
        user_id: &wecom::UserId,
        ticket: Option<SecretString>,
    ) -> Result<(Profile, UpstreamValues), UpstreamFault> {
        // The directory knows who left and whom the app is not visible to; `getuserinfo` does not
        // [D 98176].
        let member =
            self.client.member(credentials, user_id).await.map_err(|error| fault(&error))?;
        if !member.may_sign_in() {
            return Err(UpstreamFault::plain(Reason::NotAMember));
        }
        let detail = match ticket {
            None => None,
            // The fields are a courtesy: without them the person still is who they are.
            Some(ticket) => self
                .client
                .user_detail(credentials, &ticket, user_id)
                .await
                .inspect_err(|error| tracing::warn!(%error, "no details of a member"))
                .ok(),
        };
        Ok(profile(member, detail))
    }
}

impl Upstream for WeCom {
    fn begin(&self, source: &Source, begin: Begin<'_>) -> Result<String, UpstreamFault> {
        let unusable = || UpstreamFault::plain(Reason::SourceMisconfigured);
        let urls = &self.client.settings().base_urls;
        let redirect_uri = Url::parse(begin.redirect_uri).map_err(|_| unusable())?;
        let state = State::parse(begin.state).map_err(|_| unusable())?;
        let agent_id = AgentId(u64::try_from(source.agent_id).map_err(|_| unusable())?);
        Ok(match source.kind {
            SourceKind::WecomQr => urls.web_login(&WebLogin {
                corp_id: &source.corp_id,
                agent_id,
                redirect_uri: &redirect_uri,
                state: &state,
                lang: begin.language.map(|lang| if lang == "zh" { Lang::Zh } else { Lang::En }),
                panel: begin.panel.map(|panel| wecom::Panel {
                    size: match panel {
                        Panel::Middle => wecom::PanelSize::Middle,
                        Panel::Small => wecom::PanelSize::Small,
                    },
                }),
            }),
            SourceKind::WecomMobile => urls.in_client(&InClientLogin {
                corp_id: &source.corp_id,
                agent_id,
                redirect_uri: &redirect_uri,
                state: &state,
                scope: match (source.scope, begin.consent) {
                    (SourceScope::Base, false) => wecom::Scope::Base,
                    (SourceScope::PrivateInfo, _) | (_, true) => wecom::Scope::PrivateInfo,
                },
            }),
        })
    }

    async fn redeem(
        &self,
        tenant: TenantId,
        source: &Source,
        code: SecretString,
    ) -> Result<UpstreamIdentity, UpstreamFault> {
        let credentials = self.credentials(tenant, source).map_err(|error| {
            tracing::error!(%error, source = %source.id, "a source's secret cannot be read");
            UpstreamFault::plain(Reason::SourceMisconfigured)
        })?;
        let proven_at = self.store.env.now();
        let mut info = self.client.user_info(&credentials, &code).await;
        if info.as_ref().is_err_and(wecom::Error::is_misconfigured)
            && self.was_saved_since(&credentials, source).await
        {
            info = self.client.user_info(&credentials, &code).await;
        }
        let info = info.map_err(|error| fault(&error))?;
        let (user_id, ticket) = match info {
            UserInfo::Member { user_id, user_ticket } => (user_id, user_ticket),
            UserInfo::LinkedCorp => return Err(UpstreamFault::plain(Reason::LinkedCorp)),
            UserInfo::NotMember { .. } => return Err(UpstreamFault::plain(Reason::NotAMember)),
        };
        // The corp from our configuration, never from what the browser brought (rule 3).
        let subject = subject_of(&source.corp_id, &user_id, source.mode);
        let profile = self.profile(&credentials, &user_id, ticket).await;
        let (profile, values) = profile.map_err(|fault| match fault.reason {
            Reason::NotAMember | Reason::NotVisible => {
                UpstreamFault { refused_person: Some(subject.clone()), ..fault }
            }
            _ => fault,
        })?;
        Ok(UpstreamIdentity { subject, profile, values, proven_at })
    }
}

/// The key of a member of a corp: the same whoever names the member, WeCom or an administrator.
pub(crate) fn subject_of(corp_id: &str, user_id: &wecom::UserId, of: SourceMode) -> Subject {
    Subject {
        corp_id: corp_id.to_owned(),
        subject: user_id.subject_key(mode(of)).into_owned(),
        userid: user_id.as_received().to_owned(),
    }
}

fn mode(mode: SourceMode) -> Mode {
    match mode {
        SourceMode::SelfBuilt => Mode::SelfBuilt,
        SourceMode::Agency => Mode::Agency,
    }
}

/// What the directory and the member's consent tell. The corp's mailbox goes before the other one
/// (pain 4).
fn profile(member: Member, detail: Option<MemberDetail>) -> (Profile, UpstreamValues) {
    let (biz_mail, email, mobile, avatar) = match detail {
        Some(detail) => (detail.biz_mail, detail.email, detail.mobile, detail.avatar),
        None => (None, None, None, None),
    };
    let values = UpstreamValues {
        mobile: mobile.or(member.mobile),
        email: email.or(member.email),
        biz_mail: biz_mail.or(member.biz_mail),
    };
    let picture = avatar.or(member.avatar).and_then(|url| match url.strip_prefix("http://") {
        Some(rest) => Some(format!("https://{rest}")),
        None => url.starts_with("https://").then_some(url),
    });
    let profile = Profile {
        name: member.name.or(member.alias),
        email: values.biz_mail.clone().or_else(|| values.email.clone()),
        phone_number: values.mobile.clone(),
        picture,
    };
    (profile, values)
}

/// What a failed call means for the sign-in.
pub(crate) fn fault(error: &wecom::Error) -> UpstreamFault {
    let reason = match error.action() {
        _ if error.is_misconfigured() => Reason::SourceMisconfigured,
        Action::TellAdministrator => Reason::SourceMisconfigured,
        Action::RestartSignIn => Reason::StateUnknown,
        Action::NotAMember => Reason::NotVisible,
        Action::Retry | Action::Wait => match error {
            wecom::Error::Api(_) | wecom::Error::Busy => Reason::UpstreamBusy,
            _ => Reason::UpstreamUnavailable,
        },
        Action::RefreshToken | Action::GiveUp => Reason::UpstreamUnavailable,
    };
    let reason = match error {
        wecom::Error::UnexpectedUserId { .. } => Reason::NotAMember,
        wecom::Error::UnknownEgress(_) => Reason::SourceMisconfigured,
        _ => reason,
    };
    UpstreamFault {
        reason,
        errcode: error.api().map(|api| api.errcode),
        hint: error.api().and_then(|api| api.hint.clone()),
        credentials_refused: error.is_misconfigured(),
        refused_person: None,
    }
}

struct ClientEnv(store::Env);

impl wecom::Env for ClientEnv {
    fn now_unix(&self) -> u64 {
        u64::try_from(self.0.now().timestamp()).unwrap_or(0)
    }

    fn random(&self) -> u64 {
        self.0.bytes().map_or(0, u64::from_be_bytes)
    }
}

/// WeCom's access tokens in the ephemeral state, so that all nodes share one. They are sealed: who
/// reads Redis shall not be able to call WeCom.
#[derive(Debug, Clone)]
pub struct Tokens(Store);

const TOKEN: Slot<Vec<u8>> = Slot::new("wecom_token", Duration::from_hours(2));
/// When WeCom last refused: a refusal counts until somebody saves the source.
const REFUSED_AT: Slot<DateTime<Utc>> = Slot::new("wecom_refused_at", Duration::from_hours(2));
const LOCK: Slot<String> = Slot::new("wecom_token_lock", Duration::from_secs(30));

/// Secrets of a tenant that WeCom refused. Several wrong ones ban our address for an hour, for all
/// tenants [D 90312]: who saves one wrong secret after another has to wait.
const REFUSALS: Slot<u64> = Slot::new("wecom_refusals", Duration::from_hours(1));
const REFUSALS_AN_HOUR: u64 = 10;

/// The tenant that a token's key begins with.
fn tenant_of(key: &str) -> &str {
    key.split(':').next().unwrap_or_default()
}

fn place(key: &str) -> Place<'_> {
    Place { tenant: None, column: "ephemeral.wecom_token", row: key.as_bytes() }
}

impl Tokens {
    /// Forgets a refusal from before this time. Whether the last one was.
    async fn forget_refusal(&self, key: &str, before: DateTime<Utc>) -> store::Result<bool> {
        let ephemeral = &self.0.ephemeral;
        let at: Option<DateTime<Utc>> = ephemeral.get(&REFUSED_AT, Owner::Deployment, key).await?;
        if at.is_none_or(|at| at >= before) {
            return Ok(false);
        }
        if let Some(CacheEntry::Refused(_)) = self.get(key).await? {
            // A token that arrives between the two lines costs one more `gettoken`, no more.
            ephemeral.take(&TOKEN, Owner::Deployment, key).await?;
        }
        Ok(true)
    }
}

impl TokenCache for Tokens {
    type Error = store::Error;

    async fn get(&self, key: &str) -> Result<Option<CacheEntry>, store::Error> {
        let sealed = self.0.ephemeral.get(&TOKEN, Owner::Deployment, key).await?;
        // What cannot be opened was sealed with a key that has been taken out since: fetch anew.
        let text = sealed.and_then(|sealed| self.0.keys.open_text(place(key), &sealed).ok());
        Ok(text.and_then(|text| CacheEntry::from_text(text.expose_secret())))
    }

    async fn put(&self, key: &str, entry: &CacheEntry, ttl: Duration) -> Result<(), store::Error> {
        let text = entry.to_text();
        let sealed = self.0.keys.seal(&self.0.env, place(key), text.expose_secret().as_bytes())?;
        if let CacheEntry::Refused(refusal) = entry {
            if matches!(refusal.errcode, 40001 | 40013 | 40091) {
                self.0.ephemeral.count(&REFUSALS, Owner::Deployment, tenant_of(key)).await?;
            }
            let (at, now) = (REFUSED_AT.lasting(ttl), self.0.env.now());
            self.0.ephemeral.put(&at, Owner::Deployment, key, &now).await?;
        }
        self.0.ephemeral.put(&TOKEN.lasting(ttl), Owner::Deployment, key, &sealed).await
    }

    async fn forget_if(&self, key: &str, token: &SecretString) -> Result<(), store::Error> {
        if let Some(CacheEntry::Token(cached)) = self.get(key).await?
            && cached.token.expose_secret() == token.expose_secret()
        {
            // A token that arrives between the two lines costs one more `gettoken`, no more.
            self.0.ephemeral.take(&TOKEN, Owner::Deployment, key).await?;
        }
        Ok(())
    }

    async fn try_lock(
        &self,
        key: &str,
        ttl: Duration,
    ) -> Result<Option<LockGuardToken>, store::Error> {
        // The lock is what a `gettoken` begins with.
        let refusals: Option<u64> =
            self.0.ephemeral.get(&REFUSALS, Owner::Deployment, tenant_of(key)).await?;
        if refusals.is_some_and(|refusals| refusals >= REFUSALS_AN_HOUR) {
            tracing::warn!(
                tenant = tenant_of(key),
                "too many refused secrets: no call for an hour"
            );
            return Err(store::Error::Unavailable(
                "too many refused secrets within an hour".into(),
            ));
        }
        let guard = self.0.env.alphanumeric(22)?;
        let taken =
            self.0.ephemeral.put_new(&LOCK.lasting(ttl), Owner::Deployment, key, &guard).await?;
        Ok(taken.then_some(LockGuardToken(guard)))
    }

    async fn unlock(&self, key: &str, guard: LockGuardToken) -> Result<(), store::Error> {
        if self.0.ephemeral.get(&LOCK, Owner::Deployment, key).await? == Some(guard.0) {
            self.0.ephemeral.take(&LOCK, Owner::Deployment, key).await?;
        }
        Ok(())
    }
}
