//! Words about going on in another browser.

use super::spaced;
use crate::language::Language;

/// The texts of handing over, in one language.
#[derive(Debug)]
pub struct HandOverTexts {
    /// Question inside the client; the app's name.
    pub choose: fn(&str) -> String,
    /// Its text.
    pub choose_text: &'static str,
    /// Action: on in the client.
    pub here: &'static str,
    /// Action: on in the system's browser.
    pub browser: &'static str,
    /// Heading of the page with the link.
    pub link: &'static str,
    /// Its text.
    pub link_text: &'static str,
    /// Label of the field with the link.
    pub link_label: &'static str,
    /// Action: opens the link.
    pub open: &'static str,
    /// Before the address at which the code is typed.
    pub or_type: &'static str,
    /// Before the code.
    pub the_code: &'static str,
    /// Action: another link and code.
    pub another: &'static str,
    /// Heading of the page on which a code is typed.
    pub enter: &'static str,
    /// Its text.
    pub enter_text: &'static str,
    /// Label of the field.
    pub enter_label: &'static str,
    /// Question in the other browser; the app's name.
    pub confirm: fn(&str) -> String,
    /// Who will be signed in; the user's name.
    pub confirm_user: fn(&str) -> String,
    /// Who will be signed out; the user's name.
    pub confirm_ends: fn(&str) -> String,
    /// Why somebody should say no.
    pub confirm_warning: &'static str,
    /// Action: yes; the user's name.
    pub yes: fn(&str) -> String,
    /// Action: no.
    pub no: &'static str,
    /// For a user without a name.
    pub nameless: &'static str,
}

static ZH_CN: HandOverTexts = HandOverTexts {
    choose: |app| format!("在哪里打开{}？", spaced(app)),
    choose_text: "你已登录。可以留在企业微信里继续，也可以换到这台电脑的浏览器。",
    here: "在这里继续",
    browser: "在浏览器中打开",
    link: "在浏览器中继续",
    link_text: "请把链接复制到浏览器打开。链接一分钟内有效，只能使用一次，不要发给别人。",
    link_label: "在浏览器中打开的链接",
    open: "打开链接",
    or_type: "也可以在浏览器中访问",
    the_code: "然后输入代码",
    another: "换一个链接",
    enter: "输入代码",
    enter_text: "电脑上的企业微信会显示这个代码，一分钟内有效。",
    enter_label: "代码",
    confirm: |app| format!("在此浏览器中登录{}？", spaced(app)),
    confirm_user: |user| format!("你将以“{user}”的身份登录。"),
    confirm_ends: |user| format!("此浏览器中已登录的“{user}”将退出登录。"),
    confirm_warning: "只有刚刚由你自己在企业微信中生成的链接才可以继续。如果是别人发给你的，请不要继续：否则你用的会是对方的账号。",
    yes: |user| format!("以“{user}”的身份继续"),
    no: "不登录",
    nameless: "未命名用户",
};

static ZH_TW: HandOverTexts = HandOverTexts {
    choose: |app| format!("要在哪裡開啟{}？", spaced(app)),
    choose_text: "您已登入。可以留在企業微信中繼續，也可以改用這台電腦的瀏覽器。",
    here: "在這裡繼續",
    browser: "在瀏覽器中開啟",
    link: "在瀏覽器中繼續",
    link_text: "請將連結複製到瀏覽器開啟。連結在一分鐘內有效，只能使用一次，請勿傳給他人。",
    link_label: "在瀏覽器中開啟的連結",
    open: "開啟連結",
    or_type: "也可以在瀏覽器中前往",
    the_code: "然後輸入代碼",
    another: "換一個連結",
    enter: "輸入代碼",
    enter_text: "電腦上的企業微信會顯示這個代碼，一分鐘內有效。",
    enter_label: "代碼",
    confirm: |app| format!("要在這個瀏覽器中登入{}嗎？", spaced(app)),
    confirm_user: |user| format!("您將以「{user}」的身分登入。"),
    confirm_ends: |user| format!("這個瀏覽器中已登入的「{user}」將會登出。"),
    confirm_warning: "只有剛才由您自己在企業微信中產生的連結才可以繼續。如果是別人傳給您的，請不要繼續：否則您使用的會是對方的帳號。",
    yes: |user| format!("以「{user}」的身分繼續"),
    no: "不要登入",
    nameless: "未命名的使用者",
};

static EN: HandOverTexts = HandOverTexts {
    choose: |app| format!("Where would you like to open {app}?"),
    choose_text: "You are signed in. Stay here in WeCom, or go on in this computer’s browser.",
    here: "Go on here",
    browser: "Open in the browser",
    link: "Go on in your browser",
    link_text: "Copy the link into your browser. It works once, within a minute; please don’t \
                send it to anybody.",
    link_label: "Link for your browser",
    open: "Open the link",
    or_type: "Or open this address in your browser:",
    the_code: "and enter this code:",
    another: "Make a new link",
    enter: "Enter the code",
    enter_text: "WeCom on your computer shows it. It is valid for a minute.",
    enter_label: "Code",
    confirm: |app| format!("Sign in to {app} in this browser?"),
    confirm_user: |user| format!("You will be signed in as {user}."),
    confirm_ends: |user| format!("{user} is signed in here now and will be signed out."),
    confirm_warning: "Go on only if you have just made this link in WeCom yourself. If somebody \
                      sent it to you, please don’t: you would be using their account.",
    yes: |user| format!("Continue as {user}"),
    no: "Don’t sign in",
    nameless: "a user without a name",
};

static JA: HandOverTexts = HandOverTexts {
    choose: |app| format!("「{app}」をどこで開きますか"),
    choose_text: "サインインしました。このままWeComで続けるか、このパソコンのブラウザーで開くことができます。",
    here: "ここで続ける",
    browser: "ブラウザーで開く",
    link: "ブラウザーで続ける",
    link_text: "リンクをコピーして、ブラウザーで開いてください。1分以内に1回だけ使えます。ほかの人には送らないでください。",
    link_label: "ブラウザーで開くリンク",
    open: "リンクを開く",
    or_type: "または、ブラウザーで次のアドレスを開き、",
    the_code: "次のコードを入力してください。",
    another: "新しいリンクを作成",
    enter: "コードを入力",
    enter_text: "パソコンのWeComに表示されているコードです。1分間有効です。",
    enter_label: "コード",
    confirm: |app| format!("このブラウザーで「{app}」にサインインしますか"),
    confirm_user: |user| format!("「{user}」としてサインインします。"),
    confirm_ends: |user| {
        format!("このブラウザーでサインイン中の「{user}」はサインアウトされます。")
    },
    confirm_warning: "たった今ご自身がWeComで作成したリンクの場合だけ続けてください。ほかの人から送られたリンクでは続けないでください。相手のアカウントを使うことになります。",
    yes: |user| format!("「{user}」として続ける"),
    no: "サインインしない",
    nameless: "名前のないユーザー",
};

impl HandOverTexts {
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
