//! English.

use super::{AgreementWords, Texts, words};
use crate::pages::{Notice, NoticeText, Reason};

pub(super) static TEXTS: Texts = Texts {
    sign_in_to: |app| format!("Sign in to {app}"),
    sign_in: "Sign in",
    choose_source: "Choose how you would like to sign in",
    one_source: "Continue with your work account",
    scan_panel: "Scan the code with WeCom to sign in",
    other_sources: "Other ways to sign in",
    panel_title: |source| format!("{source}: scan to sign in"),
    panel_trouble: "No code to see? Open WeCom’s sign-in page",
    unavailable: "Not available in this browser",
    none_available: "Please open this page another way",
    reason,
    this_link: "Link to this page",
    copy: "Copy",
    copied: "Copied",
    cancel_to: |app| format!("Cancel and return to {app}"),
    cancel: "Cancel",
    agreements: AgreementWords {
        before: "By continuing you agree to ",
        open: "",
        close: "",
        between: ", ",
        last: " and ",
        after: ".",
    },
    language: "Language",
    code: "Code",
    trace: "Trace code",
    details: "For the developer",
    retry_after: |seconds| match seconds {
        1 => "Please try again in 1 second.".to_owned(),
        0..=60 => format!("Please try again in {seconds} seconds."),
        _ => format!("Please try again in {} minutes.", seconds.div_ceil(60)),
    },
    try_again: "Try again",
    sign_in_again: "Sign in again",
    other_source: "Sign in another way",
    back_to: |app| format!("Back to {app}"),
    signed_out: "You are signed out",
    signed_out_text: "You have signed out safely in this browser. On a shared device, please close \
                      the browser window as well.",
    confirm_sign_out_of: |app| format!("Sign out of {app}?"),
    confirm_sign_out: "Sign out?",
    confirm_sign_out_text: "You will need to sign in again to use your apps in this browser.",
    signed_in_as: |user| format!("Signed in as {user}"),
    sign_out: "Sign out",
    stay: "Stay signed in",
    continuing_to: |app| format!("Taking you to {app}"),
    continuing: "Taking you onward",
    continuing_text: "If nothing happens, please use the button below.",
    go_on: "Continue",
    notice,
};

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::OnlyInWecom => {
            "Copy the link to this page, send it to any chat in WeCom, and open it there to sign in."
        }
        Reason::OnlyOnDesktop => {
            "This needs a second screen: your phone scans the code shown there. Please open this \
             page on a computer."
        }
        Reason::PersonalWechat => {
            "This page is open in WeChat, where signing in doesn’t work. Copy the link to this \
             page and open it in WeCom."
        }
    }
}

