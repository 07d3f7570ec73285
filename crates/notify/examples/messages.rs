//! Writes every message in every language into a folder, for looking at them:
//! `cargo run -p notify --example messages -- target/messages`.

use std::{env, fs, io, path::PathBuf};

use notify::{Language, Message, mail, sms};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args().nth(1).unwrap_or_else(|| "target/messages".to_owned()));
    fs::create_dir_all(&folder)?;
    let (code, minutes) = ("482913", 10);
    let messages = [
        Message::SignInCode { code, minutes },
        Message::BindCode { code, minutes },
        Message::VerifyAddressCode { code, minutes },
        Message::ResetPasswordCode { code, minutes },
        Message::PasswordChanged,
        Message::SourceLinked { source: "企业微信 QR" },
    ];
    for language in Language::ALL {
        for message in &messages {
            let parts = mail(language, "Acme", message);
            let name = format!("{}-{}", language.tag(), message.purpose());
            fs::write(folder.join(format!("{name}.html")), parts.html)?;
            let sms = sms(language, "Acme", message);
            let text = format!("Subject: {}\n\n{}\n\nSMS: {sms}\n", parts.subject, parts.text);
            fs::write(folder.join(format!("{name}.txt")), text)?;
        }
    }
    Ok(())
}
