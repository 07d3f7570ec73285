//! Words of the pages on which missing values are authorised.

use super::spaced;
use crate::language::Language;

/// The words in one language.
#[derive(Debug)]
pub struct SupplementTexts {
    /// Heading of the computer's page.
    pub heading: &'static str,
    /// What is to be done, in order.
    pub steps: &'static str,
    /// Name of the QR code, for screen readers.
    pub qr: &'static str,
    /// Before the number.
    pub number: &'static str,
    /// Label of the field with the link.
    pub link: &'static str,
    /// Said when the person goes on before the phone has confirmed.
    pub waiting: &'static str,
    /// Link to the other ways.
    pub another_way: &'static str,
    /// Said when the person refused on the phone.
    pub refused: &'static str,
    /// Said when the number was wrong too often.
    pub wrong: &'static str,
    /// Said when the ticket is too old.
    pub old: &'static str,
    /// Heading outside the WeCom client.
    pub open_heading: &'static str,
    /// What to do there.
    pub open_text: &'static str,
    /// Heading of the phone's page.
    pub confirm_heading: &'static str,
    /// What confirming means.
    pub confirm_text: &'static str,
    /// Label of the person.
    pub person: &'static str,
    /// Label of the app.
    pub app: &'static str,
    /// Label of the other browser.
    pub computer: &'static str,
    /// Label of the time.
    pub time: &'static str,
    /// Label of the field for the number.
    pub type_number: &'static str,
    /// Below it.
    pub type_number_hint: &'static str,
    /// Said when the number is wrong.
    pub number_wrong: &'static str,
    /// Button: confirm.
    pub confirm: &'static str,
    /// Button: refuse.
    pub refuse: &'static str,
    /// Heading when it is confirmed.
    pub done_heading: &'static str,
    /// What comes next.
    pub done_text: &'static str,
    /// Heading when it is refused.
    pub refused_heading: &'static str,
    /// What that means.
    pub refused_text: &'static str,
    /// For somebody without a name.
    pub name_unknown: &'static str,
    /// A browser that does not say what it is.
    pub unknown_device: &'static str,
    /// WeCom's client, as a browser.
    pub wecom: &'static str,
    /// WeChat's client, as a browser.
    pub wechat: &'static str,
    /// A browser and its system.
    pub device: fn(&str, &str) -> String,
    /// How long ago, in minutes.
    pub minutes_ago: fn(u32) -> String,
}

static ZH_CN: SupplementTexts = SupplementTexts {
    heading: "在企业微信里授权一次",
    steps: "用手机企业微信扫一扫二维码，或在企业微信里打开下面的链接；同意授权后，输入这里的数字。",
    qr: "二维码：用企业微信扫一扫打开授权页",
    number: "请在手机上输入",
    link: "在企业微信里打开的链接",
    waiting: "手机上还没有确认。完成后再点“继续”。",
    another_way: "换一种方式",
    refused: "你在手机上拒绝了授权，没有提供任何信息。可以换一种方式，或重新授权。",
    wrong: "手机上输错数字的次数过多，本次授权已作废。可以重新授权，或换一种方式。",
    old: "授权链接已过期。可以重新授权，或换一种方式。",
    open_heading: "请在企业微信里打开",
    open_text: "复制下面的链接，发到企业微信的任一聊天里，再点开它。也可以用企业微信扫一扫电脑上的二维码。",
    confirm_heading: "确认是你在登录",
    confirm_text: "你的手机号和邮箱将用于在那里查找你的账号。如果不是你本人在登录，请拒绝。",
    person: "登录者",
    app: "登录到",
    computer: "登录设备",
    time: "发起时间",
    type_number: "电脑上显示的数字",
    type_number_hint: "两位数字，请看另一台设备的屏幕。",
    number_wrong: "数字不对。请看另一台设备的屏幕，再输入一次。",
    confirm: "确认是我",
    refuse: "不是我，拒绝",
    done_heading: "已确认",
    done_text: "请回到电脑上继续。可以关闭此页面。",
    refused_heading: "已拒绝",
    refused_text: "没有提供任何信息。可以关闭此页面。",
    name_unknown: "未命名",
    unknown_device: "未知设备",
    wecom: "企业微信",
    wechat: "微信",
    device: |browser, system| format!("{system} 上的{}", spaced(browser)),
    minutes_ago: |minutes| match minutes {
        0 => "刚刚".to_owned(),
        some => format!("{some} 分钟前"),
    },
};

static ZH_TW: SupplementTexts = SupplementTexts {
    heading: "在企業微信裡授權一次",
    steps: "用手機上的企業微信掃描 QR Code，或在企業微信裡開啟下面的連結；同意授權後，輸入這裡的數字。",
    qr: "QR Code：用企業微信掃描以開啟授權頁面",
    number: "請在手機上輸入",
    link: "在企業微信裡開啟的連結",
    waiting: "手機上尚未確認。完成後請再按「繼續」。",
    another_way: "換一種方式",
    refused: "您在手機上拒絕了授權，沒有提供任何資料。可以換一種方式，或重新授權。",
    wrong: "手機上輸錯數字的次數過多，這次授權已作廢。可以重新授權，或換一種方式。",
    old: "授權連結已過期。可以重新授權，或換一種方式。",
    open_heading: "請在企業微信裡開啟",
    open_text: "複製下面的連結，傳到企業微信的任一聊天，再點開它。也可以用企業微信掃描電腦上的 QR Code。",
    confirm_heading: "確認是您在登入",
    confirm_text: "您的手機號碼和電子郵件將用於在那裡尋找您的帳號。如果不是您本人在登入，請拒絕。",
    person: "登入者",
    app: "登入到",
    computer: "登入裝置",
    time: "發起時間",
    type_number: "電腦上顯示的數字",
    type_number_hint: "兩位數字，請看另一台裝置的螢幕。",
    number_wrong: "數字不對。請看另一台裝置的螢幕，再輸入一次。",
    confirm: "確認是我",
    refuse: "不是我，拒絕",
    done_heading: "已確認",
    done_text: "請回到電腦上繼續。可以關閉此頁面。",
    refused_heading: "已拒絕",
    refused_text: "沒有提供任何資料。可以關閉此頁面。",
    name_unknown: "未命名",
    unknown_device: "未知裝置",
    wecom: "企業微信",
    wechat: "微信",
    device: |browser, system| format!("{system} 上的{}", spaced(browser)),
    minutes_ago: |minutes| match minutes {
        0 => "剛剛".to_owned(),
        some => format!("{some} 分鐘前"),
    },
};

