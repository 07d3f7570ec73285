//! 繁體中文（臺灣）。

use super::{CodeTexts, NoticeTexts, Texts, leading, spaced};

pub(super) static TEXTS: Texts = Texts {
    sign_in: CodeTexts {
        subject: |brand, code| format!("{code} 是你的{}登入驗證碼", spaced(brand)),
        heading: "登入驗證碼",
        lead: |brand| {
            format!("你正在登入{}。請在登入頁面輸入以下驗證碼：", spaced(brand).trim_end())
        },
        not_you: "如果不是你本人在登入，忽略這封郵件即可。只要不把驗證碼告訴別人，就沒有人能用它登入。",
        sms: |brand, code, minutes| {
            format!(
                "{code} 是你的{}登入驗證碼，{minutes} 分鐘內有效，請勿告訴他人。",
                spaced(brand)
            )
        },
    },
    bind: CodeTexts {
        subject: |brand, _| format!("確認你的{}帳號", spaced(brand)),
        heading: "確認帳號屬於你",
        lead: |brand| {
            format!("你正在為{}帳號綁定新的登入方式。請在綁定頁面輸入以下驗證碼：", spaced(brand))
        },
        not_you: "如果不是你本人操作，請不要把驗證碼告訴任何人，否則他人可能登入你的帳號。\
                  目前你的帳號沒有任何變更。",
        sms: |brand, code, minutes| {
            format!(
                "{code} 是綁定{}帳號的驗證碼，{minutes} 分鐘內有效，請勿告訴他人。",
                spaced(brand)
            )
        },
    },
    verify_address: CodeTexts {
        subject: |brand, code| format!("{code} 是你的{}驗證碼", spaced(brand)),
        heading: "驗證電子郵件地址",
        lead: |brand| {
            format!(
                "{}需要確認這個電子郵件地址屬於你。請在驗證頁面輸入以下驗證碼：",
                leading(brand)
            )
        },
        not_you: "如果不是你本人操作，忽略這封郵件即可。沒有驗證碼，任何人都無法完成此地址的驗證。",
        sms: |brand, code, minutes| {
            format!("{code} 是你的{}驗證碼，{minutes} 分鐘內有效，請勿告訴他人。", spaced(brand))
        },
    },
    reset_password: CodeTexts {
        subject: |brand, _| format!("重設你的{}密碼", spaced(brand)),
        heading: "重設密碼",
        lead: |brand| {
            format!("你正在為{}帳號設定新密碼。請在重設密碼頁面輸入以下驗證碼：", spaced(brand))
        },
        not_you: "如果不是你本人操作，忽略這封郵件即可，你的密碼不會改變。\
                  如果持續收到此類郵件，請告知管理員。",
        sms: |brand, code, minutes| {
            format!(
                "{code} 是重設{}密碼的驗證碼，{minutes} 分鐘內有效，請勿告訴他人。",
                spaced(brand)
            )
        },
    },
    password_changed: NoticeTexts {
        subject: |brand| format!("你的{}密碼已變更", spaced(brand)),
        heading: "密碼已變更",
        lead: |brand, _| {
            format!("你的{}帳號的密碼剛剛已變更。如果是你本人操作，無需理會。", spaced(brand))
        },
        not_you: "如果不是你本人操作，請立即重設密碼，並告知管理員。",
        sms: |brand, _| {
            format!("你的{}密碼已變更。如非本人操作，請立即重設密碼並告知管理員。", spaced(brand))
        },
    },
    source_linked: NoticeTexts {
        subject: |brand| format!("你的{}帳號綁定了新的登入方式", spaced(brand)),
        heading: "已綁定新的登入方式",
        lead: |brand, source| {
            format!(
                "現在可以使用「{source}」登入你的{}帳號。如果是你本人綁定，無需理會。",
                spaced(brand)
            )
        },
        not_you: "如果不是你本人操作，請立即告知管理員；如果帳號設有密碼，請同時變更密碼。",
        sms: |brand, source| {
            format!("你的{}帳號已綁定「{source}」。如非本人操作，請立即告知管理員。", spaced(brand))
        },
    },
    about_code: |minutes| {
        format!(
            "驗證碼 {minutes} 分鐘內有效，僅可使用一次。請勿告訴他人，我們不會透過電話或訊息向你索取驗證碼。"
        )
    },
    automatic: |brand| format!("此郵件由{}自動傳送，請勿回覆。", spaced(brand)),
};
