//! From what the broker knows of an account to what its page shows.

use broker::Account;
use chrono::{DateTime, SecondsFormat, Utc};
use store::audit::{ActorKind, OfUser};
use store::granted::Granted;
use store::identity::{LinkStatus, Listed};
use store::session;
use store::user::User;

use super::{Own, PAGE, frame};
use crate::context::Context;
use crate::device::{Device, Program};
use crate::failure::Failure;
use crate::language::Language;
use crate::pages::{
    self, AppView, EventView, FactView, GrantedView, IdentityView, PasswordView, SessionView,
    TimeView,
};
use crate::texts::ApproveTexts;
use crate::texts::account::{AccountTexts, Done, Happening};

/// The scope of access without a session; it has a mark of its own.
const OFFLINE: &str = "offline_access";

pub(super) fn account(
    context: &Context,
    own: &Own,
    account: &Account,
    done: Option<Done>,
) -> Result<pages::Account, Failure> {
    let texts = own.texts;
    let shown = account.password.is_some() || account.could_use_password;
    let since = account.password.as_ref().map(|password| time(password.changed_at));
    Ok(pages::Account {
        frame: frame(context, PAGE)?,
        texts,
        csrf: own.csrf.clone(),
        query: own.query(),
        ui_locales: own.ui_locales,
        done: done.map(texts.done),
        person: person(&account.user, texts),
        facts: facts(&account.user, texts),
        identities: account.identities.iter().map(identity).collect(),
        may_link: !account.linkable.is_empty(),
        password: shown.then_some(PasswordView { since }),
        sessions: account.sessions.iter().map(|row| session(row, account, texts)).collect(),
        apps: account.apps.iter().map(|row| granted(row, context.language)).collect(),
        events: account.events.iter().map(|row| event(row, texts)).collect(),
    })
}

/// Name and picture of the person.
pub(super) fn person(user: &User, texts: &AccountTexts) -> AppView {
    let names = [&user.name, &user.username, &user.email];
    let name = names.into_iter().flatten().find(|name| !name.trim().is_empty());
    let name = name.map_or(texts.heading, String::as_str).to_owned();
    AppView { name, logo_url: user.picture.clone() }
}

fn facts(user: &User, texts: &AccountTexts) -> Vec<FactView> {
    let rows = [
        (texts.email, &user.email, Some(user.email_verified)),
        (texts.phone, &user.phone_number, Some(user.phone_number_verified)),
        (texts.username, &user.username, None),
    ];
    let row = |(label, value, verified): (_, &Option<String>, _)| {
        let value = value.clone().filter(|value| !value.is_empty())?;
        Some(FactView { label, value, verified })
    };
    rows.into_iter().filter_map(row).collect()
}

fn identity(row: &Listed) -> IdentityView {
    IdentityView {
        id: row.id.to_string(),
        corp: corp_name(row).to_owned(),
        name: own_name(row).to_owned(),
        since: time(row.created_at),
        last: time(row.last_sign_in_at),
        suspended: row.status == LinkStatus::Suspended,
    }
}

/// What the person calls the corp.
pub(super) fn corp_name(row: &Listed) -> &str {
    row.corp_name.as_deref().unwrap_or(&row.corp_id)
}

/// What the corp calls the person.
pub(super) fn own_name(row: &Listed) -> &str {
    row.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&row.userid)
}

fn session(row: &session::Listed, account: &Account, texts: &AccountTexts) -> SessionView {
    SessionView {
        id: row.id.to_string(),
        device: device(row.user_agent.as_deref().unwrap_or_default(), texts),
        address: row.address.clone(),
        seen: time(row.last_seen_at),
        is_this: row.id == account.session.id,
    }
}

/// A browser in plain words, such as "Chrome on Windows".
fn device(user_agent: &str, texts: &AccountTexts) -> String {
    let Device { browser, system } = Device::of(user_agent);
    let browser = browser.map(|program| match program {
        Program::WeCom => texts.wecom,
        Program::WeChat => texts.wechat,
        Program::Named(name) => name,
    });
    match (browser, system) {
        (Some(browser), Some(system)) => (texts.device)(browser, system),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => texts.unknown_device.to_owned(),
    }
}

/// What an app was given, in the words of the page that asks for it.
fn granted(row: &Granted, language: Language) -> GrantedView {
    let texts = ApproveTexts::of(language);
    let wanted = oidc::wanted(&row.scope, &row.claims);
    let scopes = wanted.split(' ').filter(|scope| *scope != OFFLINE);
    GrantedView {
        id: row.app_id.to_string(),
        name: row.app_name.clone(),
        gets: scopes.map(|scope| (texts.scope)(scope).unwrap_or(scope).to_owned()).collect(),
        offline: (texts.scope)(OFFLINE).filter(|_| row.offline),
        since: time(row.first_at),
        last: time(row.last_at),
    }
}

fn event(row: &OfUser, texts: &AccountTexts) -> EventView {
    let what = happening(row);
    EventView {
        what: (texts.happening)(what),
        refused: row.result != "ok" && what != Happening::EndedByCorp,
        at: time(row.at),
        app: row.app_name.clone(),
        address: row.address.clone(),
    }
}

fn happening(row: &OfUser) -> Happening {
    match (row.actor_kind, row.action.as_str()) {
        (ActorKind::Operator | ActorKind::ApiKey, _) => Happening::Administrator,
        (ActorKind::System, "sessions.end") => Happening::EndedByCorp,
        (_, "sign_in") => Happening::SignIn,
        (_, "single_sign_on") => Happening::SingleSignOn,
        (_, "sign_out") => Happening::SignOut,
        (_, "user.create") => Happening::Created,
        (_, "identity.link") => Happening::Linked,
        (_, "identity.unlink") => Happening::Unlinked,
        (_, "password.change") => Happening::Password,
        (_, "consent") => Happening::Consented,
        (_, "grants.withdraw") => Happening::Withdrawn,
        (_, "session.end") => Happening::SessionEnded,
        (_, "sessions.end") => Happening::SessionsEnded,
        _ => Happening::Other,
    }
}

fn time(at: DateTime<Utc>) -> TimeView {
    TimeView {
        stamp: at.to_rfc3339_opts(SecondsFormat::Secs, true),
        text: at.format("%Y-%m-%d %H:%M UTC").to_string(),
    }
}
