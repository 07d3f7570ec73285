//! What an administrator says about a user: read by one set of rules for a new one, a change and a row
//! of an import.

use secrecy::SecretString;
use serde_json::Value;
use store::account::Unique;
use store::account_change::{Change, Edit};
use store::normal::{self, Email, Handle, Phone};
use store::user::{User, UserStatus};
use utoipa::ToSchema;

use crate::fields::{self, Context, Edits as _, Fields, Flaw, Flaws, Input};
use crate::problem::Problem;
use crate::rules;

/// Longest name, in characters.
const NAME_AT_MOST: usize = 128;

/// A user to be made.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read by account")]
pub(crate) struct NewUser {
    /// The person's name, as shown.
    #[schema(required = false, min_length = 1, max_length = 128, example = "张三")]
    name: Option<String>,
    /// The name to sign in by. Unique in the tenant, without regard to case and width.
    #[schema(required = false, min_length = 1, max_length = 64, example = "zhangsan")]
    username: Option<String>,
    /// Your own number of the person, such as the personnel number. Unique in the tenant, without
    /// regard to case and width; imports go by it.
    #[schema(required = false, min_length = 1, max_length = 64, example = "A-0017")]
    external_id: Option<String>,
    /// Mail address.
    #[schema(required = false, max_length = 254, example = "zhangsan@acme.example")]
    email: Option<String>,
    /// Whether it is the person's beyond doubt. A verified address is one user's in the tenant: people
    /// sign in and are matched by it. If nothing is said, a new address is not verified.
    #[schema(required = false, default = false)]
    email_verified: bool,
    /// Phone number, with its country; a mobile number of mainland China also without.
    #[schema(required = false, max_length = 32, example = "13800000000")]
    phone_number: Option<String>,
    /// Whether it is the person's beyond doubt, as with the mail address.
    #[schema(required = false, default = false)]
    phone_number_verified: bool,
    /// A password: 8 to 128 characters, not a common one, without name, address or number of the person.
    #[schema(required = false, value_type = Option<String>, write_only, min_length = 8, max_length = 128, example = "correct horse battery")]
    password: Option<SecretString>,
}

/// A new user, as it was read.
#[derive(Debug)]
pub(crate) struct NewAccount {
    /// What is known of it.
    pub(crate) change: Change,
    /// Its password, which has been checked.
    pub(crate) password: Option<SecretString>,
}

impl Input for NewAccount {
    fn read(fields: &mut Fields, _: Context<'_>) -> Option<Self> {
        let change = account(fields);
        fields.flaws(without_value(&change, None));
        let about = [
            change.name.value().map(String::as_str),
            change.username.value().map(Handle::as_str),
            change.external_id.value().map(Handle::as_str),
            change.email.value().map(Email::as_str),
            change.phone_number.value().map(Phone::as_str),
        ];
        let about: Vec<_> = about.into_iter().flatten().collect();
        let password = fields.optional("password", |value| {
            let password = secret(value)?;
            acceptable(&password, &about).map(|()| password)
        });
        Some(Self { password: password?, change })
    }
}

/// A change of a user, as it was read.
#[derive(Debug)]
pub(crate) struct UserPatch {
    /// What changes of the account.
    pub(crate) change: Change,
    /// What the status becomes.
    pub(crate) status: Option<UserStatus>,
}

impl Input for UserPatch {
    fn read(fields: &mut Fields, _: Context<'_>) -> Option<Self> {
        let change = account(fields);
        let status = fields.kept("status", rules::word(&["active", "suspended"]));
        Some(Self { change, status: status? })
    }
}

/// A password to be set.
#[derive(Debug, ToSchema)]
pub(crate) struct NewPassword {
    /// 8 to 128 characters, not a common one, without name, address or number of the person.
    #[schema(value_type = String, write_only, min_length = 8, max_length = 128, example = "correct horse battery")]
    pub(crate) password: SecretString,
}

