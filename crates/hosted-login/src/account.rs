//! A person's own account: the page, and the way to it. Changes are in `changes.rs`.

mod changes;
mod view;

use actix_web::web::Bytes;
use actix_web::{HttpResponse, Responder};
use askama::Template;
use broker::{Browser, Next};
use oidc::Params;

pub(crate) use self::changes::{
    add, change_password, end_others, end_session, link, password, removal, remove, withdraw,
};
use crate::answer::{self, Policy, add_cookie};
use crate::context::Context;
use crate::cookie;
use crate::failure::Failure;
use crate::forward::answer_next;
use crate::language::Language;
use crate::pages::{self, ActionView, LanguageLink, Notice};
use crate::texts::account::{AccountTexts, Done};

/// What the token of the account's forms is for.
const ACCOUNT: &str = "account";
/// The account page.
const PAGE: &str = "/account";
/// The way to a fresh sign-in.
const SIGN_IN: &str = "/account/sign-in";

/// `GET /account`.
pub(crate) async fn show(context: Context) -> impl Responder {
    let result = page(&context).await;
    context.answer(result).await
}

async fn page(context: &Context) -> Result<HttpResponse, Failure> {
    let broker = &context.site.broker;
    let Some(account) = broker.account(&context.tenant, &context.visitor).await? else {
        return enter(context, false).await;
    };
    let params = context.query()?;
    let own = Own::new(context, &params)?;
    let done = params.only("done");
    let done = Done::ALL.into_iter().find(|known| done == Some(known.code()));
    let page = view::account(context, &own, &account, done)?;
    own.page(context, &page.frame.nonce, &page)
}

/// `GET /account/sign-in`: a sign-in for a change that needs a fresh one.
pub(crate) async fn sign_in(context: Context) -> impl Responder {
    let result = enter(&context, true).await;
    context.answer(result).await
}

/// Sends the browser to a sign-in, and then here.
async fn enter(context: &Context, fresh: bool) -> Result<HttpResponse, Failure> {
    let secret = context.browser_or_new()?;
    let browser = Browser::of(&secret);
    let begun = context.site.broker.enter_account(&context.tenant, &browser, fresh).await?;
    let mut response = answer_next(context, &Next::Login(Box::new(begun)))?;
    answer::add_cookie(&mut response, &cookie::plant_browser(&secret));
    Ok(response)
}

/// `POST /account/sign-out`: the session of this browser ends.
pub(crate) async fn sign_out(mut context: Context, body: Bytes) -> impl Responder {
    let result = end(&mut context, &body).await;
    context.answer(result).await
}

async fn end(context: &mut Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let (_, own) = own_form(context, body)?;
    context.site.broker.sign_out(&context.tenant, &context.visitor).await?;
    let mut response = answer::redirect(&own.at("/account/signed-out"));
    Ok(response.cookie(cookie::remove_session()).finish())
}

/// `GET /account/signed-out`.
pub(crate) async fn signed_out(context: Context) -> impl Responder {
    let result = farewell(&context).await;
    context.answer(result).await
}

async fn farewell(context: &Context) -> Result<HttpResponse, Failure> {
    if context.site.broker.live_session(&context.tenant, &context.visitor).await?.is_some() {
        return Ok(answer::redirect(PAGE).finish());
    }
    let own = Own::new(context, &context.query()?)?;
    let frame = frame(context, "/account/signed-out")?;
    let label = frame.texts.sign_in_again.to_owned();
    let actions = vec![ActionView { href: own.at(PAGE), label, primary: true }];
    let nonce = frame.nonce.clone();
    own.page(context, &nonce, &pages::SignedOut { frame, actions })
}

/// What every page of the account and its forms have in common.
struct Own {
    texts: &'static AccountTexts,
    csrf: String,
    secret: secrecy::SecretString,
    /// The language that the person chose: their browser asks for another one.
    ui_locales: Option<&'static str>,
}

impl Own {
    fn new(context: &Context, params: &Params) -> Result<Self, Failure> {
        let secret = context.browser_or_new()?;
        let chosen = params.only("ui_locales").is_some();
        Ok(Self {
            texts: AccountTexts::of(context.language),
            csrf: cookie::csrf(&secret, ACCOUNT),
            secret,
            ui_locales: chosen.then(|| context.language.tag()),
        })
    }

    /// The end of the addresses of pages: the language, if one was chosen.
    fn query(&self) -> String {
        self.ui_locales.map(|tag| format!("?ui_locales={tag}")).unwrap_or_default()
    }

    /// An address of ours, in the chosen language.
    fn at(&self, path: &str) -> String {
        self.with(path, None)
    }

    /// The same with a parameter.
    fn with(&self, path: &str, param: Option<(&'static str, &str)>) -> String {
        let language = self.ui_locales.map(|tag| ("ui_locales", tag));
        oidc::append(path, param.into_iter().chain(language))
    }

    /// A page, with the secret that its forms rest on.
    fn page(
        &self,
        context: &Context,
        nonce: &str,
        template: &impl Template,
    ) -> Result<HttpResponse, Failure> {
        let mut response = answer::page(200, nonce, &Policy::default(), template)?;
        if context.browser_secret.is_none() {
            add_cookie(&mut response, &cookie::plant_browser(&self.secret));
        }
        Ok(response)
    }
}

/// The frame of a page at this path, which may have a query.
fn frame(context: &Context, path: &str) -> Result<pages::Frame, Failure> {
    let mut frame = context.frame()?;
    let href = |language: Language| oidc::append(path, [("ui_locales", language.tag())]);
    frame.languages =
        Language::ALL.map(|language| LanguageLink { language, href: href(language) }).to_vec();
    Ok(frame)
}

/// A form of the account's pages, from our page (attack Q4), in the language of that page.
fn own_form(context: &mut Context, body: &Bytes) -> Result<(Params, Own), Failure> {
    let params = context.own_form(body, ACCOUNT)?;
    context.prefer(params.only("ui_locales"));
    let own = Own::new(context, &params)?;
    Ok((params, own))
}

/// The ways on from a failure on the account's pages, best first.
pub(crate) fn ways_on(language: Language, path: &str, notice: Notice) -> Vec<ActionView> {
    if path != PAGE && !path.starts_with("/account/") {
        return Vec::new();
    }
    let mut ways = Vec::new();
    if notice == Notice::SignInFirst {
        let label = crate::texts::Texts::of(language).sign_in_again.to_owned();
        ways.push(ActionView { href: SIGN_IN.to_owned(), label, primary: true });
    }
    let label = AccountTexts::of(language).back.to_owned();
    ways.push(ActionView { href: PAGE.to_owned(), label, primary: ways.is_empty() });
    ways
}
