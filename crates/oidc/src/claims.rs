//! Claims about a person: which scope gives which (OpenID Connect Core §5.4), and the `claims`
//! parameter, which asks for them one by one (§5.5).

use serde_json::{Map, Value};
use store::app::App;
use store::grant::{Claims, LiveGrant};
use store::id::UserId;

use crate::acr::Acr;
use crate::error::{ErrorCode, OAuthError};
use crate::jose::json;

/// Longest `claims` parameter, in bytes.
const AT_MOST: usize = 4096;

/// Claims and the scope that gives each.
const CLAIMS: [(&str, &str); 8] = [
    ("name", "profile"),
    ("preferred_username", "profile"),
    ("picture", "profile"),
    ("updated_at", "profile"),
    ("email", "email"),
    ("email_verified", "email"),
    ("phone_number", "phone"),
    ("phone_number_verified", "phone"),
];

/// The names of all claims about a person.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CLAIMS.iter().map(|(name, _)| *name)
}

/// What a `claims` parameter asks.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Claims about the person.
    pub(crate) claims: Claims,
    /// Who it may be about, if it says so.
    pub(crate) users: Option<Vec<UserId>>,
    /// What the sign-in has to prove, if it is essential.
    pub(crate) acr: Option<Acr>,
}

/// Reads a `claims` parameter. Claims that we do not know, or that the app's scopes do not give, are
/// left out, as the standard says.
pub(crate) fn parse(text: &str, app: &App) -> Result<Asked, OAuthError> {
    let wrong = OAuthError::invalid_request("claims is not a JSON object of id_token and userinfo");
    if text.len() > AT_MOST {
        return Err(OAuthError::invalid_request("claims is longer than 4096 bytes"));
    }
    // What names a member twice could be read in two ways (attack B3).
    let asked = json::object(text.as_bytes()).map_err(|_| wrong)?;
    let member = |name: &str| match asked.get(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        // OpenID Connect Core §5.5.1: each is null or an object.
        Some(Value::Object(claims))
            if claims.values().all(|claim| claim.is_null() || claim.is_object()) =>
        {
            Ok(claims.clone())
        }
        Some(_) => Err(wrong),
    };
    let (id_token, userinfo) = (member("id_token")?, member("userinfo")?);
    let known = |claims: &Map<String, Value>| {
        let names: Vec<String> = claims.keys().cloned().collect();
        allowed(app, &names)
    };
    let restricted = [&id_token, &userinfo].map(|claims| claims.get("sub").and_then(users));
    let users = match restricted {
        // Both have to hold (attack B7).
        [Some(one), Some(other)] => {
            Some(one.into_iter().filter(|user| other.contains(user)).collect())
        }
        [one, other] => one.or(other),
    };
    let acr = id_token.get("acr").map_or(Ok(None), acr)?;
    let claims = Claims { userinfo: known(&userinfo), id_token: known(&id_token) };
    Ok(Asked { claims, users, acr })
}

/// The scopes that give these claims.
pub(crate) fn scopes_of(names: &[String]) -> impl Iterator<Item = &'static str> {
    let asked = CLAIMS.iter().filter(|(claim, _)| names.iter().any(|name| name == claim));
    asked.map(|(_, scope)| *scope)
}

/// Scopes and single claims together, as the scopes that give them; separated by spaces.
#[must_use]
pub fn wanted(scope: &str, claims: &Claims) -> String {
    let mut all: Vec<&str> = scope.split(' ').collect();
    for single in scopes_of(&claims.userinfo).chain(scopes_of(&claims.id_token)) {
        if !all.contains(&single) {
            all.push(single);
        }
    }
    all.join(" ")
}

/// Those of these claims that the app's scopes give. Asked again whenever they are given: a scope may
/// have been taken away meanwhile (attack F2).
pub(crate) fn allowed(app: &App, names: &[String]) -> Vec<String> {
    let given = CLAIMS.iter().filter(|(_, scope)| app.protocol.allows(scope));
    let given = given.filter(|(claim, _)| names.iter().any(|name| name == claim));
    given.map(|(claim, _)| (*claim).to_owned()).collect()
}

/// The values that a claim may have: `value`, or `values`.
fn values(asked: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let several = asked.get("values").and_then(Value::as_array).into_iter().flatten();
    asked.get("value").into_iter().chain(several).filter_map(Value::as_str)
}

/// What the sign-in has to prove: the least of what will do. Nothing is left to a sign-in where no value
/// that is asked for is one of ours (OpenID Connect Core §5.5.1.1).
fn acr(asked: &Value) -> Result<Option<Acr>, OAuthError> {
    let Value::Object(asked) = asked else { return Ok(None) };
    let essential = asked.get("essential").and_then(Value::as_bool).unwrap_or(false);
    if !essential || !(asked.contains_key("value") || asked.contains_key("values")) {
        return Ok(None);
    }
    let unmet = ErrorCode::UnmetAuthenticationRequirements;
    let unmet = OAuthError::new(unmet, "no sign-in here proves what the essential acr asks for");
    values(asked).filter_map(Acr::from_name).min().map(Some).ok_or(unmet)
}

/// Whom the request may be about. A name that is no id is nobody's, and leaves nobody.
fn users(sub: &Value) -> Option<Vec<UserId>> {
    let sub = sub.as_object()?;
    let restricted = sub.contains_key("value") || sub.contains_key("values");
    restricted.then(|| values(sub).filter_map(|id| id.parse().ok()).collect())
}

/// The claims about a person that a scope, and single claims beside it, allow. What we do not know is
/// left out.
pub(crate) fn about(grant: &LiveGrant, scope: &str, single: &[String]) -> Map<String, Value> {
    let mut claims = Map::new();
    for (name, by) in CLAIMS {
        let allowed = scope.split(' ').any(|granted| granted == by)
            || single.iter().any(|asked| asked == name);
        if let Some(value) = value(grant, name).filter(|_| allowed) {
            claims.insert(name.to_owned(), value);
        }
    }
    claims
}

fn value(grant: &LiveGrant, name: &str) -> Option<Value> {
    let text = |text: &Option<String>| text.clone().map(Value::from);
    match name {
        "name" => text(&grant.name),
        "preferred_username" => text(&grant.username),
        "picture" => text(&grant.picture),
        "updated_at" => Some(grant.updated_at.timestamp().into()),
        "email" => text(&grant.email),
        // What WeCom gives is not verified: it does not say that it checked [D 95833].
        "email_verified" => grant.email.as_ref().map(|_| grant.email_verified.into()),
        "phone_number" => text(&grant.phone_number),
        "phone_number_verified" => {
            grant.phone_number.as_ref().map(|_| grant.phone_number_verified.into())
        }
        _ => None,
    }
}