impl Input for NewPassword {
    fn read(fields: &mut Fields, _: Context<'_>) -> Option<Self> {
        Some(Self { password: fields.required("password", secret)? })
    }
}

impl NewPassword {
    /// Whether this user may have it.
    pub(crate) fn check(&self, user: &User) -> Result<(), Problem> {
        acceptable(&self.password, &user.known_by()).map_err(|flaws| {
            fields::invalid(flaws.into_iter().map(|flaw| flaw.under("/password")).collect())
        })
    }
}

/// The fields of an account: what is there is set, null takes away, the rest stays.
pub(crate) fn account(fields: &mut Fields) -> Change {
    let mark = |edit| match edit {
        Edit::Keep => None,
        Edit::Clear => Some(false),
        Edit::Set(verified) => Some(verified),
    };
    Change {
        name: fields.edit("name", |value| Ok(rules::text(NAME_AT_MOST)(value)?.trim().to_owned())),
        username: fields.edit("username", |value| form(value, Handle::parse)),
        external_id: fields.edit("external_id", |value| form(value, Handle::parse)),
        email: fields.edit("email", |value| form(value, Email::parse)),
        email_verified: mark(fields.edit("email_verified", rules::boolean)),
        phone_number: fields.edit("phone_number", |value| form(value, Phone::parse)),
        phone_number_verified: mark(fields.edit("phone_number_verified", rules::boolean)),
    }
}

/// A text that has a normal form.
fn form<T>(value: &Value, parse: impl FnOnce(&str) -> Result<T, normal::Flaw>) -> Result<T, Flaws> {
    parse(rules::string(value)?).map_err(|flaw| {
        let code = match flaw {
            normal::Flaw::Empty | normal::Flaw::TooLong(_) => "length",
            normal::Flaw::Form(_) => "format",
        };
        vec![Flaw::new(code, flaw.to_string())]
    })
}

fn secret(value: &Value) -> Result<SecretString, Flaws> {
    Ok(rules::string(value)?.to_owned().into())
}

fn acceptable(password: &SecretString, about: &[&str]) -> Result<(), Flaws> {
    password::check(password, about).map_err(|reason| {
        let text = reason.to_string();
        vec![Flaw::new(reason.code(), text.trim_start_matches("the password "))]
    })
}

/// What is said to be verified without being there, in the account as it is afterwards.
pub(crate) fn without_value(change: &Change, user: Option<&User>) -> Flaws {
    let email = is_missing(&change.email, user.and_then(|user| user.email.as_deref()));
    let phone =
        is_missing(&change.phone_number, user.and_then(|user| user.phone_number.as_deref()));
    let marks = [
        ("email", email && change.email_verified == Some(true)),
        ("phone_number", phone && change.phone_number_verified == Some(true)),
    ];
    let flaw = |field: &str| {
        let text = format!("is true, but there is no {field}: add it");
        Flaw::new("without_value", text).under(&format!("/{field}_verified"))
    };
    marks.iter().filter(|(_, wrong)| *wrong).map(|(field, _)| flaw(field)).collect()
}

fn is_missing<T>(edit: &Edit<T>, current: Option<&str>) -> bool {
    match edit {
        Edit::Keep => current.is_none(),
        Edit::Clear => true,
        Edit::Set(_) => false,
    }
}

/// What to tell whoever wants a value that somebody else has.
pub(crate) fn taken(field: Unique) -> (&'static str, &'static str) {
    match field {
        Unique::Username => ("/username", "username is another user's: choose another"),
        Unique::ExternalId => ("/external_id", "external_id is another user's: choose another"),
        Unique::Email => ("/email", "email is verified for another user: correct one of the two"),
        Unique::PhoneNumber => {
            ("/phone_number", "phone_number is verified for another user: correct one of the two")
        }
    }
}

/// The same as a problem.
pub(crate) fn conflict(field: Unique) -> Problem {
    let (pointer, detail) = taken(field);
    Problem::conflict(pointer, "taken", detail)
}
