//! Fetching missing values: typed and confirmed by WeCom, or authorised in the WeCom client, in this
//! browser or on the phone.

use store::session::Device as Seen;

use crate::device::{Device, Program};
use crate::texts::SupplementTexts;

pub(crate) mod computer;
pub(crate) mod phone;
pub(crate) mod typed;

/// What the token of the phone's forms is for.
const CONSENT: &str = "consent";

/// A browser in plain words, such as "Chrome on Windows".
fn described(seen: &Seen, texts: &SupplementTexts) -> String {
    let Device { browser, system } = Device::of(seen.user_agent.as_deref().unwrap_or_default());
    let browser = browser.map(|program| match program {
        Program::WeCom => texts.wecom,
        Program::WeChat => texts.wechat,
        Program::Named(name) => name,
    });
    match (browser, system) {
        (Some(browser), Some(system)) => (texts.device)(browser, system),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => texts.unknown_device.to_owned(),
    }
}
