//! 日本語。

use super::{CodeTexts, NoticeTexts, Texts};

pub(super) static TEXTS: Texts = Texts {
    sign_in: CodeTexts {
        subject: |brand, code| format!("{code}：{brand} のサインイン用コード"),
        heading: "サインイン用コード",
        lead: |brand| format!("{brand} のサインイン画面で、次のコードを入力してください。"),
        not_you: "お心当たりがない場合は、このメールを無視してください。\
                  コードを他の人に伝えない限り、このコードでサインインされることはありません。",
        sms: |brand, code, minutes| {
            format!(
                "{code} は {brand} のサインイン用コードです（{minutes}分間有効）。\
                 他の人に教えないでください。"
            )
        },
    },
    bind: CodeTexts {
        subject: |brand, _| format!("{brand} アカウントの確認"),
        heading: "アカウントの確認",
        lead: |brand| {
            format!(
                "{brand} のアカウントに新しいサインイン方法を連携しようとしています。\
                 連携の画面で、次のコードを入力してください。"
            )
        },
        not_you: "お心当たりがない場合は、コードを誰にも伝えないでください。\
                  伝えると、他の人があなたのアカウントにサインインできるおそれがあります。\
                  現時点では、アカウントは変更されていません。",
        sms: |brand, code, minutes| {
            format!(
                "{code} は {brand} アカウントの連携用コードです（{minutes}分間有効）。\
                 他の人に教えないでください。"
            )
        },
    },
    verify_address: CodeTexts {
        subject: |brand, code| format!("{code}：{brand} の確認コード"),
        heading: "メールアドレスの確認",
        lead: |brand| {
            format!(
                "このメールアドレスがご本人のものであることを確認します。\
                 {brand} の確認画面で、次のコードを入力してください。"
            )
        },
        not_you: "お心当たりがない場合は、このメールを無視してください。\
                  コードがなければ、このアドレスの確認は完了しません。",
        sms: |brand, code, minutes| {
            format!(
                "{code} は {brand} の確認コードです（{minutes}分間有効）。\
                 他の人に教えないでください。"
            )
        },
    },
    reset_password: CodeTexts {
        subject: |brand, _| format!("{brand} のパスワード再設定"),
        heading: "パスワードの再設定",
        lead: |brand| {
            format!(
                "{brand} のアカウントに新しいパスワードを設定しようとしています。\
                 再設定の画面で、次のコードを入力してください。"
            )
        },
        not_you: "お心当たりがない場合は、このメールを無視してください。\
                  パスワードは変更されません。同じメールが続けて届く場合は、管理者にお知らせください。",
        sms: |brand, code, minutes| {
            format!(
                "{code} は {brand} のパスワード再設定用コードです（{minutes}分間有効）。\
                 他の人に教えないでください。"
            )
        },
    },
    password_changed: NoticeTexts {
        subject: |brand| format!("{brand} のパスワードが変更されました"),
        heading: "パスワードが変更されました",
        lead: |brand, _| {
            format!(
                "{brand} のアカウントのパスワードが変更されました。\
                 ご本人による変更であれば、何もする必要はありません。"
            )
        },
        not_you: "お心当たりがない場合は、すぐにパスワードを再設定し、管理者にお知らせください。",
        sms: |brand, _| {
            format!(
                "{brand} のパスワードが変更されました。\
                 お心当たりがない場合は、すぐに再設定し、管理者にお知らせください。"
            )
        },
    },
    source_linked: NoticeTexts {
        subject: |brand| format!("{brand} に新しいサインイン方法が追加されました"),
        heading: "新しいサインイン方法が追加されました",
        lead: |brand, source| {
            format!(
                "「{source}」で {brand} のアカウントにサインインできるようになりました。\
                 ご本人による操作であれば、何もする必要はありません。"
            )
        },
        not_you: "お心当たりがない場合は、すぐに管理者にお知らせください。\
                  パスワードを設定している場合は、変更もお願いします。",
        sms: |brand, source| {
            format!(
                "{brand} のアカウントに「{source}」が連携されました。\
                 お心当たりがない場合は、すぐに管理者にお知らせください。"
            )
        },
    },
    about_code: |minutes| {
        format!(
            "コードは{minutes}分間有効で、1回だけ使えます。他の人に教えないでください。\
             電話やメッセージでコードをお尋ねすることはありません。"
        )
    },
    automatic: |brand| format!("{brand} から自動送信されています。返信はできません。"),
};