static EN: SupplementTexts = SupplementTexts {
    heading: "Authorise once in WeCom",
    steps: "Scan the code with WeCom on your phone, or open the link in WeCom. Agree there, then \
            type the number that you see here.",
    qr: "QR code: scan it with WeCom to open the page that asks for your agreement",
    number: "Type on your phone",
    link: "Link to open in WeCom",
    waiting: "Nothing is confirmed on your phone yet. Press “Continue” when it is.",
    another_way: "Another way",
    refused: "You refused on your phone, so nothing was passed on. Choose another way, or \
              authorise again.",
    wrong: "The number was wrong too often, so this authorisation is void. Authorise again, or \
            choose another way.",
    old: "The link is too old. Authorise again, or choose another way.",
    open_heading: "Please open this in WeCom",
    open_text: "Copy the link, send it to any chat in WeCom, and open it there. Or scan the code \
                on your computer with WeCom.",
    confirm_heading: "Is it you who is signing in?",
    confirm_text: "Your mobile number and e-mail address are used to find your account there. If \
                   it isn’t you, refuse.",
    person: "Who",
    app: "Signs in to",
    computer: "On",
    time: "Asked",
    type_number: "Number on the computer’s screen",
    type_number_hint: "Two digits; look at the other device.",
    number_wrong: "This isn’t the number on the other screen. Please look again.",
    confirm: "Yes, it is me",
    refuse: "No, refuse",
    done_heading: "Confirmed",
    done_text: "Go on at your computer. You can close this page.",
    refused_heading: "Refused",
    refused_text: "Nothing was passed on. You can close this page.",
    name_unknown: "Unnamed",
    unknown_device: "Unknown device",
    wecom: "WeCom",
    wechat: "WeChat",
    device: |browser, system| format!("{browser} on {system}"),
    minutes_ago: |minutes| match minutes {
        0 => "Just now".to_owned(),
        1 => "1 minute ago".to_owned(),
        some => format!("{some} minutes ago"),
    },
};

static JA: SupplementTexts = SupplementTexts {
    heading: "WeCom で一度だけ許可する",
    steps: "スマートフォンの WeCom で QR コードを読み取るか、WeCom でリンクを開いてください。許可したあと、ここに表示された数字を入力します。",
    qr: "QR コード：WeCom で読み取ると許可のページが開きます",
    number: "スマートフォンに入力する数字",
    link: "WeCom で開くリンク",
    waiting: "スマートフォンでまだ確認されていません。完了したら「続行」を押してください。",
    another_way: "別の方法",
    refused: "スマートフォンで拒否されたため、情報は渡していません。別の方法を選ぶか、もう一度許可してください。",
    wrong: "数字の入力を何度も間違えたため、この許可は無効になりました。もう一度許可するか、別の方法を選んでください。",
    old: "リンクの期限が切れました。もう一度許可するか、別の方法を選んでください。",
    open_heading: "WeCom で開いてください",
    open_text: "リンクをコピーして WeCom のチャットに送り、そこで開いてください。パソコンの QR コードを WeCom で読み取ることもできます。",
    confirm_heading: "サインインしているのはご本人ですか",
    confirm_text: "携帯電話番号とメールアドレスは、サインイン先でアカウントを見つけるために使われます。ご本人でない場合は拒否してください。",
    person: "サインインする人",
    app: "サインイン先",
    computer: "端末",
    time: "開始",
    type_number: "パソコンに表示された数字",
    type_number_hint: "2 桁の数字です。もう一方の画面をご覧ください。",
    number_wrong: "数字が違います。もう一方の画面を確認して、もう一度入力してください。",
    confirm: "本人です",
    refuse: "本人ではないので拒否する",
    done_heading: "確認しました",
    done_text: "パソコンで続けてください。このページは閉じてかまいません。",
    refused_heading: "拒否しました",
    refused_text: "情報は渡していません。このページは閉じてかまいません。",
    name_unknown: "名前なし",
    unknown_device: "不明なデバイス",
    wecom: "WeCom",
    wechat: "WeChat",
    device: |browser, system| format!("{system}の{browser}"),
    minutes_ago: |minutes| match minutes {
        0 => "たった今".to_owned(),
        some => format!("{some} 分前"),
    },
};

impl SupplementTexts {
    /// The words in this language.
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::ZhCn => &ZH_CN,
            Language::ZhTw => &ZH_TW,
            Language::En => &EN,
            Language::Ja => &JA,
        }
    }
}
