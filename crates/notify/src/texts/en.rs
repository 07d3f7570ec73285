//! English.

use super::{CodeTexts, NoticeTexts, Texts};

pub(super) static TEXTS: Texts = Texts {
    sign_in: CodeTexts {
        subject: |brand, code| format!("{code} is your {brand} sign-in code"),
        heading: "Your sign-in code",
        lead: |brand| format!("Enter this code on the page where you are signing in to {brand}."),
        not_you: "Not signing in? You can ignore this message. Nobody can sign in with this code \
                  unless you pass it on.",
        sms: |brand, code, minutes| {
            let minutes = count(minutes);
            format!("{code} is your {brand} sign-in code, valid for {minutes}. Don’t share it.")
        },
    },
    bind: CodeTexts {
        subject: |brand, _| format!("Confirm your {brand} account"),
        heading: "Confirm that the account is yours",
        lead: |brand| {
            format!(
                "Enter this code on the page where you are linking a new way to sign in to your \
                 {brand} account."
            )
        },
        not_you: "Didn’t ask for this? Please don’t pass the code on: with it, somebody else \
                  could sign in to your account. Nothing has been changed so far.",
        sms: |brand, code, minutes| {
            let minutes = count(minutes);
            format!(
                "{code} is the code to link your {brand} account, valid for {minutes}. Don’t \
                 share it."
            )
        },
    },
    verify_address: CodeTexts {
        subject: |brand, code| format!("{code} is your {brand} verification code"),
        heading: "Confirm your email address",
        lead: |brand| {
            format!("Enter this code on the page where {brand} asks you to confirm this address.")
        },
        not_you: "Didn’t ask for this? You can ignore this message. Without the code, this address \
                  is not confirmed for anybody.",
        sms: |brand, code, minutes| {
            let minutes = count(minutes);
            format!(
                "{code} is your {brand} verification code, valid for {minutes}. Don’t share it."
            )
        },
    },
    reset_password: CodeTexts {
        subject: |brand, _| format!("Reset your {brand} password"),
        heading: "Reset your password",
        lead: |brand| {
            format!(
                "Enter this code on the page where you are choosing a new password for your \
                 {brand} account."
            )
        },
        not_you: "Didn’t ask for this? You can ignore this message: your password stays as it is. \
                  If more of these arrive, please tell your administrator.",
        sms: |brand, code, minutes| {
            let minutes = count(minutes);
            format!(
                "{code} is the code to reset your {brand} password, valid for {minutes}. Don’t \
                 share it."
            )
        },
    },
    password_changed: NoticeTexts {
        subject: |brand| format!("Your {brand} password was changed"),
        heading: "Your password was changed",
        lead: |brand, _| {
            format!(
                "The password of your {brand} account has just been changed. If that was you, \
                 there is nothing to do."
            )
        },
        not_you: "Wasn’t you? Please reset your password right away and tell your administrator.",
        sms: |brand, _| {
            format!(
                "Your {brand} password was changed. If it wasn’t you, reset it now and tell your \
                 administrator."
            )
        },
    },
    source_linked: NoticeTexts {
        subject: |brand| format!("New way to sign in to {brand}"),
        heading: "A new way to sign in was linked",
        lead: |brand, source| {
            format!(
                "You can now sign in to your {brand} account with “{source}”. If you linked it \
                 yourself, there is nothing to do."
            )
        },
        not_you: "Wasn’t you? Please tell your administrator right away and, if your account has a \
                  password, change it.",
        sms: |brand, source| {
            format!(
                "“{source}” was linked to your {brand} account. If it wasn’t you, tell your \
                 administrator now."
            )
        },
    },
    about_code: |minutes| {
        format!(
            "The code is valid for {} and works once. Don’t share it: we never ask for it by \
             phone or in a message.",
            count(minutes)
        )
    },
    automatic: |brand| format!("Sent automatically by {brand}. Replies are not read."),
};

fn count(minutes: u32) -> String {
    if minutes == 1 { "1 minute".to_owned() } else { format!("{minutes} minutes") }
}