#[expect(clippy::too_many_lines, reason = "a table, one row a notice")]
fn notice(notice: Notice) -> NoticeText {
    match notice {
        Notice::InvalidRequest => words(
            "This sign-in request isn’t right",
            "The app sent a request that is incomplete or malformed. Please start again from the \
             app; if it happens again, let the app’s developer know.",
        ),
        Notice::UnknownClient => words(
            "We don’t recognise this app",
            "The request comes from an app that isn’t registered here. Please check the link, or \
             contact your administrator with the trace code.",
        ),
        Notice::RedirectUriMismatch => words(
            "The app’s return address isn’t registered",
            "To keep your account safe we stopped here. Please contact your administrator with \
             the trace code.",
        ),
        Notice::RequestUriUnknown => words(
            "This sign-in has been used or is too old",
            "Please go back to the app and sign in again from there.",
        ),
        Notice::UnknownHost => words(
            "No sign-in site here",
            "Please check the address, or ask your administrator for the right one.",
        ),
        Notice::InteractionExpired => words(
            "This sign-in page has expired",
            "It was open for a while, so we closed it. Please start again from the app.",
        ),
        Notice::BrowserChanged => words(
            "Please sign in again in this browser",
            "The browser seems to have changed along the way, or it didn’t keep our cookie. To \
             keep your account safe, please sign in once more here.",
        ),
        Notice::StateUnknown => words(
            "This sign-in is no longer valid",
            "The link was used already, or its time is over. Please start again from the app; \
             reloading this page won’t help.",
        ),
        Notice::DeniedUpstream => words(
            "You cancelled in WeCom",
            "The sign-in was declined in WeCom, so we stopped. You can sign in again at any time.",
        ),
        Notice::NotAMember => words(
            "You aren’t a member of this organisation",
            "Your WeCom account doesn’t belong to this organisation. Please switch to the right \
             account and try again, or ask your administrator to add you.",
        ),
        Notice::NotVisible => words(
            "You don’t have access yet",
            "You are outside the visible range of this app in WeCom. Please ask your \
             administrator to include you.",
        ),
        Notice::LinkedCorp => words(
            "Linked organisations can’t sign in yet",
            "Your account comes from a linked organisation; only members of this organisation can \
             sign in so far. Please ask your administrator about other ways.",
        ),
        Notice::LoginOnly => words(
            "You can’t sign in just yet",
            "This way of signing in is for people who have been given access. Please ask your \
             administrator; once you have access, WeCom will sign you in.",
        ),
        Notice::RegistrationClosed => words(
            "This app takes no new accounts",
            "Nobody is linked to your WeCom account here yet, and the app’s administrator has \
             switched new accounts off. Please contact your administrator with the trace code.",
        ),
        Notice::SeveralAccounts => words(
            "We can’t tell which account is yours",
            "What WeCom tells about you leads to more than one account, so none was opened. Please \
             contact your administrator with the trace code.",
        ),
        Notice::AlreadyBound => words(
            "That account belongs to somebody else",
            "The account is linked to another member of your organization. If it should be yours, \
             please contact your administrator with the trace code.",
        ),
        Notice::LinkedElsewhere => words(
            "Already linked to another account",
            "This WeCom member signs in to another account. Nothing was changed. To move it, please \
             contact your administrator with the trace code.",
        ),
        Notice::LinkSuspended => words(
            "This way in was switched off",
            "An administrator has paused signing in with your WeCom account. Please contact your \
             administrator with the trace code.",
        ),
        Notice::UserSuspended => words(
            "Your account is suspended",
            "To have it restored, please contact your administrator with the trace code.",
        ),
        Notice::SourceDisabled => words(
            "This way of signing in is switched off",
            "Please choose another one. If there is none, contact your administrator.",
        ),
        Notice::SourceMisconfigured => words(
            "This way of signing in isn’t working",
            "Its settings need an administrator’s attention. Please contact your administrator \
             with the trace code, or sign in another way for now.",
        ),
        Notice::AppDisabled => words(
            "This app is switched off",
            "Signing in to it isn’t possible at the moment. Please contact your administrator if \
             you need it.",
        ),
        Notice::TenantSuspended => words(
            "Sign-in is paused",
            "Your organisation’s sign-in service is paused. Please contact your administrator to \
             learn more.",
        ),
        Notice::UpstreamUnavailable => words(
            "We can’t reach WeCom right now",
            "WeCom didn’t answer in time. Your account is fine; please try again in a moment.",
        ),
        Notice::UpstreamBusy => words(
            "WeCom is busy right now",
            "Many people are signing in at once. Please wait a moment and try again.",
        ),
        Notice::NoSources => words(
            "This app has no way to sign in yet",
            "None has been switched on for it. Please contact your administrator with the trace \
             code.",
        ),
        Notice::OnlyInWecom => words(
            "Please open this in WeCom",
            "This way of signing in works inside WeCom. Copy the link and send it to yourself in \
             WeCom, or open the app from the WeCom workbench.",
        ),
        Notice::OnlyOnDesktop => words(
            "Please open this on a computer",
            "To sign in by QR code, your phone scans a second screen. Please open the app in a \
             browser on a computer.",
        ),
        Notice::PersonalWechat => words(
            "Please open this in WeCom instead",
            "This page is open in WeChat, which can’t confirm your work account. Copy the link \
             and open it in WeCom.",
        ),
        Notice::SessionEnded => words(
            "Your session has ended",
            "To keep your account safe you were signed out. Sign in again to carry on.",
        ),
        Notice::AlreadySignedIn => words(
            "You are signed in already",
            "This sign-in was completed in this browser, so there is nothing more to do. You can \
             go back to the app.",
        ),
        Notice::Unavailable => words(
            "We’ll be right back",
            "The service is being restored and your data is safe. Please try again in a moment.",
        ),
        Notice::InternalError => words(
            "Something went wrong",
            "This is our fault, not yours. Please try again; if it happens again, contact your \
             administrator with the trace code.",
        ),
        Notice::NotFound => words(
            "This page doesn’t exist",
            "The link may be outdated or mistyped. Please go back to the app and start from there.",
        ),
        Notice::TooManyRequests => words(
            "That was a little too fast",
            "To keep accounts safe we limit how often this can be done. Please wait a moment and \
             try again.",
        ),
        Notice::ProofFailed => words(
            "That didn’t fit together",
            "The account and what you entered to prove it don’t fit together. Please check both and \
             try again.",
        ),
        Notice::CodeWrong => words(
            "This code doesn’t work",
            "It is mistyped, too old or already used. Please check it, or have a new code sent.",
        ),
        Notice::SignInFirst => words(
            "Please sign in once more",
            "To protect your account, this step needs a sign-in of the last few minutes. Nothing was \
             changed.",
        ),
        Notice::NotOffered => words(
            "This way isn’t open here",
            "It was switched off, or it was never offered for this app. Please go back and choose \
             another way.",
        ),
        Notice::LastWayIn => words(
            "This is your only way in",
            "Without it you could not sign in any more, so it was kept. Add another way to sign in \
             first.",
        ),
        Notice::PasswordUnacceptable => words(
            "Please choose another password",
            "It is too short, too common, or too easy to guess from your name. A few unrelated words \
             make a good one.",
        ),
        Notice::TicketUnknown => words(
            "This link has been used or is too old",
            "Links between devices work once and for a short time. Please start again on the device \
             that showed it.",
        ),
        Notice::ValueNotConfirmed => words(
            "WeCom couldn’t confirm this",
            "What you entered doesn’t belong to the WeCom member who signed in. Please check it, or \
             choose another way.",
        ),
        Notice::SomebodyElse => words(
            "Somebody else is signing in",
            "The WeCom account on this device isn’t the one that is signing in on the other screen. Nothing was passed on. Use the phone of the person who signs in there.",
        ),
        Notice::CodeNotSent => words(
            "The code couldn’t be sent",
            "The mail or text message service isn’t answering. Please try again in a moment, or \
             choose another way.",
        ),
        Notice::InvalidInput => words(
            "Please check what you entered",
            "It isn’t complete, or it doesn’t look like what this field is for. Please correct it and try again.",
        ),
        Notice::Csrf => words(
            "This page is out of date",
            "We couldn’t confirm that the request came from this page, so nothing was done. \
             Please go back, reload and try again.",
        ),
    }
}
