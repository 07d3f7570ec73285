//! What attackers make of a registered URI (attacks A1 and K3).

/// The parts of a registered `https` URI with a path and without a query.
struct Parts<'a> {
    uri: &'a str,
    host: &'a str,
    /// With its slash.
    path: &'a str,
}

/// Everything that is nearly a registered `https` URI with a path and without a query, and must
/// not pass for it.
pub fn of(uri: &str) -> Vec<String> {
    let rest = uri.strip_prefix("https://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    let parts = Parts { uri, host, path };
    let mut all = other_hosts(&parts);
    all.extend(userinfo_and_ports(&parts));
    all.extend(other_spellings(&parts));
    all.extend(other_schemes(&parts));
    all.extend(around(&parts));
    all
}

fn other_hosts(Parts { uri, host, path }: &Parts<'_>) -> Vec<String> {
    let (first, parent) = host.split_once('.').unwrap();
    vec![
        format!("https://evil.example{path}"),
        format!("https://evil.example/{uri}"),
        format!("https://evil.example?{uri}"),
        format!("https://evil.example#{uri}"),
        format!("https://sub.{host}{path}"),
        format!("https://{parent}{path}"),
        format!("https://*.{parent}{path}"),
        format!("https://{host}.evil.example{path}"),
        format!("https://{host}evil.example{path}"),
        format!("https://evil{host}{path}"),
        format!("https://{host}.{path}"),
        format!("https://{first}%2e{parent}{path}"),
        format!("https://{}{path}", host.to_uppercase()),
        // The Cyrillic а, and what such names become.
        format!("https://{}{path}", host.replacen('a', "а", 1)),
        format!("https://xn--{host}{path}"),
    ]
}

fn userinfo_and_ports(Parts { host, path, .. }: &Parts<'_>) -> Vec<String> {
    vec![
        format!("https://{host}@evil.example{path}"),
        format!("https://{host}:443@evil.example{path}"),
        format!("https://{host}%40evil.example{path}"),
        format!("https://{host}%2f@evil.example{path}"),
        format!("https://{host}\\@evil.example{path}"),
        format!("https://evil.example\\@{host}{path}"),
        format!("https://user@{host}{path}"),
        format!("https://user:password@{host}{path}"),
        format!("https://@{host}{path}"),
        format!("https://{host}:443{path}"),
        format!("https://{host}:8443{path}"),
        format!("https://{host}:{path}"),
    ]
}

fn other_spellings(Parts { uri, host, path }: &Parts<'_>) -> Vec<String> {
    let (first, rest) = (path.as_bytes()[1], &path[2..]);
    vec![
        format!("https://{host}"),
        format!("https://{host}/"),
        format!("https://{host}/*"),
        format!("https://{host}/{path}"),
        format!("https://{host}{}", path.to_uppercase()),
        format!("https://{host}{}", &path[..path.len() - 1]),
        format!("https://{host}/x/..{path}"),
        format!("https://{host}/.{path}"),
        format!("https://{host}/%2e{path}"),
        format!("https://{host}/%2e%2e{path}"),
        format!("https://{host}/..;{path}"),
        format!("https://{host}/%{first:02x}{rest}"),
        format!("https://{host}{}", path.replace('/', "\\")),
        uri.replacen("//", "//\t", 1),
        uri.replacen("//", "//\n", 1),
    ]
}

fn other_schemes(Parts { uri, host, path }: &Parts<'_>) -> Vec<String> {
    vec![
        format!("HTTPS://{host}{path}"),
        format!("http://{host}{path}"),
        format!("ftp://{host}{path}"),
        format!("https:/{host}{path}"),
        format!("https:{host}{path}"),
        format!("https:\\\\{host}{path}"),
        format!("//{host}{path}"),
        format!("{host}{path}"),
        (*path).to_owned(),
        format!("javascript:alert(1)//{uri}"),
        format!("javascript://{host}{path}%0aalert(1)"),
        "data:text/html,<script>alert(1)</script>".to_owned(),
        "vbscript:msgbox(1)".to_owned(),
        "null".to_owned(),
        "*".to_owned(),
    ]
}

/// What may stand before and after it.
fn around(Parts { uri, .. }: &Parts<'_>) -> Vec<String> {
    let mut all = vec![
        format!(" {uri}"),
        format!("\t{uri}"),
        format!("\n{uri}"),
        format!("[\"{uri}\"]"),
        format!("{uri},https://evil.example/"),
        format!("{uri} https://evil.example/"),
        format!("{uri}\r\nLocation: https://evil.example"),
    ];
    let path = [
        "/",
        "/extra",
        "/../evil",
        "/..",
        "/.",
        "/%2e%2e/evil",
        "/%252e%252e/evil",
        "/..;/evil",
        ";x",
        ".",
        "\\",
        "\\..\\evil",
        "%2f",
        "x",
    ];
    let bytes = ["%00", "\0", " ", "\t", "\n", "\u{202e}", "\u{feff}"];
    let query = ["?", "?a=b", "?code=x", "?state=x", "?iss=x", "%3Fcode=x", "&code=x"];
    let fragment = ["#", "#fragment", "#code=x", "#@evil.example/", "@evil.example"];
    let after = path.into_iter().chain(bytes).chain(query).chain(fragment);
    all.extend(after.map(|after| format!("{uri}{after}")));
    all
}
