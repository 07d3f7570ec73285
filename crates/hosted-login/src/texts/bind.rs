//! Words of the pages that ask who somebody is here.

use crate::language::Language;

/// The words in one language.
#[derive(Debug)]
pub struct BindTexts {
    /// Heading of the page.
    pub heading: &'static str,
    /// Who is signed in upstream; the person's name and the organisation's.
    pub who: fn(&str, &str) -> String,
    /// What the choice means.
    pub meaning: &'static str,
    /// Said instead where the values lead to several accounts.
    pub several: &'static str,
    /// Said instead where the account has another identity of the corp.
    pub other_identity: &'static str,
    /// Said in one form.
    pub one_form: &'static str,
    /// Button: a new account.
    pub create: &'static str,
    /// Below it.
    pub create_note: &'static str,
    /// Button: an existing account.
    pub existing: &'static str,
    /// Below it.
    pub existing_note: &'static str,
    /// Heading of the page with the proofs.
    pub prove_heading: &'static str,
    /// Its text.
    pub prove_text: &'static str,
    /// Above the password form.
    pub by_password: &'static str,
    /// Above the form for a code by mail.
    pub by_email_code: &'static str,
    /// Above the form for a code by SMS.
    pub by_sms_code: &'static str,
    /// Above the other sources.
    pub by_source: &'static str,
    /// Button of the password form.
    pub prove: &'static str,
    /// Heading of the page that asks to confirm.
    pub confirm_heading: &'static str,
    /// Its text.
    pub confirm_text: &'static str,
    /// Label of the upstream person.
    pub member: &'static str,
    /// Label of the account.
    pub account: &'static str,
    /// Button: bind.
    pub confirm: &'static str,
    /// Button: another account.
    pub another: &'static str,
    /// Heading above the ways to fetch a missing value.
    pub missing_heading: &'static str,
    /// Text below it.
    pub missing_text: &'static str,
    /// Button: authorise in the WeCom client.
    pub consent: &'static str,
    /// Above the field for a mobile number that WeCom confirms.
    pub typed_mobile: &'static str,
    /// Above the field for a mail address that WeCom confirms.
    pub typed_email: &'static str,
    /// Button: have it confirmed.
    pub typed_submit: &'static str,
    /// Said where a value was fetched and leads to nobody.
    pub name_unknown: &'static str,
}

static ZH_CN: BindTexts = BindTexts {
    heading: "你在这里的账号是哪个",
    who: |name, corp| format!("你已在企业微信登录：{name}（{corp}）。"),
    meaning: "选择之后，下次用企业微信登录会直接进入该账号。",
    several: "企业微信提供的信息对应了多个账号。请证明哪一个是你的。",
    other_identity: "找到的账号已关联本组织的另一个身份。请证明它是你的。",
    one_form: "输入手机号或邮箱：已有账号会绑定到企业微信，没有账号会新建一个。",
    create: "创建新账号",
    create_note: "我第一次使用这里",
    existing: "绑定已有账号",
    existing_note: "我在这里已经有账号",
    prove_heading: "证明账号是你的",
    prove_text: "请选择一种方式。证明之前不会显示任何账号信息。",
    by_password: "用密码",
    by_email_code: "用邮箱验证码",
    by_sms_code: "用短信验证码",
    by_source: "用账号已关联的其他登录方式",
    prove: "继续",
    confirm_heading: "绑定这个账号吗",
    confirm_text: "绑定后，用企业微信登录会进入该账号；该账号在其他设备上会退出登录。",
    member: "企业微信成员",
    account: "账号",
    confirm: "绑定并继续",
    another: "换一个账号",
    missing_heading: "企业微信没有提供你的手机号或邮箱",
    missing_text: "补充之后，我们可以找到你已有的账号。",
    consent: "在企业微信里授权一次",
    typed_mobile: "输入企业微信里登记的手机号",
    typed_email: "输入企业微信里登记的邮箱",
    typed_submit: "由企业微信确认",
    name_unknown: "未命名",
};

