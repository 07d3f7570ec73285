//! Section P: no URL of somebody else leads into our own network.

use outgoing::{CallError, FetchError, MAX_URL, Policy, UrlFlaw, check_url};

use crate::support::{Sink, allowing, client};

/// URLs that never lead to the public internet, however they are spelled. `PORT` is the sink's.
const PAYLOADS: &str = "
    https://127.0.0.1:PORT/ https://127.0.0.1.:PORT/ https://127.255.255.254:PORT/
    https://127.1:PORT/ https://127.0.1:PORT/ https://2130706433:PORT/ https://0x7f000001:PORT/
    https://0x7f.0.0.1:PORT/ https://0x7f.1:PORT/ https://0177.0.0.1:PORT/
    https://017700000001:PORT/ https://0177.0x0.0.1:PORT/ https://00000177.1:PORT/
    https://0.0.0.0:PORT/ https://0:PORT/ https://0.1.2.3:PORT/ https://%31%32%37.0.0.1:PORT/
    https://[::1]:PORT/ https://[::]:PORT/ https://[0:0:0:0:0:0:0:1]:PORT/
    https://[::ffff:127.0.0.1]:PORT/ https://[::ffff:7f00:1]:PORT/ https://[::127.0.0.1]:PORT/
    https://[64:ff9b::127.0.0.1]:PORT/ https://[64:ff9b:1::7f00:1]:PORT/
    https://[2002:7f00:1::]:PORT/ https://[2001:0:7f00:1::]:PORT/
    https://[fc00::1]:PORT/ https://[fd00:ec2::254]/ https://[fe80::1]:PORT/
    https://[fec0::1]/ https://[ff02::1]/ https://[2001:db8::1]/ https://[fe80::1%25eth0]:PORT/
    https://[fe80::1%eth0]:PORT/ https://[::1%25lo]:PORT/
    https://169.254.169.254/latest/meta-data/ https://169.254.170.2/ https://100.100.100.200/
    https://168.63.129.16/ https://2852039166/ https://0xa9fea9fe/ https://[::ffff:a9fe:a9fe]/
    https://100.64.0.1/ https://10.0.0.1/ https://172.16.0.1/ https://172.31.255.255/
    https://192.168.0.1/ https://192.0.0.1/ https://192.0.2.1/ https://198.18.0.1/
    https://198.51.100.1/ https://203.0.113.1/ https://224.0.0.1/ https://240.0.0.1/
    https://255.255.255.255/
    https://localhost:PORT/ https://localhost.:PORT/ https://LOCALHOST:PORT/
    https://acme.localhost:PORT/ https://ⓛocalhost:PORT/ https://①②⑦.⓪.⓪.①:PORT/
    https://127。0。0。1:PORT/ https://127．0．0．1:PORT/ https://printer.local/ https://redis:PORT/
    https://metadata.google.internal/ https://router.home.arpa/ https://localhost.localdomain:PORT/
    http://127.0.0.1:PORT/ http://hooks.acme.com/ HTTP://hooks.acme.com/ ftp://127.0.0.1:PORT/
    file:///etc/passwd file://127.0.0.1/x gopher://127.0.0.1:PORT/_x unix:/run/x.sock
    unix:///run/x.sock data:,x javascript:x dict://127.0.0.1:PORT/x ws://127.0.0.1:PORT/
    ldap://127.0.0.1:PORT/ blob:https://hooks.acme.com/x jar:https://hooks.acme.com/!x
    https://u@hooks.acme.com/ https://u:p@hooks.acme.com/ https://@hooks.acme.com/ https://:@hooks.acme.com/
    https://hooks.acme.com@127.0.0.1:PORT/ https://127.0.0.1:PORT#@hooks.acme.com/
    https://hooks.acme.com/#x https://hooks.acme.com/#
    https://hooks.acme.com:22/ https://hooks.acme.com:25/ https://hooks.acme.com:80/
    https://hooks.acme.com:6379/ https://hooks.acme.com:0/ https://hooks.acme.com:11211/
    https://hooks.acme.com:2375/ https://hooks.acme.com:5432/ https://hooks.acme.com:10250/
    https://hooks.acme.com:65536/ https://127.0.0.1\\@hooks.acme.com/
    https:127.0.0.1:PORT https:/127.0.0.1:PORT/ https:hooks.acme.com https:///hooks.acme.com/
    https:////127.0.0.1:PORT/ //127.0.0.1:PORT/ /sms 127.0.0.1:PORT https:// https://. https://..com/
    https://[::1 https://a..b:PORT:PORT/ https://hooks.acme.com.:22/ https://256.256.256.256/
    https://1.2.3.4.5/ https://0x/ https://08.0.0.1/";

/// Those with white space in them.
const SPACED: [&str; 9] = [
    "",
    " https://hooks.acme.com/",
    "https://hooks.acme.com/\r\nHost: 127.0.0.1",
    "https://hooks.acme.com/ HTTP/1.1\r\n\r\nGET",
    "https://127.0.0.1\t:PORT/",
    "https://127.0.\n0.1:PORT/",
    "https://loc\talhost:PORT/",
    "https://hooks.acme.com\u{a0}/",
    "https://hooks.acme.com/\0",
];

