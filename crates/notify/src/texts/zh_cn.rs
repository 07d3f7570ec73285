//! 简体中文。

use super::{CodeTexts, NoticeTexts, Texts, leading, spaced};

pub(super) static TEXTS: Texts = Texts {
    sign_in: CodeTexts {
        subject: |brand, code| format!("{code} 是你的{}登录验证码", spaced(brand)),
        heading: "登录验证码",
        lead: |brand| {
            format!("你正在登录{}。请在登录页面输入以下验证码：", spaced(brand).trim_end())
        },
        not_you: "如果不是你本人在登录，忽略这封邮件即可。只要不把验证码告诉别人，就没有人能用它登录。",
        sms: |brand, code, minutes| {
            format!(
                "{code} 是你的{}登录验证码，{minutes} 分钟内有效，请勿告诉他人。",
                spaced(brand)
            )
        },
    },
    bind: CodeTexts {
        subject: |brand, _| format!("确认你的{}账号", spaced(brand)),
        heading: "确认账号属于你",
        lead: |brand| {
            format!("你正在为{}账号绑定新的登录方式。请在绑定页面输入以下验证码：", spaced(brand))
        },
        not_you: "如果不是你本人操作，请不要把验证码告诉任何人，否则他人可能登录你的账号。\
                  目前你的账号没有任何变化。",
        sms: |brand, code, minutes| {
            format!(
                "{code} 是绑定{}账号的验证码，{minutes} 分钟内有效，请勿告诉他人。",
                spaced(brand)
            )
        },
    },
    verify_address: CodeTexts {
        subject: |brand, code| format!("{code} 是你的{}验证码", spaced(brand)),
        heading: "验证邮箱地址",
        lead: |brand| {
            format!("{}需要确认这个邮箱地址属于你。请在验证页面输入以下验证码：", leading(brand))
        },
        not_you: "如果不是你本人操作，忽略这封邮件即可。没有验证码，任何人都无法完成此邮箱的验证。",
        sms: |brand, code, minutes| {
            format!("{code} 是你的{}验证码，{minutes} 分钟内有效，请勿告诉他人。", spaced(brand))
        },
    },
    reset_password: CodeTexts {
        subject: |brand, _| format!("重置你的{}密码", spaced(brand)),
        heading: "重置密码",
        lead: |brand| {
            format!("你正在为{}账号设置新密码。请在重置密码页面输入以下验证码：", spaced(brand))
        },
        not_you: "如果不是你本人操作，忽略这封邮件即可，你的密码不会改变。\
                  如果持续收到此类邮件，请告知管理员。",
        sms: |brand, code, minutes| {
            format!(
                "{code} 是重置{}密码的验证码，{minutes} 分钟内有效，请勿告诉他人。",
                spaced(brand)
            )
        },
    },
    password_changed: NoticeTexts {
        subject: |brand| format!("你的{}密码已修改", spaced(brand)),
        heading: "密码已修改",
        lead: |brand, _| {
            format!("你的{}账号的密码刚刚被修改。如果是你本人操作，无需理会。", spaced(brand))
        },
        not_you: "如果不是你本人操作，请立即重置密码，并告知管理员。",
        sms: |brand, _| {
            format!("你的{}密码已修改。如非本人操作，请立即重置密码并告知管理员。", spaced(brand))
        },
    },
    source_linked: NoticeTexts {
        subject: |brand| format!("你的{}账号绑定了新的登录方式", spaced(brand)),
        heading: "已绑定新的登录方式",
        lead: |brand, source| {
            format!(
                "现在可以使用“{source}”登录你的{}账号。如果是你本人绑定，无需理会。",
                spaced(brand)
            )
        },
        not_you: "如果不是你本人操作，请立即告知管理员；如果账号设有密码，请同时修改密码。",
        sms: |brand, source| {
            format!("你的{}账号已绑定“{source}”。如非本人操作，请立即告知管理员。", spaced(brand))
        },
    },
    about_code: |minutes| {
        format!(
            "验证码 {minutes} 分钟内有效，仅可使用一次。请勿告诉他人，我们不会通过电话或消息向你索要验证码。"
        )
    },
    automatic: |brand| format!("此邮件由{}自动发送，请勿回复。", spaced(brand)),
};
