//! Words of the page that asks whether an app may know who the person is.

use super::spaced;
use crate::language::Language;

/// The words in one language.
#[derive(Debug)]
pub struct ApproveTexts {
    /// Heading; the app's name.
    pub heading: fn(&str) -> String,
    /// Above what the app gets.
    pub gets: &'static str,
    /// What a scope gives; nothing for one of the tenant's own, which speaks for itself.
    pub scope: fn(&str) -> Option<&'static str>,
    /// Button: agree.
    pub approve: &'static str,
}

static ZH_CN: ApproveTexts = ApproveTexts {
    heading: |app| format!("用你的账号登录{}？", spaced(app)),
    gets: "同意后，它可以得到：",
    scope: |scope| match scope {
        "openid" => Some("你在这里的账号标识"),
        "profile" => Some("你的姓名、用户名和头像"),
        "email" => Some("你的邮箱地址"),
        "phone" => Some("你的手机号码"),
        "address" => Some("你的地址"),
        "offline_access" => Some("在你不使用它时也保持访问"),
        _ => None,
    },
    approve: "同意",
};

static ZH_TW: ApproveTexts = ApproveTexts {
    heading: |app| format!("用你的帳號登入{}？", spaced(app)),
    gets: "同意後，它可以取得：",
    scope: |scope| match scope {
        "openid" => Some("你在這裡的帳號識別碼"),
        "profile" => Some("你的姓名、使用者名稱和頭像"),
        "email" => Some("你的電子郵件地址"),
        "phone" => Some("你的手機號碼"),
        "address" => Some("你的地址"),
        "offline_access" => Some("在你不使用它時也保持存取"),
        _ => None,
    },
    approve: "同意",
};

static EN: ApproveTexts = ApproveTexts {
    heading: |app| format!("Let {app} sign you in with your account?"),
    gets: "If you agree, it gets:",
    scope: |scope| match scope {
        "openid" => Some("The id of your account here"),
        "profile" => Some("Your name, user name and picture"),
        "email" => Some("Your mail address"),
        "phone" => Some("Your phone number"),
        "address" => Some("Your address"),
        "offline_access" => Some("Access while you are away"),
        _ => None,
    },
    approve: "Agree",
};

static JA: ApproveTexts = ApproveTexts {
    heading: |app| format!("{app} にあなたのアカウントでのログインを許可しますか？"),
    gets: "同意すると、次の情報が渡されます。",
    scope: |scope| match scope {
        "openid" => Some("このサービスでのアカウント ID"),
        "profile" => Some("氏名、ユーザー名、プロフィール画像"),
        "email" => Some("メールアドレス"),
        "phone" => Some("電話番号"),
        "address" => Some("住所"),
        "offline_access" => Some("利用していない間のアクセス"),
        _ => None,
    },
    approve: "同意する",
};

impl ApproveTexts {
    /// The words in a language.
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::ZhCn => &ZH_CN,
            Language::ZhTw => &ZH_TW,
            Language::En => &EN,
            Language::Ja => &JA,
        }
    }
}
