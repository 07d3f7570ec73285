//! What WeCom tells of a corp's members [D 90970, D 90240].

use aws_lc_rs::digest;
use roxmltree::{Document, Node};

use crate::callback::CallbackError;
use crate::user_id::UserId;

/// Something that has happened in a corp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactEvent {
    /// SHA-256 of the message: the same if WeCom sends it again, which it does when it got no answer.
    pub digest: [u8; 32],
    /// What it was.
    pub change: ContactChange,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactChange {
    /// A member has left: was deleted (`delete_user`), switched off (`update_user` with status 2, or 5
    /// for one who has left), or may not see the app any more (`unsubscribe`).
    Left(UserId),
    /// A member has another userid now (`update_user` with `NewUserID`): everything is told of the new
    /// one from now on.
    Renamed {
        /// The userid that nobody has any more.
        old: UserId,
        /// The one instead.
        new: UserId,
    },
    /// Anything else.
    Other,
}

impl ContactEvent {
    /// Reads a decrypted message.
    pub(crate) fn read(message: &str) -> Result<Self, CallbackError> {
        let document = Document::parse(message).map_err(|_| CallbackError::Body)?;
        let hash = digest::digest(&digest::SHA256, message.as_bytes());
        let digest = hash.as_ref().try_into().map_err(|_| CallbackError::Body)?;
        let root = document.root_element();
        let (event, kind) = (text(root, "Event"), text(root, "ChangeType"));
        let is_off = || matches!(text(root, "Status"), Some("2" | "5"));
        let userid = match (event, kind) {
            (Some("change_contact"), Some("delete_user")) => text(root, "UserID"),
            (Some("change_contact"), Some("update_user")) if is_off() => text(root, "UserID"),
            (Some("unsubscribe"), _) => text(root, "FromUserName"),
            (Some("change_contact"), Some("update_user")) => {
                let change = renamed(root).unwrap_or(ContactChange::Other);
                return Ok(Self { digest, change });
            }
            _ => return Ok(Self { digest, change: ContactChange::Other }),
        };
        let userid = userid.and_then(|userid| UserId::parse(userid).ok());
        let change = ContactChange::Left(userid.ok_or(CallbackError::Body)?);
        Ok(Self { digest, change })
    }
}

/// A member's change to another userid.
fn renamed(root: Node<'_, '_>) -> Option<ContactChange> {
    let userid = |name| text(root, name).and_then(|text| UserId::parse(text).ok());
    let (old, new) = (userid("UserID")?, userid("NewUserID")?);
    (old != new).then_some(ContactChange::Renamed { old, new })
}

/// What is encrypted in the body of a POST. It is read before anything proves who sent it: no document
/// type, no entity but XML's own.
pub(crate) fn encrypted(body: &str) -> Result<String, CallbackError> {
    let document = Document::parse(body).map_err(|_| CallbackError::Body)?;
    text(document.root_element(), "Encrypt").map(str::to_owned).ok_or(CallbackError::Body)
}

/// The text of the only child of this name.
fn text<'d>(root: Node<'d, '_>, name: &str) -> Option<&'d str> {
    let mut named = root.children().filter(|child| child.has_tag_name(name));
    let only = named.next()?;
    if named.next().is_some() { None } else { only.text().map(str::trim) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_switches_off_or_renames() {
        let lisi = || UserId::parse("lisi").unwrap();
        let renamed =
            |new| ContactChange::Renamed { old: lisi(), new: UserId::parse(new).unwrap() };
        for (rest, expected) in [
            ("<NewUserID><![CDATA[li.si]]></NewUserID>", renamed("li.si")),
            ("<NewUserID>LiSi</NewUserID>", renamed("LiSi")),
            ("<NewUserID>lisi</NewUserID>", ContactChange::Other),
            ("<NewUserID><![CDATA[]]></NewUserID>", ContactChange::Other),
            ("<NewUserID/><Department>1</Department>", ContactChange::Other),
            ("<Status>2</Status>", ContactChange::Left(lisi())),
            ("<Status>1</Status>", ContactChange::Other),
        ] {
            let message = format!(
                "<xml><ToUserName>a</ToUserName><Event>change_contact</Event>\
                 <ChangeType>update_user</ChangeType><UserID>lisi</UserID>{rest}</xml>"
            );
            assert_eq!(ContactEvent::read(&message).unwrap().change, expected, "{rest}");
        }
    }
}
