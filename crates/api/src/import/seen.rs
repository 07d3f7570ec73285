//! What must be unique in a file: two rows for one account would change it to and fro each time.

use std::collections::HashMap;

use aws_lc_rs::digest;
use store::account_change::Change;
use store::normal::{Email, Handle, Phone};

use super::row::{Failure, Row};

/// The unique values of the rows so far, as half a hash each (16 bytes, whatever their length), and the
/// lines of their rows.
#[derive(Default)]
pub(super) struct Seen(HashMap<[u8; 16], u32>);

impl Seen {
    /// Notes a row's values, unless an earlier row has one of them.
    pub(super) fn note(&mut self, row: &Row) -> Result<(), Failure> {
        let claims = claims(&row.change);
        for (field, key) in &claims {
            if let Some(line) = self.0.get(&digest_of(field, key)) {
                let text = format!("stands in line {line} too: keep one of the two rows");
                return Err(Failure::of_field(row.line, field, "duplicate", &text));
            }
        }
        let claims = claims.iter().map(|(field, key)| (digest_of(field, key), row.line));
        self.0.extend(claims);
        Ok(())
    }
}

fn claims(change: &Change) -> Vec<(&'static str, &str)> {
    let Change { username, external_id, email, phone_number, .. } = change;
    let email = email.value().filter(|_| change.email_verified == Some(true));
    let phone = phone_number.value().filter(|_| change.phone_number_verified == Some(true));
    let claims = [
        ("external_id", external_id.value().map(Handle::key)),
        ("username", username.value().map(Handle::key)),
        ("email", email.map(Email::key)),
        ("phone_number", phone.map(Phone::key)),
    ];
    claims.into_iter().filter_map(|(field, key)| Some((field, key?))).collect()
}

fn digest_of(field: &str, key: &str) -> [u8; 16] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(field.as_bytes());
    context.update(b":");
    context.update(key.as_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&context.finish().as_ref()[..16]);
    half
}
