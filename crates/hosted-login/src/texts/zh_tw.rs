//! 繁體中文（臺灣）。

use super::{AgreementWords, Texts, spaced, words};
use crate::pages::{Notice, NoticeText, Reason};

pub(super) static TEXTS: Texts = Texts {
    sign_in_to: |app| format!("登入{}", spaced(app)),
    sign_in: "登入",
    choose_source: "請選擇登入方式",
    one_source: "使用企業帳號繼續",
    scan_panel: "請使用企業微信掃描 QR Code 登入",
    other_sources: "其他登入方式",
    panel_title: |source| format!("{source}：掃描 QR Code 登入"),
    panel_trouble: "看不到 QR Code？前往企業微信登入頁面",
    unavailable: "目前的瀏覽器不支援",
    none_available: "請改用其他方式開啟",
    reason,
    this_link: "本頁連結",
    copy: "複製",
    copied: "已複製",
    cancel_to: |app| format!("取消並返回{}", spaced(app)),
    cancel: "取消登入",
    agreements: AgreementWords {
        before: "繼續即表示您同意",
        open: "《",
        close: "》",
        between: "、",
        last: "及",
        after: "。",
    },
    language: "語言",
    code: "錯誤代碼",
    trace: "追蹤碼",
    details: "給開發人員的說明",
    retry_after: |seconds| match seconds {
        0..=60 => format!("請在 {seconds} 秒後再試一次。"),
        _ => format!("請在 {} 分鐘後再試一次。", seconds.div_ceil(60)),
    },
    try_again: "再試一次",
    sign_in_again: "重新登入",
    other_source: "使用其他方式登入",
    back_to: |app| format!("返回{}", spaced(app)),
    signed_out: "您已登出",
    signed_out_text: "您已在這個瀏覽器中安全登出。如果這是公用裝置，建議一併關閉瀏覽器視窗。",
    confirm_sign_out_of: |app| format!("要登出{}嗎？", spaced(app)),
    confirm_sign_out: "要登出嗎？",
    confirm_sign_out_text: "登出後，在這個瀏覽器中使用各應用程式時需要重新登入。",
    signed_in_as: |user| format!("目前登入身分：{user}"),
    sign_out: "登出",
    stay: "保持登入",
    continuing_to: |app| format!("正在前往{}", spaced(app)),
    continuing: "正在前往下一頁",
    continuing_text: "如果頁面沒有自動跳轉，請點選下方按鈕。",
    go_on: "繼續",
    notice,
};

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::OnlyInWecom => {
            "請複製本頁連結，傳送到企業微信的任一聊天室，再從聊天室開啟即可登入。"
        }
        Reason::OnlyOnDesktop => {
            "需要用手機掃描另一個螢幕上的 QR Code，請在電腦的瀏覽器中開啟本頁。"
        }
        Reason::PersonalWechat => {
            "目前是在微信中開啟，無法登入。請複製本頁連結，改在企業微信中開啟。"
        }
    }
}

