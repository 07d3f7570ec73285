//! Files that the pages refer to, compiled into the program.
//!
//! Each is served under a name that carries a hash of its content, so that a browser may keep it
//! for ever and still never mixes two releases.

use std::sync::LazyLock;

use actix_web::web::Bytes;
use aws_lc_rs::digest::{SHA256, digest};

use crate::brand;

/// Path under which all of them are served.
pub const PREFIX: &str = "/assets/";

/// One file, ready to be sent.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The content.
    pub bytes: Bytes,
    /// The `Content-Type`.
    pub mime: &'static str,
    /// The `ETag`, with its quotation marks (RFC 9110, 8.8.3).
    pub etag: String,
}

struct File {
    stem: &'static str,
    extension: &'static str,
    mime: &'static str,
    bytes: &'static [u8],
}

static FILES: [File; 3] = [
    File {
        stem: "hufu",
        extension: "css",
        mime: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/hufu.css"),
    },
    File {
        stem: "login",
        extension: "js",
        mime: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/login.js"),
    },
    File {
        stem: "icon",
        extension: "svg",
        mime: "image/svg+xml",
        bytes: include_bytes!("../assets/icon.svg"),
    },
];

struct Served {
    name: String,
    path: String,
    etag: String,
    file: &'static File,
}

static SERVED: LazyLock<Vec<Served>> = LazyLock::new(|| FILES.iter().map(Served::new).collect());

impl Served {
    fn new(file: &'static File) -> Self {
        let hash = hash(file.bytes);
        Self {
            name: format!("{}.{}", file.stem, file.extension),
            path: format!("{PREFIX}{}.{hash}.{}", file.stem, file.extension),
            etag: format!("\"{hash}\""),
            file,
        }
    }
}

/// What tells contents apart in a name. 64 bits tell releases apart; nobody can choose the content.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    digest.as_ref()[..8].iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"))
}

/// The file served under this path (`/assets/hufu.0123456789abcdef.css`), whole path, exact.
pub fn find(path: &str) -> Option<Asset> {
    let file = SERVED.iter().find(|served| served.path == path).map(|served| Asset {
        bytes: Bytes::from_static(served.file.bytes),
        mime: served.file.mime,
        etag: served.etag.clone(),
    });
    file.or_else(|| brand::find(path))
}

/// The script for apps, which is also a package of its own.
pub fn sdk() -> Asset {
    static BYTES: &[u8] = include_bytes!("../../../sdk/hufu.js");
    static ETAG: LazyLock<String> = LazyLock::new(|| format!("\"{}\"", hash(BYTES)));
    Asset {
        bytes: Bytes::from_static(BYTES),
        mime: "text/javascript; charset=utf-8",
        etag: ETAG.clone(),
    }
}

/// The path of a file by its plain name (`hufu.css`), for templates. Empty if there is none.
pub fn href(name: &str) -> &'static str {
    SERVED.iter().find(|served| served.name == name).map_or("", |served| &served.path)
}

#[cfg(test)]
mod tests {
    use super::{find, href};

    #[test]
    fn every_file_is_found_under_its_own_path_only() {
        for (name, mime) in
            [("hufu.css", "text/css"), ("login.js", "text/javascript"), ("icon.svg", "image/svg")]
        {
            let path = href(name);
            let asset = find(path).expect("a file that is referred to is served");
            assert!(asset.mime.starts_with(mime), "{path}: {}", asset.mime);
            assert!(path.contains(asset.etag.trim_matches('"')), "{path}: {}", asset.etag);
            assert!(find(&format!("/assets/{name}")).is_none(), "{name} without its hash");
        }
        for path in ["", "/", "/assets/", "/assets/../Cargo.toml", "hufu.css", href("nothing")] {
            assert!(find(path).is_none(), "{path:?}");
        }
    }

    #[test]
    fn files_stay_small() {
        // The account's pages took a quarter of the style, the forms another; the script, the reader's
        // own time, the waiting for another device and the message to the window that asked.
        for (name, limit) in [("hufu.css", 16 * 1024), ("login.js", 7 * 512)] {
            let size = find(href(name)).expect("served").bytes.len();
            assert!(size < limit, "{name} has {size} bytes");
        }
    }
}
