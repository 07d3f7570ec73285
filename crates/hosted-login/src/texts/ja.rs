//! 日本語。

use super::{AgreementWords, Texts, words};
use crate::pages::{Notice, NoticeText, Reason};

pub(super) static TEXTS: Texts = Texts {
    sign_in_to: |app| format!("「{app}」にサインイン"),
    sign_in: "サインイン",
    choose_source: "サインイン方法を選択してください",
    one_source: "勤務先のアカウントで続行します",
    scan_panel: "WeComでQRコードを読み取ってください",
    other_sources: "その他のサインイン方法",
    panel_title: |source| format!("{source}：QRコードでサインイン"),
    panel_trouble: "QRコードが表示されない場合は、WeComのサインインページへ",
    unavailable: "このブラウザーでは利用できません",
    none_available: "別の方法で開いてください",
    reason,
    this_link: "このページのリンク",
    copy: "コピー",
    copied: "コピーしました",
    cancel_to: |app| format!("キャンセルして「{app}」に戻る"),
    cancel: "キャンセル",
    agreements: AgreementWords {
        before: "続行すると、",
        open: "「",
        close: "」",
        between: "、",
        last: "および",
        after: "に同意したものとみなされます。",
    },
    language: "言語",
    code: "コード",
    trace: "追跡コード",
    details: "開発者向けの情報",
    retry_after: |seconds| match seconds {
        0..=60 => format!("{seconds}秒後にもう一度お試しください。"),
        _ => format!("{}分後にもう一度お試しください。", seconds.div_ceil(60)),
    },
    try_again: "もう一度試す",
    sign_in_again: "サインインし直す",
    other_source: "別の方法でサインイン",
    back_to: |app| format!("「{app}」に戻る"),
    signed_out: "サインアウトしました",
    signed_out_text: "このブラウザーから安全にサインアウトしました。共用の端末をお使いの場合は、ブラウザーのウィンドウも閉じてください。",
    confirm_sign_out_of: |app| format!("「{app}」からサインアウトしますか？"),
    confirm_sign_out: "サインアウトしますか？",
    confirm_sign_out_text: "サインアウトすると、このブラウザーでアプリを使うときに再度サインインが必要になります。",
    signed_in_as: |user| format!("{user} としてサインインしています"),
    sign_out: "サインアウト",
    stay: "サインインしたままにする",
    continuing_to: |app| format!("「{app}」に移動しています"),
    continuing: "移動しています",
    continuing_text: "自動的に移動しない場合は、下のボタンを押してください。",
    go_on: "続行",
    notice,
};

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::OnlyInWecom => {
            "このページのリンクをコピーしてWeComのチャットに送信し、そこから開くとサインインできます。"
        }
        Reason::OnlyOnDesktop => {
            "別の画面に表示したQRコードをスマートフォンで読み取る必要があります。このページをパソコンで開いてください。"
        }
        Reason::PersonalWechat => {
            "WeChatで開いているため、サインインできません。このページのリンクをコピーし、WeComで開いてください。"
        }
    }
}

