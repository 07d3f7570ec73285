//! Reads the statements out of the crate's source: string literals that are SQL, alone or as an
//! argument of the file's own `concat!` macros.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const VERBS: [&str; 5] = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "WITH "];

/// A token of Rust, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

/// The statements of each file that runs some.
pub(crate) fn statements() -> Vec<(String, Vec<String>)> {
    let mut found: Vec<_> = files()
        .into_iter()
        .map(|file| (name(&file), of_file(&tokens(&std::fs::read_to_string(&file).unwrap()))))
        .filter(|(file, _)| calls(file) > 0)
        .collect();
    found.sort();
    found
}

/// How many statements a file runs: its calls of `.query(…)`, but for those that pass on a text.
pub(crate) fn calls(file: &str) -> usize {
    let path = files().into_iter().find(|path| name(path) == file).unwrap();
    let tokens = tokens(&std::fs::read_to_string(path).unwrap());
    let call = [Token::Sign('.'), Token::Word("query".to_owned()), Token::Sign('(')];
    let passes_on = [Token::Word("sql".to_owned()), Token::Sign('.')];
    let at =
        |at: usize| tokens[at..].starts_with(&call) && !tokens[at + 3..].starts_with(&passes_on);
    (0..tokens.len()).filter(|start| at(*start)).count()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn of_file(tokens: &[Token]) -> Vec<String> {
    let macros = macros(tokens);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let text = match &tokens[at..] {
            [Token::Word(word), Token::Sign('!'), Token::Word(_), ..] if word == "macro_rules" => {
                at = end_of_macro(tokens, at);
                continue;
            }
            [Token::Word(word), Token::Sign('!'), Token::Sign('('), rest @ ..]
                if macros.contains_key(word) =>
            {
                let arguments = arguments(rest);
                // Name, `!`, brackets, and a comma between two arguments, perhaps one behind.
                at += 3 + rest.iter().position(|token| *token == Token::Sign(')')).unwrap();
                expand(&macros[word], &arguments)
            }
            [Token::Text(text), ..] => text.clone(),
            _ => String::new(),
        };
        if VERBS.iter().any(|verb| text.starts_with(verb)) {
            found.push(text);
        }
        at += 1;
    }
    found
}

/// A macro of the form `macro_rules! name { ($a:literal, …) => { concat!(…) }; }`.
struct Concat {
    parameters: Vec<String>,
    parts: Vec<Token>,
}

fn macros(tokens: &[Token]) -> BTreeMap<String, Concat> {
    let mut found = BTreeMap::new();
    for at in 0..tokens.len() {
        let [Token::Word(word), Token::Sign('!'), Token::Word(name), ..] = &tokens[at..] else {
            continue;
        };
        let body = &tokens[at..end_of_macro(tokens, at)];
        let concat = [Token::Word("concat".to_owned()), Token::Sign('!')];
        let Some(start) = body.windows(2).position(|pair| pair == concat) else { continue };
        if word != "macro_rules" {
            continue;
        }
        let parameters = parameters(&body[..start]);
        let parts = body[start + 3..]
            .iter()
            .take_while(|token| **token != Token::Sign(')'))
            .filter(|token| !matches!(token, Token::Sign(_)))
            .cloned()
            .collect();
        found.insert(name.clone(), Concat { parameters, parts });
    }
    found
}

fn parameters(head: &[Token]) -> Vec<String> {
    head.windows(2)
        .filter_map(|pair| match pair {
            [Token::Sign('$'), Token::Word(name)] => Some(name.clone()),
            _ => None,
        })
        .collect()
}

/// The place behind the macro's closing brace.
fn end_of_macro(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') if depth == 1 => return at + 1,
            Token::Sign('}') => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

fn arguments(rest: &[Token]) -> Vec<String> {
    rest.iter()
        .take_while(|token| **token != Token::Sign(')'))
        .filter_map(|token| match token {
            Token::Text(text) => Some(text.clone()),
            _ => None,
        })
        .collect()
}

fn expand(concat: &Concat, arguments: &[String]) -> String {
    assert_eq!(concat.parameters.len(), arguments.len(), "{:?}", concat.parameters);
    let part = |part: &Token| match part {
        Token::Word(name) => {
            let at = concat.parameters.iter().position(|parameter| parameter == name);
            arguments[at.expect("a part of concat! is a text or a parameter")].clone()
        }
        Token::Text(text) => text.clone(),
        Token::Sign(_) => String::new(),
    };
    concat.parts.iter().map(part).collect()
}

fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if first == '"' {
            let (text, behind) = text(&rest[1..]);
            tokens.push(Token::Text(text));
            rest = behind;
        } else if first == '\'' && rest[1..].chars().nth(1) == Some('\'') {
            // A character; otherwise it is a lifetime.
            let length = rest[1..].chars().next().map_or(0, char::len_utf8) + 2;
            rest = &rest[length..];
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Sign(first));
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    tokens
}

/// The value of a text whose opening quote has been read, and what comes behind it.
fn text(source: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = source.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &source[at + 1..]),
            '\\' => match characters.next().unwrap().1 {
                // A line that goes on in the next one.
                '\n' => while characters.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                escaped => value.push(escaped),
            },
            other => value.push(other),
        }
    }
    panic!("a text without an end: {value}");
}
