//! What a person changes about their account: each a form of ours, each after a fresh sign-in, but for
//! taking access away from an app.

use actix_web::web::{Bytes, Path};
use actix_web::{HttpResponse, Responder};
use broker::offer::Offer;
use broker::{Browser, PasswordChange};
use password::Unacceptable;
use secrecy::SecretString;

use super::{Own, PAGE, frame, own_form, view};
use crate::answer;
use crate::context::Context;
use crate::failure::Failure;
use crate::login::{interaction_id, source_view};
use crate::pages::{AccountAdd, AccountPassword, AccountRemove, Notice, Problem};
use crate::texts::account::Done;

/// The page on which the source to be added is chosen.
const ADD: &str = "/account/identities/add";
/// The page on which a password is chosen.
const PASSWORD: &str = "/account/password";

/// A part of a path that has to be an id; nothing else is there.
fn id<I: std::str::FromStr>(text: &str) -> Result<I, Failure> {
    text.parse().map_err(|_| Failure::Notice(Notice::NotFound))
}

/// To the account page, which says what was done.
fn done(own: &Own, what: Done) -> HttpResponse {
    answer::redirect(&own.with(PAGE, Some(("done", what.code())))).finish()
}

/// `POST /account/identities`: begins to add a way in.
pub(crate) async fn link(mut context: Context, body: Bytes) -> impl Responder {
    let result = begin_link(&mut context, &body).await;
    context.answer(result).await
}

async fn begin_link(context: &mut Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let (_, own) = own_form(context, body)?;
    let browser = Browser::of(&own.secret);
    let broker = &context.site.broker;
    let begun = broker.begin_link(&context.tenant, &context.visitor, &browser).await?;
    let location = own.with(ADD, Some(("interaction", &begun.id.to_string())));
    Ok(answer::redirect(&location).finish())
}

/// `GET /account/identities/add`: which source is to be added.
pub(crate) async fn add(context: Context) -> impl Responder {
    let result = choose(&context).await;
    context.answer(result).await
}

async fn choose(context: &Context) -> Result<HttpResponse, Failure> {
    let params = context.query()?;
    let interaction = interaction_id(&params)?;
    let own = Own::new(context, &params)?;
    let broker = &context.site.broker;
    let choices = broker.link_choices(&context.tenant, &interaction, &context.visitor).await?;
    let Some(account) = broker.account(&context.tenant, &context.visitor).await? else {
        return Err(Failure::Notice(Notice::SignInFirst));
    };
    let offer = Offer::sort(choices, &context.client());
    let language = context.language;
    let path = oidc::append(ADD, [("interaction", &*interaction.to_string())]);
    let page = AccountAdd {
        frame: frame(context, &path)?,
        texts: own.texts,
        query: own.query(),
        person: view::person(&account.user, own.texts),
        sources: offer
            .usable
            .into_iter()
            .map(|source| source_view(source, &interaction, language))
            .collect(),
        elsewhere: !offer.unusable.is_empty(),
    };
    own.page(context, &page.frame.nonce, &page)
}

/// `GET /account/identities/{id}`: asks before a way in is removed.
pub(crate) async fn removal(context: Context, identity: Path<String>) -> impl Responder {
    let result = ask(&context, &identity).await;
    context.answer(result).await
}

async fn ask(context: &Context, identity: &str) -> Result<HttpResponse, Failure> {
    let own = Own::new(context, &context.query()?)?;
    let broker = &context.site.broker;
    let found = broker.removable(&context.tenant, &context.visitor, id(identity)?).await?;
    let page = AccountRemove {
        frame: frame(context, &format!("/account/identities/{identity}"))?,
        texts: own.texts,
        csrf: own.csrf.clone(),
        query: own.query(),
        ui_locales: own.ui_locales,
        id: identity.to_owned(),
        corp: view::corp_name(&found.identity).to_owned(),
        name: view::own_name(&found.identity).to_owned(),
        is_last: found.is_last,
    };
    own.page(context, &page.frame.nonce, &page)
}

/// `POST /account/identities/{id}`: removes a way in.
pub(crate) async fn remove(
    mut context: Context,
    identity: Path<String>,
    body: Bytes,
) -> impl Responder {
    let result = unlink(&mut context, &identity, &body).await;
    context.answer(result).await
}

async fn unlink(
    context: &mut Context,
    identity: &str,
    body: &Bytes,
) -> Result<HttpResponse, Failure> {
    let (_, own) = own_form(context, body)?;
    context.site.broker.unlink(&context.tenant, &context.visitor, id(identity)?).await?;
    Ok(done(&own, Done::Unlinked))
}

