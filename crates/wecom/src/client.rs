//! The calls of the server API.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use crate::{
    Agent, AgentId, Credentials, EmailKind, Env, Error, Member, MemberDetail, Settings, TokenCache,
    UserId, UserInfo, agent, look_up, member,
    refresh::is_busy,
    reply,
    transport::{Call, Transport},
    user_info,
};

/// Retries of a call that WeCom is too busy for [D 90313].
const RETRIES: u32 = 3;

/// The client; clones share the connections and the cache.
pub struct Client<C> {
    inner: Arc<Inner<C>>,
}

impl<C> Clone for Client<C> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

pub(crate) struct Inner<C> {
    pub(crate) transport: Transport,
    pub(crate) cache: C,
    pub(crate) env: Arc<dyn Env>,
    pub(crate) settings: Settings,
}

impl<C: TokenCache> Client<C> {
    /// A client with its pools of connections; nothing is called yet. It fails when a proxy URL or
    /// the system's root certificates can't be used.
    pub fn new(settings: Settings, cache: C, env: Arc<dyn Env>) -> Result<Self, Error> {
        let transport = Transport::new(&settings)?;
        Ok(Self { inner: Arc::new(Inner { transport, cache, env, settings }) })
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Sees to it that a good access token is in the cache: every call does so by itself; this
    /// way, a code is not yet at stake.
    pub async fn access_token(&self, credentials: &Credentials) -> Result<SecretString, Error> {
        self.inner.access_token(credentials).await
    }

    /// Asks WeCom now whether corp id and secret are good: one `gettoken`, never repeated, past
    /// any cached refusal [D 91039]. For an administrator's save or test only; limit how often:
    /// several wrong secrets ban our address for an hour.
    pub async fn verify_secret(&self, credentials: &Credentials) -> Result<(), Error> {
        self.inner.fetch_once(credentials).await
    }

    /// Redeems a `code`: `auth/getuserinfo` [D 91023, D 98176]. "Busy" is repeated, and a token
    /// error once with a fresh token: both leave the code alone, as far as is known. Nothing else
    /// is repeated, least of all a lost reply: the code may be used up.
    pub async fn user_info(
        &self,
        credentials: &Credentials,
        code: &SecretString,
    ) -> Result<UserInfo, Error> {
        let path = user_info::PATH;
        let call = Call { path, query: vec![("code", code.expose_secret())], body: None };
        let reply = self.inner.call_with_token(credentials, &call, |errcode| errcode == -1).await?;
        UserInfo::from_reply(reply)
    }

    /// What the member consented to: `auth/getuserdetail` [D 95833]. `expected` is the `userid` of
    /// [`Client::user_info`]; a reply about somebody else is [`Error::Mismatch`].
    pub async fn user_detail(
        &self,
        credentials: &Credentials,
        user_ticket: &SecretString,
        expected: &UserId,
    ) -> Result<MemberDetail, Error> {
        let body = serde_json::json!({ "user_ticket": user_ticket.expose_secret() }).to_string();
        let path = member::DETAIL_PATH;
        let call = Call { path, query: vec![], body: Some(body.into()) };
        let reply = self.inner.call_with_token(credentials, &call, |_| false).await?;
        MemberDetail::from_reply(reply, expected, credentials.mode)
    }

    /// A member of the directory: `user/get` [D 90196]. Whether this member may sign in is
    /// [`Member::may_sign_in`].
    pub async fn member(
        &self,
        credentials: &Credentials,
        user_id: &UserId,
    ) -> Result<Member, Error> {
        let path = member::PATH;
        let call = Call { path, query: vec![("userid", user_id.as_received())], body: None };
        let reply = self.inner.call_with_token(credentials, &call, is_busy).await?;
        Member::from_reply(reply, user_id, credentials.mode)
    }

    /// Who has the mobile number (5 to 32 bytes): `user/getuserid` [D 95402]. Nobody if it is not
    /// in the directory or its owner is outside the visible range. Wrong look-ups above a fifth of
    /// the corp's size block the call for a day, for everybody ([`crate::Action::Wait`]): never let
    /// a visitor whom nobody knows cause one. Only "busy" and a stale token are repeated.
    pub async fn user_id_by_mobile(
        &self,
        credentials: &Credentials,
        mobile: &str,
    ) -> Result<Option<UserId>, Error> {
        let body = look_up::by_mobile(mobile)?;
        self.look_up(credentials, look_up::MOBILE_PATH, body).await
    }

    /// Who has the e-mail address (1 to 254 bytes) of that kind: `user/get_userid_by_email`
    /// [D 95895]. For the rest it is as [`Client::user_id_by_mobile`].
    pub async fn user_id_by_email(
        &self,
        credentials: &Credentials,
        email: &str,
        kind: EmailKind,
    ) -> Result<Option<UserId>, Error> {
        let body = look_up::by_email(email, kind)?;
        self.look_up(credentials, look_up::EMAIL_PATH, body).await
    }

    async fn look_up(
        &self,
        credentials: &Credentials,
        path: &'static str,
        body: SecretString,
    ) -> Result<Option<UserId>, Error> {
        let call = Call { path, query: vec![], body: Some(body) };
        let reply = self.inner.call_with_token(credentials, &call, is_busy).await;
        look_up::found(path, reply)
    }

    /// The app itself: `agent/get` [D 90227].
    pub async fn agent(
        &self,
        credentials: &Credentials,
        agent_id: AgentId,
    ) -> Result<Agent, Error> {
        let number = agent_id.to_string();
        let call = Call { path: agent::PATH, query: vec![("agentid", &number)], body: None };
        let reply = self.inner.call_with_token(credentials, &call, is_busy).await?;
        Agent::from_reply(reply, agent_id)
    }
}

impl<C: TokenCache> Inner<C> {
    /// A call with the app's token. If the token is stale it is fetched once and the call is
    /// repeated once.
    async fn call_with_token<T: DeserializeOwned>(
        self: &Arc<Self>,
        credentials: &Credentials,
        call: &Call<'_>,
        retry: fn(i64) -> bool,
    ) -> Result<T, Error> {
        let token = self.access_token(credentials).await?;
        let first = self.call_retrying(credentials, call, Some(&token), retry).await;
        let stale = |error: &Error| error.api().is_some_and(crate::ApiError::is_stale_token);
        if !first.as_ref().is_err_and(stale) {
            return first;
        }
        let key = &credentials.token_key;
        self.cache.forget_if(key, &token).await.map_err(Error::cache)?;
        let token = self.access_token(credentials).await?;
        self.call_retrying(credentials, call, Some(&token), retry).await
    }

