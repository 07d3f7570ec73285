//! The document at `sector_identifier_uri` (OpenID Connect Dynamic Client Registration 1.0 §5). There
//! are no subjects by sector here; an app that names one still has to be who it says.

use outgoing::GuardedClient;

use super::MetadataError;
use super::metadata::Metadata;

/// Longest document, in bytes.
const LENGTH_AT_MOST: usize = 64 * 1024;

/// Checks that the document lists every redirect URI. What it says is told to nobody (attack P).
pub(super) async fn check(client: &GuardedClient, asked: &Metadata) -> Result<(), MetadataError> {
    let Some(uri) = &asked.about.sector_identifier_uri else { return Ok(()) };
    let unread = "sector_identifier_uri leads to no JSON array of redirect URIs";
    let body = client.fetch(uri, LENGTH_AT_MOST).await.map_err(|_| MetadataError::new(unread))?;
    let listed: Vec<String> =
        serde_json::from_slice(&body).map_err(|_| MetadataError::new(unread))?;
    let all = asked.settings.redirect_uris.iter().all(|uri| listed.contains(uri));
    let missing = "sector_identifier_uri does not list every one of redirect_uris";
    if all { Ok(()) } else { Err(MetadataError::new(missing)) }
}