/// `GET /account/password`: the form.
pub(crate) async fn password(context: Context) -> impl Responder {
    let result = password_form(&context).await;
    context.answer(result).await
}

async fn password_form(context: &Context) -> Result<HttpResponse, Failure> {
    let params = context.query()?;
    let own = Own::new(context, &params)?;
    let broker = &context.site.broker;
    broker.fresh_session(&context.tenant, &context.visitor).await?;
    let Some(account) = broker.account(&context.tenant, &context.visitor).await? else {
        return Err(Failure::Notice(Notice::SignInFirst));
    };
    if account.password.is_none() && !account.could_use_password {
        return Err(Failure::Notice(Notice::NotOffered));
    }
    let problem = params.only("problem");
    let user = account.user;
    let email = user.email.filter(|_| user.email_verified);
    let phone = user.phone_number.filter(|_| user.phone_number_verified);
    let page = AccountPassword {
        frame: frame(context, PASSWORD)?,
        texts: own.texts,
        csrf: own.csrf.clone(),
        query: own.query(),
        ui_locales: own.ui_locales,
        username: user.username.or(email).or(phone),
        has_password: account.password.is_some(),
        problem: Problem::ALL.into_iter().find(|known| problem == Some(known.code())),
    };
    own.page(context, &page.frame.nonce, &page)
}

/// `POST /account/password`: chooses a password.
pub(crate) async fn change_password(mut context: Context, body: Bytes) -> impl Responder {
    let result = choose_password(&mut context, &body).await;
    context.answer(result).await
}

async fn choose_password(context: &mut Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let (params, own) = own_form(context, body)?;
    let typed = |name| Ok::<_, Failure>(params.get(name)?.unwrap_or_default());
    let (new, repeated) = (typed("new")?, typed("repeated")?);
    let problem = if new == repeated {
        let [current, new] = [typed("current")?, new].map(SecretString::from);
        let broker = &context.site.broker;
        let (tenant, visitor) = (&context.tenant, &context.visitor);
        problem_of(broker.change_password(tenant, visitor, current, new).await?)
    } else {
        Some(Problem::Different)
    };
    Ok(match problem {
        None => done(&own, Done::Password),
        Some(problem) => {
            let location = own.with(PASSWORD, Some(("problem", problem.code())));
            answer::redirect(&location).finish()
        }
    })
}

fn problem_of(change: PasswordChange) -> Option<Problem> {
    Some(match change {
        PasswordChange::Done => return None,
        PasswordChange::WrongCurrent => Problem::WrongCurrent,
        PasswordChange::Unacceptable(flaw) => match flaw {
            Unacceptable::TooShort => Problem::TooShort,
            Unacceptable::TooLong => Problem::TooLong,
            Unacceptable::Common => Problem::Common,
            Unacceptable::Repetitive => Problem::Repetitive,
            Unacceptable::Personal => Problem::Personal,
            Unacceptable::Characters => Problem::Characters,
        },
    })
}

/// `POST /account/sessions/{id}/end`: signs another browser out.
pub(crate) async fn end_session(
    mut context: Context,
    session: Path<String>,
    body: Bytes,
) -> impl Responder {
    let result = end_one(&mut context, &session, &body).await;
    context.answer(result).await
}

async fn end_one(
    context: &mut Context,
    session: &str,
    body: &Bytes,
) -> Result<HttpResponse, Failure> {
    let (_, own) = own_form(context, body)?;
    context.site.broker.end_own_session(&context.tenant, &context.visitor, id(session)?).await?;
    Ok(done(&own, Done::SessionEnded))
}

/// `POST /account/sessions/end`: signs all other browsers out.
pub(crate) async fn end_others(mut context: Context, body: Bytes) -> impl Responder {
    let result = end_all(&mut context, &body).await;
    context.answer(result).await
}

async fn end_all(context: &mut Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let (_, own) = own_form(context, body)?;
    context.site.broker.end_other_sessions(&context.tenant, &context.visitor).await?;
    Ok(done(&own, Done::SessionsEnded))
}

/// `POST /account/apps/{app}/withdraw`: takes back what an app was given.
pub(crate) async fn withdraw(
    mut context: Context,
    app: Path<String>,
    body: Bytes,
) -> impl Responder {
    let result = take_back(&mut context, &app, &body).await;
    context.answer(result).await
}

async fn take_back(
    context: &mut Context,
    app: &str,
    body: &Bytes,
) -> Result<HttpResponse, Failure> {
    let (_, own) = own_form(context, body)?;
    context.site.broker.withdraw(&context.tenant, &context.visitor, id(app)?).await?;
    Ok(done(&own, Done::Withdrawn))
}
