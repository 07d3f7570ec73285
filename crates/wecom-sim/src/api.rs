//! The server API under `/cgi-bin/`: transport rules, credentials, error replies.

mod agent;
mod gettoken;
mod lookup;
mod member;
mod userinfo;

use std::{future::ready, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse, Route,
    web::{self, Bytes, Data, ServiceConfig},
};
use serde_json::{Map, Value, json};

use crate::{
    directory::{Company, Directory},
    request::{Repeated, Request},
    state::State,
    tokens::{Access, Invalidation, Role},
};

/// The errcode of a response, left on it for the journal.
pub(crate) struct Errcode(pub(crate) i64);

/// An errcode that a call ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failure(i64);

impl From<Repeated> for Failure {
    /// Not documented; a strict reading is "invalid parameter".
    fn from(Repeated: Repeated) -> Self {
        Self(40_035)
    }
}

/// A call's outcome: the fields besides `errcode` and `errmsg`.
type Reply = Result<Map<String, Value>, Failure>;
type Body = Result<Bytes, actix_web::Error>;
type Handler = fn(&State, &Request) -> Reply;

/// The API's table.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let mut resource = |path: &str, route: Route, handler: Handler| {
        config.service(
            web::resource(path)
                .route(route.to(move |state: Data<State>, http, body: Body| {
                    ready(run(&state, &Request::new(http, body.ok()), handler))
                }))
                .default_service(web::to(wrong_method)),
        );
    };
    resource("/cgi-bin/gettoken", web::get(), gettoken::gettoken);
    resource("/cgi-bin/auth/getuserinfo", web::get(), userinfo::getuserinfo);
    resource("/cgi-bin/auth/getuserdetail", web::post(), userinfo::getuserdetail);
    resource("/cgi-bin/user/get", web::get(), member::get);
    resource("/cgi-bin/user/getuserid", web::post(), lookup::by_mobile);
    resource("/cgi-bin/user/get_userid_by_email", web::post(), lookup::by_email);
    resource("/cgi-bin/agent/get", web::get(), agent::get);
}

fn run(state: &State, request: &Request, handler: Handler) -> HttpResponse {
    match handler(state, request) {
        Ok(fields) => success(fields),
        Err(Failure(code)) => failure(state, &request.caller_ip(state), code),
    }
}

/// 40063 covers "wrong HTTP method" [D 90313], with HTTP 200 like every failure.
async fn wrong_method(state: Data<State>, http: HttpRequest) -> HttpResponse {
    let request = Request::new(http, None);
    failure(&state, &request.caller_ip(&state), 40_063)
}

fn success(fields: Map<String, Value>) -> HttpResponse {
    let mut body = Map::new();
    body.insert("errcode".to_owned(), json!(0));
    body.insert("errmsg".to_owned(), json!("ok"));
    body.extend(fields);
    with_code(HttpResponse::Ok().json(body), 0)
}

/// HTTP 200 with the errcode and the documented tail of `errmsg`.
pub(crate) fn failure(state: &State, ip: &str, code: i64) -> HttpResponse {
    let errmsg = format!(
        "{}, hint: [{}], from ip: {ip}, more info at \
         https://open.work.weixin.qq.com/devtool/query?e={code}",
        meaning(code),
        state.hint(),
    );
    with_code(HttpResponse::Ok().json(json!({ "errcode": code, "errmsg": errmsg })), code)
}

/// Leaves the errcode on the response for the journal.
pub(crate) fn with_code(mut response: HttpResponse, code: i64) -> HttpResponse {
    response.extensions_mut().insert(Errcode(code));
    response
}

/// Who calls, after the checks that every call shares, in this order: token missing (41001),
/// unknown (40014) or expired (42001), app disabled (50003), IP not trusted (60020).
fn caller(state: &State, world: &Directory, request: &Request) -> Result<Arc<Access>, Failure> {
    let token = request.value("access_token")?.ok_or(Failure(41_001))?;
    let access = state.tokens.check(state.now(), token).map_err(|how| match how {
        Invalidation::Invalid => Failure(40_014),
        Invalidation::Expired => Failure(42_001),
    })?;
    let company = world.corp(&access.corp).ok_or(Failure(40_014))?;
    if let Role::App(agentid) = access.role {
        let app = company.app(agentid).ok_or(Failure(40_014))?;
        if app.closed {
            return Err(Failure(50_003));
        }
        if let Some(trusted) = &app.trusted_ips
            && !trusted.contains(&request.caller_ip(state))
        {
            return Err(Failure(60_020));
        }
    }
    Ok(access)
}

/// The corp of a caller who passed [`caller`] under the same guard.
fn company<'a>(world: &'a Directory, access: &Access) -> Result<&'a Company, Failure> {
    world.corp(&access.corp).ok_or(Failure(40_014))
}

/// The caller's agentid; contact sync gets `code` instead.
fn agentid(access: &Access, code: i64) -> Result<i64, Failure> {
    match access.role {
        Role::App(agentid) => Ok(agentid),
        Role::Contact => Err(Failure(code)),
    }
}

/// The request's body: too large (40206), no JSON object (40058).
fn body(request: &Request) -> Result<Map<String, Value>, Failure> {
    let body = request.body.as_ref().ok_or(Failure(40_206))?;
    serde_json::from_slice(body).map_err(|_| Failure(40_058))
}

/// The text before the tail, in WeCom's manner.
fn meaning(code: i64) -> &'static str {
    match code {
        -1 => "system busy",
        40_001 => "invalid credential",
        40_003 => "invalid userid",
        40_013 => "invalid corpid",
        40_014 => "invalid access_token",
        40_029 => "invalid code",
        40_035 => "invalid parameter",
        40_056 => "invalid agentid",
        40_058 => "invalid Request Parameter",
        40_063 => "some parameters are empty or the method is wrong",
        40_206 => "request body too large",
        41_001 => "access_token missing",
        41_002 => "corpid missing",
        41_004 => "corpsecret missing",
        41_008 => "missing code",
        41_009 => "missing userid",
        41_011 => "missing agentid",
        42_001 => "access_token expired",
        42_003 => "code expired",
        42_022 => "code been used",
        45_009 => "api freq out of limit",
        46_004 => "user not exist",
        48_002 => "api forbidden",
        48_009 => "api forbidden for contact-sync from this ip",
        50_001 => "redirect_url is not a trusted domain of the app",
        50_003 => "app is disabled",
        60_020 => "not allow to access from your ip",
        60_111 => "userid not found",
        84_014 => "user_ticket expired",
        84_015 => "invalid user_ticket",
        84_090 => "missing user_ticket",
        92_000 => "user not in the app's visible range",
        92_001 => "app has no sensitive-data permission",
        301_002 => "not allow operate another agent with this accesstoken",
        _ => "error",
    }
}
