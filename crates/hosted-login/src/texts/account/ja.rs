//! 日本語。

use super::{AccountTexts, Done, Happening};
use crate::pages::Problem;

pub(super) static TEXTS: AccountTexts = AccountTexts {
    heading: "マイアカウント",
    email: "メールアドレス",
    phone: "電話番号",
    username: "ユーザー名",
    verified: "確認済み",
    unverified: "未確認",
    ways: "サインイン方法",
    added: "追加日時",
    last_used: "最終利用",
    suspended: "管理者が停止中",
    remove: "削除",
    remove_of: |corp| format!("削除：{corp}"),
    add: "サインイン方法を追加",
    add_text: |name| {
        format!(
            "その方法で一度サインインしてください。以後は「{name}」のアカウントにサインインします。"
        )
    },
    add_none: "現在、追加できるサインイン方法はありません。",
    add_elsewhere: "追加できる方法は、このブラウザーでは利用できません。WeComの中でマイアカウントを開くか、パソコンで開いてQRコードを読み取ってください。",
    remove_question: |corp| format!("「{corp}」を削除しますか"),
    remove_text: "削除すると、この組織ではQRコードでもWeComの中でもサインインできなくなります。ほかのデバイスからはサインアウトします。今回この方法でサインインしている場合は、ここからもサインアウトします。",
    remove_last: "唯一のサインイン方法です。削除するとサインインできなくなります。先に別の方法を追加してください。",
    keep: "残す",
    password: "パスワード",
    changed: "変更日時",
    no_password: "まだ設定されていません",
    change_password: "パスワードを変更",
    set_password: "パスワードを設定",
    password_text: "保存すると、ほかのデバイスからはサインアウトします。",
    current_password: "現在のパスワード",
    new_password: "新しいパスワード",
    password_hint: "8文字以上で入力してください。関連のない単語をいくつか並べるのがおすすめです。",
    repeat_password: "新しいパスワード（もう一度）",
    save: "保存",
    problem: |problem| match problem {
        Problem::WrongCurrent => {
            "現在のパスワードが正しくありません。確認してもう一度お試しください。"
        }
        Problem::Different => "新しいパスワードが一致しません。もう一度入力してください。",
        Problem::TooShort => "パスワードが短すぎます。8文字以上で入力してください。",
        Problem::TooLong => "パスワードが長すぎます。128文字以内で入力してください。",
        Problem::Common => "よく使われる推測されやすいパスワードです。別のものをお選びください。",
        Problem::Repetitive => {
            "同じ文字の繰り返しや連続した文字だけのパスワードです。別のものをお選びください。"
        }
        Problem::Personal => {
            "氏名やメールアドレス、電話番号が含まれています。別のものをお選びください。"
        }
        Problem::Characters => "使用できない文字が含まれています。別のものをお選びください。",
    },
    sessions: "サインイン中のデバイス",
    this_device: "このデバイス",
    last_seen: "最終利用",
    sign_out_of: |device| format!("サインアウト：{device}"),
    sign_out_others: "ほかのすべてのデバイスからサインアウト",
    device: |browser, system| format!("{system}の{browser}"),
    unknown_device: "不明なデバイス",
    wecom: "WeCom",
    wechat: "WeChat",
    apps: "アプリ",
    apps_text: "アクセスを取り消すと、もう一度サインインするまで、アプリはあなたの情報を取得できません。",
    since: "開始",
    withdraw: "アクセスを取り消す",
    withdraw_of: |app| format!("アクセスを取り消す：{app}"),
    activity: "最近のアクティビティ",
    refused: "拒否",
    happening: |happening| match happening {
        Happening::SignIn => "サインイン",
        Happening::SingleSignOn => "アプリの利用",
        Happening::SignOut => "サインアウト",
        Happening::Created => "アカウントの作成",
        Happening::Linked => "サインイン方法の追加",
        Happening::Unlinked => "サインイン方法の削除",
        Happening::Password => "パスワードの変更",
        Happening::SessionEnded => "ほかのデバイスからのサインアウト",
        Happening::SessionsEnded => "ほかのすべてのデバイスからのサインアウト",
        Happening::Consented => "アプリへのアクセスの許可",
        Happening::Withdrawn => "アプリのアクセスの取り消し",
        Happening::EndedByCorp => "サインアウト：組織のメンバーではなくなりました",
        Happening::Administrator => "管理者による変更",
        Happening::Other => "アカウントの動き",
    },
    done: |done| match done {
        Done::Password => "パスワードを変更し、ほかのデバイスからサインアウトしました。",
        Done::Unlinked => "削除し、ほかのデバイスからサインアウトしました。",
        Done::SessionEnded => "そのデバイスからサインアウトしました。",
        Done::SessionsEnded => "ほかのすべてのデバイスからサインアウトしました。",
        Done::Withdrawn => {
            "アクセスを取り消しました。もう一度サインインするまで、アプリはあなたの情報を取得できません。"
        }
    },
    back: "マイアカウントに戻る",
};
