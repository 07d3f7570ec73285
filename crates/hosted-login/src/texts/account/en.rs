//! English.

use super::{AccountTexts, Done, Happening};
use crate::pages::Problem;

pub(super) static TEXTS: AccountTexts = AccountTexts {
    heading: "Your account",
    email: "Email",
    phone: "Phone",
    username: "User name",
    verified: "Verified",
    unverified: "Not verified",
    ways: "Ways to sign in",
    added: "Added",
    last_used: "Last used",
    suspended: "Paused by an administrator",
    remove: "Remove",
    remove_of: |corp| format!("Remove {corp}"),
    add: "Add a way to sign in",
    add_text: |name| {
        format!("Sign in with it once. From then on it leads to the account of {name}.")
    },
    add_none: "There is nothing more to add at the moment.",
    add_elsewhere: "What could be added doesn’t work in this browser. Please open your account page inside WeCom, or on a computer to scan a QR code.",
    remove_question: |corp| format!("Remove {corp}?"),
    remove_text: "You will no longer be able to sign in with this organisation, neither by QR code \
                  nor inside WeCom: the two belong together. Your other devices are signed out, and so \
                  is this one if you signed in with it.",
    remove_last: "This is your only way in. Without it you could not sign in any more. Add another \
                  way to sign in first.",
    keep: "Keep it",
    password: "Password",
    changed: "Changed",
    no_password: "You don’t have one yet",
    change_password: "Change password",
    set_password: "Set a password",
    password_text: "Your other devices are signed out when you save.",
    current_password: "Current password",
    new_password: "New password",
    password_hint: "At least 8 characters. A few unrelated words make a good one.",
    repeat_password: "New password, once more",
    save: "Save",
    problem: |problem| match problem {
        Problem::WrongCurrent => "That isn’t your current password. Please check it and try again.",
        Problem::Different => "The two new passwords differ. Please type them again.",
        Problem::TooShort => "Please choose a longer password: at least 8 characters.",
        Problem::TooLong => "Please choose a shorter password: at most 128 characters.",
        Problem::Common => {
            "This password is among the first that anybody would try. Please choose another one."
        }
        Problem::Repetitive => "This password only repeats or counts. Please choose another one.",
        Problem::Personal => {
            "This password contains your name, address or number. Please choose another one."
        }
        Problem::Characters => {
            "This password has a character that can’t be used. Please choose another one."
        }
    },
    sessions: "Where you are signed in",
    this_device: "This device",
    last_seen: "Last active",
    sign_out_of: |device| format!("Sign out: {device}"),
    sign_out_others: "Sign out of all other devices",
    device: |browser, system| format!("{browser} on {system}"),
    unknown_device: "Unknown device",
    wecom: "WeCom",
    wechat: "WeChat",
    apps: "Apps",
    apps_text: "An app without access gets nothing more about you until you sign in to it again.",
    since: "Since",
    withdraw: "Remove access",
    withdraw_of: |app| format!("Remove access: {app}"),
    activity: "Recent activity",
    refused: "Refused",
    happening: |happening| match happening {
        Happening::SignIn => "Sign-in",
        Happening::SingleSignOn => "App opened",
        Happening::SignOut => "Sign-out",
        Happening::Created => "Account created",
        Happening::Linked => "Adding a way to sign in",
        Happening::Unlinked => "Removing a way to sign in",
        Happening::Password => "Password change",
        Happening::SessionEnded => "Sign-out of another device",
        Happening::SessionsEnded => "Sign-out of all other devices",
        Happening::Consented => "Access given to an app",
        Happening::Withdrawn => "Access taken from an app",
        Happening::EndedByCorp => "Signed out: no longer a member of the organisation",
        Happening::Administrator => "Changed by an administrator",
        Happening::Other => "Account activity",
    },
    done: |done| match done {
        Done::Password => "Your password was changed. Your other devices are signed out.",
        Done::Unlinked => "It was removed. Your other devices are signed out.",
        Done::SessionEnded => "The device was signed out.",
        Done::SessionsEnded => "All other devices were signed out.",
        Done::Withdrawn => {
            "Access was removed. The app gets nothing more about you until you sign in to it again."
        }
    },
    back: "Back to your account",
};
