//! The smallest image: how it is pushed and pulled.

use reggie::digest::{Algorithm, of_bytes};
use reggie::{Client, Error, Response};

/// The media type of its manifest.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
/// The one blob, its configuration.
pub(crate) const BLOB: &[u8] = b"{}";

/// The digest of [`BLOB`].
pub(crate) fn blob_digest() -> String {
    of_bytes(Algorithm::Sha256, BLOB)
}

/// The manifest.
pub(crate) fn manifest() -> Vec<u8> {
    let config = blob_digest();
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{MEDIA_TYPE}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":2}},"layers":[]}}"#
    )
    .into_bytes()
}

/// Pushes the blob by POST and PUT, then the manifest under the tag `v1`, and
/// gives the statuses, the last of them being that of the end.
pub(crate) fn try_push(client: &Client, name: &str) -> Result<Vec<u16>, Error> {
    let mut post = client.request("POST", "/v2/<name>/blobs/uploads/")?;
    post.set_name(name)?;
    let response = client.execute(&mut post)?;
    let mut statuses = vec![response.status()];
    if response.status() != 202 {
        return Ok(statuses);
    }
    let location = response.relative_location().expect("a location");
    let mut put = client.request("PUT", location)?;
    put.set_query("digest", &blob_digest())?;
    put.set_header("Content-Type", b"application/octet-stream")?;
    put.set_body(BLOB.to_vec());
    statuses.push(client.execute(&mut put)?.status());

    let mut put = client.request("PUT", "/v2/<name>/manifests/v1")?;
    put.set_name(name)?;
    put.set_header("Content-Type", MEDIA_TYPE.as_bytes())?;
    put.set_body(manifest());
    statuses.push(client.execute(&mut put)?.status());
    Ok(statuses)
}

/// Pushes the image; all has to go well.
#[track_caller]
pub(crate) fn push(client: &Client, name: &str) {
    let statuses = try_push(client, name).expect("answers");
    assert_eq!(statuses, [202, 201, 201], "push of {name}");
}

/// Asks for the manifest.
pub(crate) fn try_pull(client: &Client, name: &str) -> Result<Response, Error> {
    let mut get = client.request("GET", "/v2/<name>/manifests/v1")?;
    get.set_name(name)?;
    get.set_header("Accept", MEDIA_TYPE.as_bytes())?;
    client.execute(&mut get)
}

/// Pulls the manifest; it has to be the one pushed.
#[track_caller]
pub(crate) fn pull(client: &Client, name: &str) {
    let response = try_pull(client, name).expect("an answer");
    assert_eq!(response.status(), 200, "pull of {name}");
    assert_eq!(response.body(), manifest());
}