    /// A call, and at most three more while its refusal is one of `retry`.
    pub(crate) async fn call_retrying<T: DeserializeOwned>(
        &self,
        credentials: &Credentials,
        call: &Call<'_>,
        token: Option<&SecretString>,
        retry: fn(i64) -> bool,
    ) -> Result<T, Error> {
        let began = Instant::now();
        let mut retries = 0;
        loop {
            let result = self.call_once(credentials, call, token).await;
            let busy = |error: &Error| error.api().is_some_and(|api| retry(api.errcode));
            if retries == RETRIES || !result.as_ref().is_err_and(busy) {
                return result;
            }
            let pause = self.pause(retries);
            if began.elapsed() + pause >= self.settings.call_timeout {
                return result;
            }
            sleep(pause).await;
            retries += 1;
        }
    }

    pub(crate) async fn call_once<T: DeserializeOwned>(
        &self,
        credentials: &Credentials,
        call: &Call<'_>,
        token: Option<&SecretString>,
    ) -> Result<T, Error> {
        let body = self.transport.send(credentials.egress.as_deref(), call, token).await?;
        reply::read(call.path, &body).inspect_err(report)
    }

    /// Doubles with each retry, and up to once the first pause is added at random.
    fn pause(&self, retries: u32) -> std::time::Duration {
        let first = self.settings.retry_pause;
        // 0..=1 in thousandths
        let share = u32::try_from(self.env.random() % 1001).unwrap_or(0);
        first * 2u32.pow(retries) + first * share / 1000
    }
}

/// The support reference belongs in the log, wherever the error goes.
fn report(error: &Error) {
    let Some(api) = error.api() else {
        tracing::warn!(%error, "WeCom's reply can't be read");
        return;
    };
    tracing::warn!(
        path = api.path,
        errcode = api.errcode,
        hint = api.hint,
        from_ip = api.from_ip.map(tracing::field::display),
        "WeCom refused"
    );
}