#[expect(clippy::too_many_lines, reason = "a table, one row a notice")]
fn notice(notice: Notice) -> NoticeText {
    match notice {
        Notice::InvalidRequest => words(
            "サインインの要求に誤りがあります",
            "アプリからの要求に不足があるか、形式が正しくありません。アプリからやり直してください。繰り返し発生する場合は、アプリの開発者にお知らせください。",
        ),
        Notice::UnknownClient => words(
            "このアプリを確認できません",
            "登録されていないアプリからの要求です。リンクが正しいかご確認いただくか、追跡コードを添えて管理者にお問い合わせください。",
        ),
        Notice::RedirectUriMismatch => words(
            "アプリの戻り先が登録されていません",
            "アカウントを保護するため、移動を中止しました。追跡コードを添えて管理者にお問い合わせください。",
        ),
        Notice::RequestUriUnknown => words(
            "このサインイン要求は無効です",
            "使用済みか、期限切れです。アプリに戻って、もう一度サインインしてください。",
        ),
        Notice::UnknownHost => words(
            "サインインページが見つかりません",
            "アドレスが正しいかご確認いただくか、管理者に正しいアドレスをお問い合わせください。",
        ),
        Notice::InteractionExpired => words(
            "ページの有効期限が切れました",
            "しばらく操作がなかったため、サインインを終了しました。アプリからやり直してください。",
        ),
        Notice::BrowserChanged => words(
            "このブラウザーでサインインし直してください",
            "途中でブラウザーが切り替わったか、Cookieが保存されなかったようです。アカウントを保護するため、このブラウザーでもう一度サインインしてください。",
        ),
        Notice::StateUnknown => words(
            "このサインインは無効になりました",
            "このリンクは使用済みか、有効期限が切れています。ページを再読み込みせず、アプリからやり直してください。",
        ),
        Notice::DeniedUpstream => words(
            "WeComでキャンセルされました",
            "WeComでサインインがキャンセルされたため、中止しました。いつでもサインインし直せます。",
        ),
        Notice::NotAMember => words(
            "この組織のメンバーではありません",
            "お使いのWeComアカウントはこの組織に所属していません。正しいアカウントに切り替えてもう一度お試しいただくか、管理者に追加を依頼してください。",
        ),
        Notice::NotVisible => words(
            "まだ利用権限がありません",
            "WeComでのこのアプリの利用可能範囲に含まれていません。管理者に追加を依頼してください。",
        ),
        Notice::LinkedCorp => words(
            "連携先の組織からはまだサインインできません",
            "お使いのアカウントは連携先の組織のものです。現在サインインできるのはこの組織のメンバーのみです。ほかの方法については管理者にお問い合わせください。",
        ),
        Notice::LoginOnly => words(
            "現在サインインできません",
            "このサインイン方法は、利用が許可された方のみご利用いただけます。管理者に許可を依頼してください。許可されると、WeComでサインインできるようになります。",
        ),
        Notice::RegistrationClosed => words(
            "このアプリは新しいアカウントを受け付けていません",
            "お使いの WeCom はまだアカウントに関連付けられておらず、新規作成は管理者が停止しています。\
             追跡コードを添えて管理者にお問い合わせください。",
        ),
        Notice::SeveralAccounts => words(
            "どのアカウントか判別できません",
            "WeCom の情報が複数のアカウントに一致したため、どれも開いていません。\
             追跡コードを添えて管理者にお問い合わせください。",
        ),
        Notice::AlreadyBound => words(
            "このアカウントは別の方のものです",
            "組織内の別のメンバーに関連付けられています。ご自身のものである場合は、\
             追跡コードを添えて管理者にお問い合わせください。",
        ),
        Notice::LinkedElsewhere => words(
            "別のアカウントに関連付けられています",
            "この WeCom メンバーは別のアカウントでサインインしています。変更は行っていません。\
             移す場合は、追跡コードを添えて管理者にお問い合わせください。",
        ),
        Notice::LinkSuspended => words(
            "このサインイン方法は停止されています",
            "WeCom でのサインインは管理者により一時停止されています。\
             追跡コードを添えて管理者にお問い合わせください。",
        ),
        Notice::UserSuspended => words(
            "アカウントが停止されています",
            "再開をご希望の場合は、追跡コードを添えて管理者にお問い合わせください。",
        ),
        Notice::SourceDisabled => words(
            "この方法は停止されています",
            "別の方法を選択してください。ほかにない場合は、管理者にお問い合わせください。",
        ),
        Notice::SourceMisconfigured => words(
            "この方法は現在利用できません",
            "設定を管理者が確認する必要があります。追跡コードを添えて管理者にお問い合わせいただくか、別の方法でサインインしてください。",
        ),
        Notice::AppDisabled => words(
            "このアプリは停止されています",
            "現在、このアプリにはサインインできません。ご利用になりたい場合は、管理者にお問い合わせください。",
        ),
        Notice::TenantSuspended => words(
            "サインインを一時停止しています",
            "この組織のサインインサービスは一時停止中です。詳しくは管理者にお問い合わせください。",
        ),
        Notice::UpstreamUnavailable => words(
            "現在WeComに接続できません",
            "WeComから時間内に応答がありませんでした。アカウントに問題はありません。しばらくしてからもう一度お試しください。",
        ),
        Notice::UpstreamBusy => words(
            "WeComが混み合っています",
            "多くの方が同時にサインインしています。少し待ってからもう一度お試しください。",
        ),
        Notice::NoSources => words(
            "このアプリにはまだサインイン方法がありません",
            "サインイン方法が有効になっていません。追跡コードを添えて管理者にお問い合わせください。",
        ),
        Notice::OnlyInWecom => words(
            "WeComで開いてください",
            "このサインイン方法はWeComの中で利用できます。リンクをコピーしてWeComで自分宛てに送信するか、WeComのワークベンチからアプリを開いてください。",
        ),
        Notice::OnlyOnDesktop => words(
            "パソコンで開いてください",
            "QRコードでサインインするには、別の画面をスマートフォンで読み取る必要があります。パソコンのブラウザーでアプリを開いてください。",
        ),
        Notice::PersonalWechat => words(
            "WeComで開き直してください",
            "WeChatで開いているため、勤務先のアカウントを確認できません。リンクをコピーし、WeComで開いてください。",
        ),
        Notice::SessionEnded => words(
            "セッションが終了しました",
            "アカウントを保護するため、サインアウトしました。続けるには、もう一度サインインしてください。",
        ),
        Notice::AlreadySignedIn => words(
            "すでにサインインしています",
            "このサインインはこのブラウザーで完了しています。これ以上の操作は必要ありません。アプリに戻ってご利用ください。",
        ),
        Notice::Unavailable => words(
            "サービスを一時的に利用できません",
            "現在復旧中です。データに影響はありません。しばらくしてからもう一度お試しください。",
        ),
        Notice::InternalError => words(
            "問題が発生しました",
            "こちら側の問題で、お客様の操作によるものではありません。もう一度お試しください。繰り返し発生する場合は、追跡コードを添えて管理者にお問い合わせください。",
        ),
        Notice::NotFound => words(
            "ページが見つかりません",
            "リンクが古いか、入力に誤りがある可能性があります。アプリに戻ってやり直してください。",
        ),
        Notice::TooManyRequests => words(
            "操作の間隔が短すぎます",
            "アカウントを保護するため、操作の回数を制限しています。少し待ってからもう一度お試しください。",
        ),
        Notice::ProofFailed => words(
            "入力内容が一致しません",
            "アカウントと、確認のために入力された内容が一致しません。ご確認のうえ、もう一度お試しください。",
        ),
        Notice::CodeWrong => words(
            "このコードは使えません",
            "入力の誤り、期限切れ、または使用済みです。ご確認いただくか、新しいコードを取得してください。",
        ),
        Notice::SignInFirst => words(
            "もう一度サインインしてください",
            "アカウントを守るため、この操作には数分以内のサインインが必要です。変更は行っていません。",
        ),
        Notice::NotOffered => words(
            "この方法はご利用いただけません",
            "停止されているか、このアプリでは提供されていません。戻って別の方法をお選びください。",
        ),
        Notice::LastWayIn => words(
            "唯一のサインイン方法です",
            "削除するとサインインできなくなるため、そのまま残しました。先に別の方法を追加してください。",
        ),
        Notice::PasswordUnacceptable => words(
            "別のパスワードをお選びください",
            "短すぎる、よく使われている、またはお名前から推測されやすいものです。\
             関係のない単語をいくつか並べると良いパスワードになります。",
        ),
        Notice::TicketUnknown => words(
            "使用済みか、期限切れのリンクです",
            "端末間のリンクは一度だけ、短い時間のみ有効です。表示した端末でもう一度お試しください。",
        ),
        Notice::ValueNotConfirmed => words(
            "WeCom で確認できませんでした",
            "入力された内容は、サインインした WeCom メンバーのものではありません。\
             ご確認いただくか、別の方法をお選びください。",
        ),
        Notice::SomebodyElse => words(
            "別の方がサインイン中です",
            "このデバイスの WeCom アカウントは、もう一方の画面でサインインしている方のものではありません。情報は渡していません。サインインしているご本人の端末をお使いください。",
        ),
        Notice::CodeNotSent => words(
            "コードを送信できませんでした",
            "メールまたは SMS のサービスが応答していません。しばらくしてからお試しいただくか、\
             別の方法をお選びください。",
        ),
        Notice::InvalidInput => words(
            "入力内容をご確認ください",
            "入力が足りないか、この欄の形式と合っていません。修正のうえ、もう一度お試しください。",
        ),
        Notice::Csrf => words(
            "このページは無効になりました",
            "このページからの要求であることを確認できなかったため、何も実行していません。前のページに戻り、再読み込みしてからもう一度お試しください。",
        ),
    }
}