fn payloads(port: u16) -> Vec<String> {
    let all = PAYLOADS.split_ascii_whitespace().chain(SPACED);
    let mut all: Vec<String> = all.map(|url| url.replace("PORT", &port.to_string())).collect();
    all.push(format!("https://hooks.acme.com/{}", "x".repeat(MAX_URL)));
    all
}

#[tokio::test]
async fn p_no_spelling_of_a_private_address_is_saved_or_called() {
    let sink = Sink::start().await;
    let policy = Policy::default();
    let guarded = client(&policy);
    let payloads = payloads(sink.port);
    assert!(payloads.len() > 110, "{}", payloads.len());
    for url in &payloads {
        assert!(check_url(url, &policy).is_err(), "{url:?} is saved");
        // As if it had been saved before the rule was there
        let error = guarded.post_form(url, String::new()).await.unwrap_err();
        assert!(matches!(error, CallError::Url(_)), "{url:?}: {error:?}");
        let error = guarded.fetch(url, 1).await.unwrap_err();
        assert!(matches!(error, FetchError::Call(CallError::Url(_))), "{url:?}: {error:?}");
    }
    assert_eq!(sink.connections().await, 0);

    // Positive control: allowed, each of these spellings arrives, over http and (as far as the
    // certificate) over https
    let guarded = client(&allowing(&["127.0.0.0/8", "::1/128"]));
    let hosts = ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"];
    for (done, host) in hosts.into_iter().enumerate() {
        let url = |scheme| format!("{scheme}://{host}:{}/", sink.port);
        assert_eq!(guarded.post_form(&url("http"), String::new()).await.unwrap(), 204, "{host}");
        let error = guarded.post_form(&url("https"), String::new()).await.unwrap_err();
        assert!(matches!(error, CallError::Connection(_)), "{error:?}");
        assert_eq!(sink.connections().await, 2 * (done + 1), "{host}");
    }
    let first: Vec<u8> = sink.seen().iter().map(|(byte, _)| *byte).collect();
    assert_eq!(first, b"P\x16".repeat(hosts.len()), "POST, then a TLS handshake");
}

#[tokio::test]
async fn p_what_is_allowed_opens_nothing_else() {
    let sink = Sink::start().await;
    let policy = allowing(&["127.0.0.1/32", "10.1.0.0/16"]);
    let guarded = client(&policy);
    let port = sink.port;
    let urls = [
        format!("http://127.0.0.2:{port}/"),
        format!("https://127.0.0.2:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        "https://10.2.0.1/".to_owned(),
        "https://169.254.169.254/".to_owned(),
        // http to the internet
        "http://8.8.8.8/".to_owned(),
        "http://127.0.0.1:22/".to_owned(),
        "http://127.0.0.1:6379/".to_owned(),
        format!("http://u@127.0.0.1:{port}/"),
        format!("ftp://127.0.0.1:{port}/"),
    ];
    for url in urls {
        assert!(check_url(&url, &policy).is_err(), "{url}");
        let error = guarded.post_form(&url, String::new()).await.unwrap_err();
        assert!(matches!(error, CallError::Url(_)), "{url}: {error:?}");
    }
    assert_eq!(sink.connections().await, 0);
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(guarded.post_form(&url, String::new()).await.unwrap(), 204);
    assert_eq!(sink.connections().await, 1);
}

#[test]
fn p_flaws_are_named_and_good_urls_pass() {
    let policy = Policy::default();
    let flaws = [
        ("http://hooks.acme.com/", UrlFlaw::Scheme),
        ("https://u:p@hooks.acme.com/", UrlFlaw::UserInfo),
        ("https://hooks.acme.com/#x", UrlFlaw::Fragment),
        ("https://hooks.acme.com:22/", UrlFlaw::Port),
        ("https://10.0.0.1/", UrlFlaw::NotPublic),
        ("https://hooks acme.com/", UrlFlaw::Malformed),
    ];
    for (url, flaw) in flaws {
        assert_eq!(check_url(url, &policy), Err(flaw), "{url}");
    }
    let good = [
        "https://hooks.acme.com",
        "https://hooks.acme.com:443/sms?tenant=1&x=%0d%0a",
        "HTTPS://A.cn/",
        "https://hooks.acme.com:8443/",
        "https://短信.中国/回调",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://hooks.acme.com./x",
        "https://localhost.acme.com/",
        "https://hooks.acme.com/a@b",
        "https://hooks.acme.com/?u=http://127.0.0.1/",
    ];
    for url in good {
        assert!(check_url(url, &policy).is_ok(), "{url}");
    }
    let path = "x".repeat(MAX_URL - "https://hooks.acme.com/".len());
    assert!(check_url(&format!("https://hooks.acme.com/{path}"), &policy).is_ok());
    // Short as written, too long as sent
    let path = "虎".repeat(600);
    let long = check_url(&format!("https://hooks.acme.com/{path}"), &policy);
    assert_eq!(long, Err(UrlFlaw::TooLong));
}
