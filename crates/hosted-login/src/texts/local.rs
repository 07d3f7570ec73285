//! Words of signing in without a source, of one-time codes and of forgotten passwords.

use crate::language::Language;

/// The words in one language.
#[derive(Debug)]
pub struct LocalTexts {
    /// Above the password form, below the sources.
    pub or_with_password: &'static str,
    /// Label of the field for a user name, mail address or phone number.
    pub name: &'static str,
    /// Label of the password field.
    pub password: &'static str,
    /// Button: sign in.
    pub sign_in: &'static str,
    /// Link to choosing a new password.
    pub forgot: &'static str,
    /// Link to signing in by a code to the mail address.
    pub with_email_code: &'static str,
    /// Link to signing in by a code to the phone.
    pub with_sms_code: &'static str,
    /// Label of the field for a mail address.
    pub email: &'static str,
    /// Label of the field for a phone number.
    pub phone: &'static str,
    /// Button: send the code.
    pub send_code: &'static str,
    /// Heading of the page that asks for a code.
    pub enter_code: &'static str,
    /// Its text, which tells nothing about whether an account exists.
    pub code_sent: &'static str,
    /// Label of the code field.
    pub code: &'static str,
    /// Button: go on.
    pub go_on: &'static str,
    /// Link: another code.
    pub another_code: &'static str,
    /// Link: another way to sign in.
    pub another_way: &'static str,
    /// Heading of the page for a forgotten password.
    pub forgot_heading: &'static str,
    /// Its text.
    pub forgot_text: &'static str,
    /// Heading of the page for a new password.
    pub reset_heading: &'static str,
    /// Label of the field for it.
    pub new_password: &'static str,
    /// What a good one is like.
    pub new_password_hint: &'static str,
    /// Button: save.
    pub save: &'static str,
    /// Said above the login page after a new password was saved.
    pub password_saved: &'static str,
    /// Whom to ask; the tenant's own words follow.
    pub help: &'static str,
}

static ZH_CN: LocalTexts = LocalTexts {
    or_with_password: "或使用密码",
    name: "用户名、邮箱或手机号",
    password: "密码",
    sign_in: "登录",
    forgot: "忘记密码",
    with_email_code: "用邮箱验证码登录",
    with_sms_code: "用短信验证码登录",
    email: "邮箱",
    phone: "手机号",
    send_code: "发送验证码",
    enter_code: "输入验证码",
    code_sent: "如果有账号使用该地址，验证码已经发出，10 分钟内有效。请查收并在这里输入。",
    code: "6 位验证码",
    go_on: "继续",
    another_code: "没有收到，重新发送",
    another_way: "换一种登录方式",
    forgot_heading: "重设密码",
    forgot_text: "请输入账号的邮箱，我们会把验证码发到那里。",
    reset_heading: "设置新密码",
    new_password: "新密码",
    new_password_hint: "至少 8 个字符。几个互不相关的词就是好密码。",
    save: "保存",
    password_saved: "新密码已保存，其他设备已退出登录。请用新密码登录。",
    help: "需要帮助",
};

static ZH_TW: LocalTexts = LocalTexts {
    or_with_password: "或使用密碼",
    name: "使用者名稱、電子郵件或手機號碼",
    password: "密碼",
    sign_in: "登入",
    forgot: "忘記密碼",
    with_email_code: "用電子郵件驗證碼登入",
    with_sms_code: "用簡訊驗證碼登入",
    email: "電子郵件",
    phone: "手機號碼",
    send_code: "傳送驗證碼",
    enter_code: "輸入驗證碼",
    code_sent: "如果有帳號使用這個地址，驗證碼已經送出，10 分鐘內有效。請查收並在這裡輸入。",
    code: "6 位數驗證碼",
    go_on: "繼續",
    another_code: "沒有收到，重新傳送",
    another_way: "換一種登入方式",
    forgot_heading: "重設密碼",
    forgot_text: "請輸入帳號的電子郵件，我們會把驗證碼寄到那裡。",
    reset_heading: "設定新密碼",
    new_password: "新密碼",
    new_password_hint: "至少 8 個字元。幾個互不相關的詞就是好密碼。",
    save: "儲存",
    password_saved: "新密碼已儲存，其他裝置已登出。請用新密碼登入。",
    help: "需要協助",
};

static EN: LocalTexts = LocalTexts {
    or_with_password: "Or with a password",
    name: "User name, e-mail or phone",
    password: "Password",
    sign_in: "Sign in",
    forgot: "Forgotten your password?",
    with_email_code: "Sign in with a code by e-mail",
    with_sms_code: "Sign in with a code by text message",
    email: "E-mail address",
    phone: "Phone number",
    send_code: "Send the code",
    enter_code: "Enter the code",
    code_sent: "If an account uses this address, a code is on its way. It is valid for 10 minutes; \
                please enter it here.",
    code: "6-digit code",
    go_on: "Continue",
    another_code: "Nothing there? Send another one",
    another_way: "Sign in another way",
    forgot_heading: "Choose a new password",
    forgot_text: "Please enter the e-mail address of your account. We will send a code to it.",
    reset_heading: "Your new password",
    new_password: "New password",
    new_password_hint: "At least 8 characters. A few unrelated words make a good one.",
    save: "Save",
    password_saved: "The new password is saved and other devices are signed out. Please sign in with it.",
    help: "Need help?",
};

static JA: LocalTexts = LocalTexts {
    or_with_password: "またはパスワードで",
    name: "ユーザー名、メールアドレスまたは電話番号",
    password: "パスワード",
    sign_in: "サインイン",
    forgot: "パスワードをお忘れですか",
    with_email_code: "メールのコードでサインイン",
    with_sms_code: "SMS のコードでサインイン",
    email: "メールアドレス",
    phone: "電話番号",
    send_code: "コードを送信",
    enter_code: "コードを入力",
    code_sent: "このアドレスのアカウントがある場合、コードをお送りしました。10 分間有効です。\
                届いたコードを入力してください。",
    code: "6 桁のコード",
    go_on: "続ける",
    another_code: "届かない場合は再送信",
    another_way: "別の方法でサインイン",
    forgot_heading: "パスワードの再設定",
    forgot_text: "アカウントのメールアドレスを入力してください。コードをお送りします。",
    reset_heading: "新しいパスワード",
    new_password: "新しいパスワード",
    new_password_hint: "8 文字以上。関係のない単語をいくつか並べると良いパスワードになります。",
    save: "保存",
    password_saved: "新しいパスワードを保存し、他の端末はサインアウトしました。新しいパスワードでサインインしてください。",
    help: "お困りの場合",
};

impl LocalTexts {
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