#[expect(clippy::too_many_lines, reason = "a table, one row a notice")]
fn notice(notice: Notice) -> NoticeText {
    match notice {
        Notice::InvalidRequest => words(
            "登入要求有誤",
            "應用程式送出的登入要求不完整或格式不正確。請返回應用程式重新登入；如果問題持續發生，請聯絡應用程式的開發人員。",
        ),
        Notice::UnknownClient => words(
            "無法識別這個應用程式",
            "這個登入要求來自尚未登錄的應用程式。請確認連結是否正確，或聯絡管理員並提供追蹤碼。",
        ),
        Notice::RedirectUriMismatch => words(
            "應用程式的返回網址尚未登錄",
            "為保護您的帳號，我們沒有繼續前往。請聯絡管理員並提供追蹤碼。",
        ),
        Notice::RequestUriUnknown => {
            words("這次登入要求已失效", "它已使用過或已過期。請回到應用程式重新登入。")
        }
        Notice::UnknownHost => {
            words("找不到這個登入網站", "請檢查網址是否輸入正確，或向管理員確認登入網址。")
        }
        Notice::InteractionExpired => {
            words("登入頁面已逾時", "停留時間過長，這次登入已失效。請返回應用程式重新登入。")
        }
        Notice::BrowserChanged => words(
            "請在這個瀏覽器中重新登入",
            "登入過程中似乎換了瀏覽器，或瀏覽器沒有保留 Cookie。為保護您的帳號，請在目前的瀏覽器中重新登入。",
        ),
        Notice::StateUnknown => words(
            "這次登入已失效",
            "這個登入連結已使用過或已過期。請返回應用程式重新登入，不需要重新整理本頁。",
        ),
        Notice::DeniedUpstream => {
            words("您已取消授權", "您在企業微信中取消了這次登入。如要繼續，請重新登入。")
        }
        Notice::NotAMember => words(
            "您還不是這個企業的成員",
            "目前的企業微信帳號不屬於這個企業。請切換到正確的帳號再試一次，或請管理員將您加入企業。",
        ),
        Notice::NotVisible => words(
            "您還沒有使用權限",
            "您不在這個應用程式的可見範圍內。請聯絡管理員，將您加入企業微信應用的可見範圍。",
        ),
        Notice::LinkedCorp => words(
            "尚未支援互聯企業成員登入",
            "您的帳號來自互聯企業，目前僅支援本企業的成員登入。請向管理員詢問其他登入方式。",
        ),
        Notice::LoginOnly => words(
            "目前無法登入",
            "這個登入方式僅供已開通的使用者使用。請聯絡管理員為您開通，之後就能使用企業微信登入。",
        ),
        Notice::RegistrationClosed => words(
            "此應用程式不接受新帳號",
            "您的企業微信尚未連結這裡的帳號，而管理員已關閉建立新帳號。請聯絡管理員，並提供追蹤碼。",
        ),
        Notice::SeveralAccounts => words(
            "無法確定哪個是您的帳號",
            "企業微信提供的資料對應到多個帳號，因此沒有開啟任何一個。請聯絡管理員，並提供追蹤碼。",
        ),
        Notice::AlreadyBound => words(
            "該帳號已屬於其他成員",
            "該帳號已連結組織中的另一位成員。如果它應該屬於您，請聯絡管理員，並提供追蹤碼。",
        ),
        Notice::LinkedElsewhere => words(
            "已連結到其他帳號",
            "這位企業微信成員登入的是另一個帳號，沒有做任何變更。如需調整，請聯絡管理員，並提供追蹤碼。",
        ),
        Notice::LinkSuspended => {
            words("此登入方式已停用", "管理員暫停了您的企業微信登入。請聯絡管理員，並提供追蹤碼。")
        }
        Notice::UserSuspended => {
            words("帳號已停用", "您的帳號目前處於停用狀態。如需恢復，請聯絡管理員並提供追蹤碼。")
        }
        Notice::SourceDisabled => {
            words("這個登入方式已停用", "請選擇其他登入方式；如果沒有其他方式，請聯絡管理員。")
        }
        Notice::SourceMisconfigured => words(
            "這個登入方式暫時無法使用",
            "登入方式的設定需要管理員檢查。請聯絡管理員並提供追蹤碼；您也可以先使用其他登入方式。",
        ),
        Notice::AppDisabled => {
            words("應用程式已停用", "這個應用程式目前無法登入。如有疑問，請聯絡管理員。")
        }
        Notice::TenantSuspended => {
            words("登入服務已暫停", "這個企業的登入服務目前暫停中。詳情請洽詢管理員。")
        }
        Notice::UpstreamUnavailable => {
            words("暫時無法連線到企業微信", "企業微信沒有及時回應，您的帳號未受影響。請稍後再試。")
        }
        Notice::UpstreamBusy => words("企業微信目前忙碌中", "同時登入的人較多，請稍候片刻再試。"),
        Notice::NoSources => words(
            "應用程式還沒有可用的登入方式",
            "管理員尚未為這個應用程式啟用登入方式。請聯絡管理員並提供追蹤碼。",
        ),
        Notice::OnlyInWecom => words(
            "請在企業微信中開啟",
            "這個登入方式必須在企業微信中使用。請複製連結並傳送到企業微信，或從企業微信的工作台開啟應用程式。",
        ),
        Notice::OnlyOnDesktop => words(
            "請在電腦上開啟",
            "掃描登入需要用手機掃描另一個螢幕上的 QR Code。請在電腦的瀏覽器中開啟應用程式。",
        ),
        Notice::PersonalWechat => words(
            "請改用企業微信開啟",
            "目前的頁面是在微信中開啟，無法確認您的企業身分。請複製連結，改在企業微信中開啟。",
        ),
        Notice::SessionEnded => {
            words("登入狀態已結束", "為保護您的帳號，登入狀態已失效。重新登入後即可繼續。")
        }
        Notice::AlreadySignedIn => words(
            "您已完成登入",
            "這次登入已在這個瀏覽器中完成，不需要重複操作。您可以返回應用程式繼續使用。",
        ),
        Notice::Unavailable => {
            words("服務暫時無法使用", "我們正在恢復服務，您的資料未受影響。請稍後再試。")
        }
        Notice::InternalError => words(
            "發生錯誤",
            "這是我們的問題，與您的操作無關。請再試一次；如果問題持續發生，請聯絡管理員並提供追蹤碼。",
        ),
        Notice::NotFound => {
            words("找不到這個頁面", "連結可能已失效或輸入有誤。請返回應用程式，再從那裡進入。")
        }
        Notice::TooManyRequests => words("操作過於頻繁", "為保護帳號安全，請稍候片刻再試。"),
        Notice::ProofFailed => {
            words("資料不相符", "帳號與您輸入的驗證資料不相符。請核對後再試一次。")
        }
        Notice::CodeWrong => {
            words("驗證碼無效", "驗證碼輸入有誤、已過期或已使用。請核對，或重新取得。")
        }
        Notice::SignInFirst => {
            words("請重新登入一次", "為保護您的帳號，此操作需要幾分鐘內的登入。沒有做任何變更。")
        }
        Notice::NotOffered => {
            words("此方式無法使用", "它已被關閉，或該應用程式從未提供。請返回並選擇其他方式。")
        }
        Notice::LastWayIn => {
            words("這是您唯一的登入方式", "移除後您將無法登入，因此已保留。請先新增其他登入方式。")
        }
        Notice::PasswordUnacceptable => words(
            "請換一個密碼",
            "它太短、太常見，或容易從您的姓名猜到。幾個互不相關的詞就是好密碼。",
        ),
        Notice::TicketUnknown => words(
            "連結已使用或已過期",
            "裝置之間的連結只能使用一次，且有效時間很短。請在顯示它的裝置上重新開始。",
        ),
        Notice::ValueNotConfirmed => words(
            "企業微信無法確認",
            "您輸入的資料不屬於剛才登入的企業微信成員。請核對，或選擇其他方式。",
        ),
        Notice::SomebodyElse => words(
            "正在登入的是另一個人",
            "這台裝置上的企業微信帳號，與另一台裝置上正在登入的不是同一個人，沒有提供任何資料。請用登入者本人的手機操作。",
        ),
        Notice::CodeNotSent => {
            words("驗證碼無法送出", "郵件或簡訊服務沒有回應。請稍後再試，或選擇其他方式。")
        }
        Notice::InvalidInput => {
            words("請檢查輸入內容", "輸入不完整，或格式與該欄位不符。請修改後再試一次。")
        }
        Notice::Csrf => words(
            "頁面已失效",
            "無法確認這次操作來自目前的頁面，因此沒有執行。請返回上一頁，重新整理後再試一次。",
        ),
    }
}
