//! The body, piece by piece.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use crate::problem::{MALFORMED_REQUEST, Problem, Result, TOO_LARGE};

/// Longest body, in bytes.
const AT_MOST: usize = 64 * 1024 * 1024;
/// Longest wait for the next piece.
const PATIENCE: Duration = Duration::from_secs(30);
/// Put before a text by some programs, to say that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A body as it comes.
pub(super) struct Body {
    payload: Payload,
    /// How much may still come.
    left: usize,
    begun: bool,
}

impl Body {
    /// A body of which this length is announced, if one is.
    pub(super) fn new(payload: Payload, announced: Option<usize>) -> Result<Self> {
        if announced.is_some_and(|length| length > AT_MOST) {
            return Err(too_large());
        }
        Ok(Self { payload, left: AT_MOST, begun: false })
    }

    /// The next piece; none at the end. Without a byte order mark.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.begun {
            return self.piece().await;
        }
        self.begun = true;
        let mut start = BytesMut::new();
        while start.len() < BYTE_ORDER_MARK.len() {
            match self.piece().await? {
                Some(piece) => start.extend_from_slice(&piece),
                None => break,
            }
        }
        if start.starts_with(BYTE_ORDER_MARK) {
            drop(start.split_to(BYTE_ORDER_MARK.len()));
        }
        Ok(Some(start.freeze()))
    }

    async fn piece(&mut self) -> Result<Option<Bytes>> {
        let Ok(next) = tokio::time::timeout(PATIENCE, self.payload.next()).await else {
            return Err(broken());
        };
        let Some(piece) = next.transpose().map_err(|_| broken())? else { return Ok(None) };
        self.left = self.left.checked_sub(piece.len()).ok_or_else(too_large)?;
        Ok(Some(piece))
    }
}

fn too_large() -> Problem {
    Problem::new(
        TOO_LARGE,
        "An import may have 64 MiB: send the file in parts, each with its header.",
    )
}

fn broken() -> Problem {
    let text =
        "The body did not arrive whole. What came before may be written: send the file again.";
    Problem::new(MALFORMED_REQUEST, text)
}
