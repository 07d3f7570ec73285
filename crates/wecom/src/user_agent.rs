//! Which browser is this? By the rule of WeCom's own JavaScript SDK [D 90315]. The User-Agent
//! selects the way of a sign-in; it proves nothing.

/// A version of the WeCom client, up to four numbers, compared numerically.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version(pub [u32; 4]);

/// Where a WeCom client runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Device {
    /// Windows or macOS.
    Desktop,
    /// A phone or a tablet.
    Mobile,
}

/// What a User-Agent says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserAgent {
    /// The web view of the WeCom client.
    WeCom {
        /// The client's version.
        version: Version,
        /// Where it runs.
        device: Device,
    },
    /// The web view of plain WeChat.
    WeChat,
    /// Another browser, on a phone or a tablet.
    PhoneBrowser,
    /// Another browser.
    DesktopBrowser,
}

/// Classifies the value of a `User-Agent` header, ignoring case.
pub fn classify(user_agent: &str) -> UserAgent {
    let user_agent = user_agent.to_ascii_lowercase();
    let mobile = ["mobile", "android", "iphone", "ipad"].iter().any(|it| user_agent.contains(it));
    if let Some(version) = wecom_version(&user_agent) {
        let device = if mobile { Device::Mobile } else { Device::Desktop };
        return UserAgent::WeCom { version, device };
    }
    if user_agent.contains("micromessenger") {
        return UserAgent::WeChat;
    }
    if mobile { UserAgent::PhoneBrowser } else { UserAgent::DesktopBrowser }
}

/// The capture of `/wxwork\/([\d.]+)/`.
fn wecom_version(user_agent: &str) -> Option<Version> {
    user_agent.split("wxwork/").skip(1).find_map(|rest| {
        let digits_or_dot = |c: char| c.is_ascii_digit() || c == '.';
        let end = rest.find(|c| !digits_or_dot(c)).unwrap_or(rest.len());
        (end > 0).then(|| version(&rest[..end]))
    })
}

fn version(text: &str) -> Version {
    let mut parts = [0; 4];
    let numbers = text.split('.').filter(|part| !part.is_empty());
    for (part, number) in parts.iter_mut().zip(numbers) {
        // Only digits are left: too large is the one way to fail
        *part = number.parse().unwrap_or(u32::MAX);
    }
    Version(parts)
}
