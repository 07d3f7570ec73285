//! What a secret of somebody else's must not differ from: one that is nobody's.

/// A text of the same length and letters as a real secret, and nobody's. What kind it is stays
/// readable: the prefix of ours, or a token's header and claims.
pub fn garbage_like(real: &str) -> String {
    let ours = real.find("hufu_").map(|at| at + "hufu_".len());
    let ours = ours.and_then(|from| Some(from + real[from..].find('_')? + 1));
    let token = (real.matches('.').count() == 2).then(|| real.rfind('.').map(|at| at + 1));
    let (kind, random) = real.split_at(ours.or(token.flatten()).unwrap_or(0));
    // What people type leaves letters out.
    if !random.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return format!("{kind}{}", random.chars().rev().collect::<String>());
    }
    let hexadecimal = random.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let last = if hexadecimal { 'f' } else { 'z' };
    let swap = |letter: char| match letter {
        '9' => '0',
        _ if letter == last => 'a',
        _ if letter == last.to_ascii_uppercase() => 'A',
        _ if letter.is_ascii_alphanumeric() => char::from(letter as u8 + 1),
        other => other,
    };
    format!("{kind}{}", random.chars().map(swap).collect::<String>())
}