static ZH_TW: BindTexts = BindTexts {
    heading: "您在這裡的帳號是哪一個",
    who: |name, corp| format!("您已在企業微信登入：{name}（{corp}）。"),
    meaning: "選擇之後，下次用企業微信登入會直接進入該帳號。",
    several: "企業微信提供的資料對應到多個帳號。請證明哪一個是您的。",
    other_identity: "找到的帳號已連結本組織的另一個身分。請證明它是您的。",
    one_form: "輸入手機號碼或電子郵件：已有帳號會綁定到企業微信，沒有帳號會建立一個。",
    create: "建立新帳號",
    create_note: "我第一次使用這裡",
    existing: "綁定現有帳號",
    existing_note: "我在這裡已經有帳號",
    prove_heading: "證明帳號是您的",
    prove_text: "請選擇一種方式。證明之前不會顯示任何帳號資料。",
    by_password: "用密碼",
    by_email_code: "用電子郵件驗證碼",
    by_sms_code: "用簡訊驗證碼",
    by_source: "用帳號已連結的其他登入方式",
    prove: "繼續",
    confirm_heading: "要綁定這個帳號嗎",
    confirm_text: "綁定後，用企業微信登入會進入該帳號；該帳號在其他裝置上會登出。",
    member: "企業微信成員",
    account: "帳號",
    confirm: "綁定並繼續",
    another: "換一個帳號",
    missing_heading: "企業微信沒有提供您的手機號碼或電子郵件",
    missing_text: "補充之後，我們可以找到您已有的帳號。",
    consent: "在企業微信裡授權一次",
    typed_mobile: "輸入企業微信裡登記的手機號碼",
    typed_email: "輸入企業微信裡登記的電子郵件",
    typed_submit: "由企業微信確認",
    name_unknown: "未命名",
};

static EN: BindTexts = BindTexts {
    heading: "Which account here is yours?",
    who: |name, corp| format!("You are signed in to WeCom as {name} ({corp})."),
    meaning: "Next time WeCom takes you straight to the account that you choose now.",
    several: "What WeCom tells about you leads to more than one account. Please prove which is yours.",
    other_identity: "The account that was found is linked to another identity of your organization. \
                     Please prove that it is yours.",
    one_form: "Enter your phone number or e-mail address: an existing account is bound to WeCom, \
               otherwise you get a new one.",
    create: "Create a new account",
    create_note: "I am new here",
    existing: "Bind an existing account",
    existing_note: "I have an account here already",
    prove_heading: "Prove that the account is yours",
    prove_text: "Choose a way. Nothing about any account is shown before that.",
    by_password: "With its password",
    by_email_code: "With a code by e-mail",
    by_sms_code: "With a code by text message",
    by_source: "With another way to sign in that it is linked to",
    prove: "Continue",
    confirm_heading: "Bind this account?",
    confirm_text: "WeCom will sign you in to this account from now on. Other devices that are signed in \
                   to it are signed out.",
    member: "WeCom member",
    account: "Account",
    confirm: "Bind and continue",
    another: "Another account",
    missing_heading: "WeCom didn’t tell your phone number or e-mail address",
    missing_text: "With it we can find the account that you already have.",
    consent: "Authorise once in WeCom",
    typed_mobile: "Enter the mobile number that WeCom has of you",
    typed_email: "Enter the e-mail address that WeCom has of you",
    typed_submit: "Have WeCom confirm it",
    name_unknown: "Unnamed",
};

static JA: BindTexts = BindTexts {
    heading: "ここでのアカウントはどれですか",
    who: |name, corp| format!("WeCom に {name}（{corp}）としてサインインしています。"),
    meaning: "選択すると、次回からは WeCom でそのアカウントに直接入れます。",
    several: "WeCom の情報が複数のアカウントに一致しました。ご自身のものを証明してください。",
    other_identity: "見つかったアカウントは、組織内の別の ID に関連付けられています。\
                     ご自身のものであることを証明してください。",
    one_form: "電話番号またはメールアドレスを入力してください。既存のアカウントは WeCom に関連付けられ、\
               ない場合は新しく作成されます。",
    create: "新しいアカウントを作成",
    create_note: "はじめて利用します",
    existing: "既存のアカウントを関連付ける",
    existing_note: "すでにアカウントがあります",
    prove_heading: "ご自身のアカウントであることを証明",
    prove_text: "方法を選んでください。証明されるまで、アカウントの情報は表示されません。",
    by_password: "パスワードで",
    by_email_code: "メールのコードで",
    by_sms_code: "SMS のコードで",
    by_source: "関連付け済みの別のサインイン方法で",
    prove: "続ける",
    confirm_heading: "このアカウントを関連付けますか",
    confirm_text: "今後は WeCom でこのアカウントにサインインします。他の端末はサインアウトされます。",
    member: "WeCom メンバー",
    account: "アカウント",
    confirm: "関連付けて続ける",
    another: "別のアカウント",
    missing_heading: "電話番号やメールアドレスを WeCom から受け取れませんでした",
    missing_text: "補っていただくと、お持ちのアカウントを見つけられます。",
    consent: "WeCom で一度だけ許可する",
    typed_mobile: "WeCom に登録された携帯電話番号を入力",
    typed_email: "WeCom に登録されたメールアドレスを入力",
    typed_submit: "WeCom で確認",
    name_unknown: "名前なし",
};

impl BindTexts {
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
