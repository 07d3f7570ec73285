//! What a browser is called by its person, by what it says of itself. It proves nothing, and is shown
//! to nobody else.

/// A browser and the system that it runs on, by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Device {
    pub(crate) browser: Option<Program>,
    pub(crate) system: Option<&'static str>,
}

/// A browser's name; that of Tencent's clients depends on the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    WeCom,
    WeChat,
    Named(&'static str),
}

/// What marks a browser, the one that says it is another as well before that other.
const BROWSERS: [(&str, Program); 17] = [
    ("wxwork/", Program::WeCom),
    ("micromessenger", Program::WeChat),
    ("edg/", Program::Named("Edge")),
    ("edga/", Program::Named("Edge")),
    ("edgios/", Program::Named("Edge")),
    ("opr/", Program::Named("Opera")),
    ("samsungbrowser/", Program::Named("Samsung Internet")),
    ("huaweibrowser/", Program::Named("HUAWEI Browser")),
    ("miuibrowser/", Program::Named("Mi Browser")),
    ("qqbrowser/", Program::Named("QQ Browser")),
    ("ucbrowser/", Program::Named("UC Browser")),
    ("fxios/", Program::Named("Firefox")),
    ("firefox/", Program::Named("Firefox")),
    ("crios/", Program::Named("Chrome")),
    ("chrome/", Program::Named("Chrome")),
    ("chromium/", Program::Named("Chromium")),
    ("safari/", Program::Named("Safari")),
];

/// What marks a system, in the same way.
const SYSTEMS: [(&str, &str); 9] = [
    ("harmony", "HarmonyOS"),
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("android", "Android"),
    ("windows", "Windows"),
    ("macintosh", "macOS"),
    ("cros ", "ChromeOS"),
    ("linux", "Linux"),
    ("x11", "Unix"),
];

impl Device {
    /// Reads a `User-Agent`.
    pub(crate) fn of(user_agent: &str) -> Self {
        let said = user_agent.to_ascii_lowercase();
        let browser = BROWSERS.iter().find(|(mark, _)| said.contains(mark));
        let system = SYSTEMS.iter().find(|(mark, _)| said.contains(mark));
        Self { browser: browser.map(|(_, name)| *name), system: system.map(|(_, name)| *name) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Device, Program};

    #[test]
    fn browsers_are_called_by_their_names() {
        let named = |browser, system| Device { browser, system };
        let cases = [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/156.0 Safari/537.36",
                named(Some(Program::Named("Chrome")), Some("Windows")),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/156.0 Safari/537.36 Edg/156.0",
                named(Some(Program::Named("Edge")), Some("Windows")),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 \
                 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                named(Some(Program::Named("Safari")), Some("iPhone")),
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36 wxwork/4.1.30 MicroMessenger/7.0.1",
                named(Some(Program::WeCom), Some("Android")),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/14F89 \
                 MicroMessenger/6.3.2",
                named(Some(Program::WeChat), Some("iPhone")),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 15.1; rv:140.0) Gecko/20100101 Firefox/140.0",
                named(Some(Program::Named("Firefox")), Some("macOS")),
            ),
            ("curl/8.0", Device::default()),
            ("", Device::default()),
        ];
        for (user_agent, expected) in cases {
            assert_eq!(Device::of(user_agent), expected, "{user_agent}");
        }
    }
}
