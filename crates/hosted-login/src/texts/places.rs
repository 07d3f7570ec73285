//! Words about where a page is open, and where to go from there.

use crate::language::Language;

/// The texts of ways on, in one language.
#[derive(Debug)]
pub struct PlacesTexts {
    /// Beside the code of a page's link.
    pub scan_link: &'static str,
    /// Name of that code for screen readers.
    pub link_as_code: &'static str,
    /// Action where nothing else is known: to the person's own account.
    pub to_account: &'static str,
}

static ZH_CN: PlacesTexts = PlacesTexts {
    scan_link: "也可以用另一台设备上的企业微信扫描此二维码。",
    link_as_code: "本页链接的二维码",
    to_account: "前往我的账号",
};

static ZH_TW: PlacesTexts = PlacesTexts {
    scan_link: "也可以用另一台裝置上的企業微信掃描這個 QR Code。",
    link_as_code: "本頁連結的 QR Code",
    to_account: "前往我的帳號",
};

static EN: PlacesTexts = PlacesTexts {
    scan_link: "Or scan this code with WeCom on another device.",
    link_as_code: "QR code of the link to this page",
    to_account: "Go to your account",
};

static JA: PlacesTexts = PlacesTexts {
    scan_link: "別のデバイスのWeComで、このQRコードを読み取ることもできます。",
    link_as_code: "このページのリンクのQRコード",
    to_account: "自分のアカウントへ進む",
};

impl PlacesTexts {
    /// The texts in this language.
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::ZhCn => &ZH_CN,
            Language::ZhTw => &ZH_TW,
            Language::En => &EN,
            Language::Ja => &JA,
        }
    }
}
