//! Every function that reads through a scope.

use futures_util::FutureExt as _;
use store::account_change::{self, Change, Edit};
use store::audit::Order;
use store::candidate::{self, Wanted};
use store::id::UserId;
use store::identity::{self, Subject};
use store::link_event::{self, Filter};
use store::normal::Email;
use store::page::Page;
use store::user::{self, Origin, User, UserStatus};
use store::user_search::{self, Search};
use store::{
    Scope, account, api_key, app, audit, consent, contact_callback, corp, grant, granted,
    hand_over, initial_access_token, password, registration, revoked_token, session, signing_key,
    source, survey, trace, verification_file, way_in,
};

use super::{Probe, Reads, read};
use crate::world::{FIRST, Sample, account_settings, profile};

/// Whether a page has a row that the sample's owner knows.
fn holds<T>(page: &Page<T>, is_it: impl Fn(&T) -> bool) -> bool {
    page.items.iter().any(is_it)
}

/// Every function that reads through a scope.
pub(super) fn reads<S: Scope>() -> Vec<Probe<Reads<S>>> {
    [source_reads(), sign_in_reads(), account_reads(), console_reads()]
        .into_iter()
        .flatten()
        .collect()
}

fn source_reads<S: Scope>() -> Vec<Probe<Reads<S>>> {
    vec![
        read("corp::find", |s, of, _| {
            async { Ok(corp::find(s, of.corp.id).await?.is_some()) }.boxed()
        }),
        read("corp::modes", |s, of, _| {
            async { Ok(!corp::modes(s, of.corp.id).await?.is_empty()) }.boxed()
        }),
        read("corp::list", |s, of, _| {
            async { Ok(holds(&corp::list(s, FIRST).await?, |row| row.id == of.corp.id)) }.boxed()
        }),
        read("source::find", |s, of, _| {
            async { Ok(source::find(s, of.source.id).await?.is_some()) }.boxed()
        }),
        read("source::find_by_identifier", |s, of, _| {
            let same = |row: source::Source| row.id == of.source.id;
            async move { Ok(source::find_by_identifier(s, "wecom").await?.is_some_and(same)) }
                .boxed()
        }),
        read("source::list", |s, of, _| {
            async { Ok(holds(&source::list(s, FIRST).await?, |row| row.id == of.source.id)) }
                .boxed()
        }),
        read("source::of_app", |s, of, _| {
            async { Ok(!source::of_app(s, of.app).await?.is_empty()) }.boxed()
        }),
        read("source::active", |s, of, _| {
            async { Ok(source::active(s).await?.iter().any(|row| row.id == of.source.id)) }.boxed()
        }),
        read("source::usable", |s, of, _| {
            async { Ok(source::usable(s, of.app, "wecom").await?.is_some()) }.boxed()
        }),
        read("app::find", |s, of, _| async { Ok(app::find(s, of.app).await?.is_some()) }.boxed()),
        read("app::list", |s, of, _| {
            async { Ok(holds(&app::list(s, FIRST).await?, |row| row.id == of.app)) }.boxed()
        }),
        read("app::links_of_app", |s, of, _| {
            async { Ok(!app::links_of_app(s, of.app).await?.is_empty()) }.boxed()
        }),
        read("app::links_of_source", |s, of, _| {
            async { Ok(!app::links_of_source(s, of.source.id).await?.is_empty()) }.boxed()
        }),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn sign_in_reads<S: Scope>() -> Vec<Probe<Reads<S>>> {
    vec![
        read("user::find", |s, of, _| {
            async { Ok(user::find(s, of.user).await?.is_some()) }.boxed()
        }),
        read("user_search::list", |s, of, _| {
            async {
                let page = user_search::list(s, None, FIRST).await?;
                Ok(holds(&page, |row| row.user.id == of.user))
            }
            .boxed()
        }),
        read("user_search::find", |s, of, _| {
            async { Ok(user_search::find(s, of.user).await?.is_some()) }.boxed()
        }),
        read("user_search::search", |s, of, _| {
            let search = Search::starting(&own_name(of));
            async move { Ok(!user_search::search(s, search, None, 10).await?.items.is_empty()) }
                .boxed()
        }),
        read("user::of_external_ids", |s, of, _| {
            let id = account_settings(&own_name(of)).external_id.unwrap();
            async move { Ok(!user::of_external_ids(s, &[&id]).await?.is_empty()) }.boxed()
        }),
        read("hand_over::find", |s, of, w| {
            async { Ok(hand_over::find(s, w.env(), of.session.id, of.app).await?.is_some()) }
                .boxed()
        }),
        read("session::is_of_user", |s, of, _| {
            session::is_of_user(s, of.session.id, of.user).boxed()
        }),
        read("identity::listed", |s, of, _| {
            async { Ok(!identity::listed(s, of.user).await?.is_empty()) }.boxed()
        }),
        read("app::sign_in_methods_of_any", |s, _, _| {
            async { Ok(!app::sign_in_methods_of_any(s).await?.is_empty()) }.boxed()
        }),
        read("identity::linked_user", |s, of, _| {
            // Both tenants have this corp and this userid.
            let same = |row: identity::LinkedUser| row.user_id == of.user;
            async move { Ok(identity::linked_user(s, &of.subject).await?.is_some_and(same)) }
                .boxed()
        }),
        read("identity::of_user", |s, of, _| {
            async { Ok(!identity::of_user(s, of.user).await?.is_empty()) }.boxed()
        }),
        read("session::find", |s, of, w| {
            async { Ok(session::find(s, w.env(), &of.token).await?.is_some()) }.boxed()
        }),
        read("session::find_to_end", |s, of, _| {
            async { Ok(session::find_to_end(s, &of.token).await?.is_some()) }.boxed()
        }),
        read("grant::of_code", |s, of, _| {
            async { Ok(grant::of_code(s, of.app, &of.code).await?.is_some()) }.boxed()
        }),
        read("session::find_for_app", |s, of, w| {
            async { Ok(session::find_for_app(s, w.env(), &of.token, &of.client).await?.is_some()) }
                .boxed()
        }),
        read("session::of_user", |s, of, w| {
            async { Ok(!session::of_user(s, w.env(), of.user).await?.is_empty()) }.boxed()
        }),
        read("grant::of_access_token", |s, of, w| {
            async {
                let found = grant::of_access_token(s, w.env(), of.grant, of.app.0);
                Ok(found.await?.is_some())
            }
            .boxed()
        }),
        read("grant::of_refresh_token", |s, of, w| {
            async { Ok(grant::of_refresh_token(s, w.env(), &of.refresh).await?.is_some()) }.boxed()
        }),
        read("revoked_token::is_revoked", |s, of, _| {
            revoked_token::is_revoked(s, of.revoked).boxed()
        }),
        read("app::has_web_origin", |s, of, _| {
            async { app::has_web_origin(s, &of.client.protocol.web_origins[0]).await }.boxed()
        }),
        read("consent::find", |s, of, _| {
            async { Ok(consent::find(s, of.user, of.app).await?.is_some()) }.boxed()
        }),
        read("granted::of_user", |s, of, w| {
            async {
                let page = granted::of_user(s, w.env(), of.user, FIRST).await?;
                Ok(holds(&page, |row| row.app_id == of.app))
            }
            .boxed()
        }),
        read("grant::find_live", |s, of, w| {
            async { Ok(grant::find_live(s, w.env(), of.grant).await?.is_some()) }.boxed()
        }),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn account_reads<S: Scope>() -> Vec<Probe<Reads<S>>> {
    vec![
        read("account::by_name", |s, of, _| {
            async { Ok(!account::by_name(s, &own_name(of)).await?.is_empty()) }.boxed()
        }),
        read("account::find_by_external_id", |s, of, _| {
            let id = account_settings(&own_name(of)).external_id.unwrap();
            async move { Ok(account::find_by_external_id(s, &id).await?.is_some()) }.boxed()
        }),
        read("account::find_by_username", |s, of, _| {
            let name = account_settings(&own_name(of)).username.unwrap();
            async move { Ok(account::find_by_username(s, &name).await?.is_some()) }.boxed()
        }),
        read("account::by_address", |s, of, _| {
            let email = account_settings(&own_name(of)).email;
            async move { Ok(account::by_address(s, email.as_ref(), None).await?.is_some()) }.boxed()
        }),
        read("account_change::taken", |s, of, _| {
            async {
                // Somebody else wants the name.
                let username = account_settings(&own_name(of)).username.unwrap();
                let change = Change { username: Edit::Set(username), ..Change::default() };
                let stranger = stranger(of);
                let difference = change.against(&stranger);
                Ok(account_change::taken(s, &stranger, &difference).await?.is_some())
            }
            .boxed()
        }),
        read("account::taken", |s, of, _| {
            let settings = account_settings(&own_name(of));
            async move { Ok(account::taken(s, None, &settings).await?.is_some()) }.boxed()
        }),
        read("candidate::verified", |s, of, _| {
            let settings = account_settings(&own_name(of));
            let wanted = Wanted { email: settings.email, ..Wanted::default() };
            async move {
                Ok(!candidate::verified(s, &of.subject.corp_id, &wanted).await?.is_empty())
            }
            .boxed()
        }),
        read("candidate::unverified", |s, of, _| {
            // Both tenants have a user with this address.
            let email = Email::parse(&profile().email.unwrap()).ok();
            let wanted = Wanted { email, ..Wanted::default() };
            async move {
                let found = candidate::unverified(s, &of.subject.corp_id, &wanted).await?;
                Ok(found.iter().any(|row| row.user_id == of.user))
            }
            .boxed()
        }),
        read("identity::find", |s, of, _| {
            async { Ok(identity::find(s, of.identity).await?.is_some()) }.boxed()
        }),
        read("identity::has_of_corp", |s, of, _| {
            identity::has_of_corp(s, of.user, &of.subject.corp_id).boxed()
        }),
        read("link_event::find", |s, of, _| {
            async { Ok(link_event::find(s, of.linked).await?.is_some()) }.boxed()
        }),
        read("link_event::last_of_person", |s, of, _| {
            async {
                let Subject { corp_id, subject, .. } = &of.subject;
                let last = link_event::last_of_person(s, corp_id, subject).await?;
                Ok(last.is_some_and(|row| row.id == of.linked))
            }
            .boxed()
        }),
        read("link_event::list", |s, of, _| {
            let list = link_event::list(s, Filter::default(), FIRST);
            async { Ok(holds(&list.await?, |row| row.id == of.linked)) }.boxed()
        }),
        read("survey::count", |s, _, _| {
            async { Ok(survey::count(s).await?.usernames > 0) }.boxed()
        }),
        read("way_in::without", |s, of, _| {
            async { Ok(way_in::without(s, of.user, None).await?.any()) }.boxed()
        }),
        read("trace::audit_steps", |s, of, _| {
            async { Ok(!trace::audit_steps(s, &of.tenant.host).await?.is_empty()) }.boxed()
        }),
        read("trace::link_steps", |s, of, _| {
            async { Ok(!trace::link_steps(s, &of.tenant.host).await?.is_empty()) }.boxed()
        }),
        read("audit::of_user", |s, of, _| {
            async { Ok(!audit::of_user(s, of.user, 10).await?.is_empty()) }.boxed()
        }),
        read("audit::signed_in_from", |s, of, _| {
            async {
                let since = of.tenant.created_at - chrono::TimeDelta::seconds(1);
                let found = audit::signed_in_from(s, of.user, since).await?;
                Ok(found.contains(&ADDRESS.to_owned()))
            }
            .boxed()
        }),
        read("audit::changes_of_user", |s, of, _| {
            let since = of.tenant.created_at;
            async move { Ok(!audit::changes_of_user(s, of.user, since, None).await?.is_empty()) }
                .boxed()
        }),
        read("password::find", |s, of, _| {
            async { Ok(password::find(s, of.user).await?.is_some()) }.boxed()
        }),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn console_reads<S: Scope>() -> Vec<Probe<Reads<S>>> {
    vec![
        read("api_key::find", |s, of, _| {
            async { Ok(api_key::find(s, of.api_key).await?.is_some()) }.boxed()
        }),
        read("api_key::list", |s, of, _| {
            async { Ok(holds(&api_key::list(s, FIRST).await?, |row| row.id == of.api_key)) }.boxed()
        }),
        read("initial_access_token::find", |s, of, _| {
            async { Ok(initial_access_token::find(s, of.initial).await?.is_some()) }.boxed()
        }),
        read("initial_access_token::list", |s, of, _| {
            async {
                let page = initial_access_token::list(s, FIRST).await?;
                Ok(holds(&page, |row| row.id == of.initial))
            }
            .boxed()
        }),
        read("initial_access_token::usable", |s, of, w| {
            async {
                let found = initial_access_token::usable(s, w.env(), &of.initial_hash);
                Ok(found.await?.is_some())
            }
            .boxed()
        }),
        read("registration::find", |s, of, _| {
            async { Ok(registration::find(s, of.app, &of.initial_hash).await?.is_some()) }.boxed()
        }),
        read("audit::list", |s, of, _| {
            async {
                let trace = Some(of.tenant.host.clone());
                let filter = store::audit::Filter { trace, ..Default::default() };
                Ok(!audit::list(s, &filter, Order::Descending, FIRST).await?.items.is_empty())
            }
            .boxed()
        }),
        read("signing_key::find", |s, of, _| {
            async { Ok(signing_key::find(s, of.key).await?.is_some()) }.boxed()
        }),
        read("signing_key::list", |s, of, w| {
            async {
                // What is listed does not even open for the other tenant.
                let listed = signing_key::list(s).await?;
                let opens =
                    |key| signing_key::private_key(&w.store.keys, of.tenant.id, key).is_ok();
                Ok(listed.iter().any(opens))
            }
            .boxed()
        }),
        read("contact_callback::find", |s, of, _| {
            async { Ok(contact_callback::find(s, of.corp.id).await?.is_some()) }.boxed()
        }),
        read("contact_callback::at", |s, of, _| {
            async { Ok(contact_callback::at(s, &of.tenant.host).await?.is_some()) }.boxed()
        }),
        read("verification_file::find", |s, of, _| {
            let name = own_file(of);
            async move { Ok(verification_file::find(s, &name).await?.is_some()) }.boxed()
        }),
        read("verification_file::list", |s, of, _| {
            let name = own_file(of);
            async move { Ok(verification_file::list(s).await?.iter().any(|file| file.name == name)) }
                .boxed()
        }),
    ]
}

/// A user that nobody has.
fn stranger(of: &Sample) -> User {
    User {
        id: UserId(uuid::Uuid::nil()),
        status: UserStatus::Active,
        origin: Origin::Console,
        username: None,
        external_id: None,
        name: None,
        email: None,
        email_verified: false,
        phone_number: None,
        phone_number_verified: false,
        picture: None,
        version: 1,
        created_at: of.tenant.created_at,
        updated_at: of.tenant.created_at,
    }
}

/// Where the sample's user signed in.
pub(super) const ADDRESS: &str = "192.0.2.7";

/// The user name of an account that only the sample's tenant has.
pub(super) fn own_name(of: &Sample) -> String {
    of.tenant.id.to_string()
}

pub(super) fn own_file(of: &Sample) -> String {
    format!("WW_verify_{}.txt", of.tenant.id)
}
