//! Receives part of a blob into memory.

use super::download::{mismatch, other_range, stated_range};
use super::requests::Requests;
use super::task;
use crate::body::digest::Digest;
use crate::error::{Error, Kind, Step};
use crate::request::response::Response;

/// How many bytes before a part are skipped: a server that sends more of them
/// does not send the requested ranges.
const MAX_EARLY: u64 = 1024 * 1024;

/// A part of a blob.
pub(super) struct Part<'a> {
    pub(super) digest: &'a Digest,
    /// The size of the blob, if it is known.
    pub(super) size: Option<u64>,
    pub(super) offset: u64,
    /// Called once the server has sent the beginning of a range.
    pub(super) on_range: &'a dyn Fn(),
}

/// Receives bytes from the part's offset on, as many as the buffer has room for.
/// Returns their number, which is smaller only at the end of the blob. An error
/// if the server does not send ranges.
pub(super) fn fetch(requests: &Requests, part: &Part, buffer: &mut [u8]) -> Result<usize, Error> {
    let mut filled = 0;
    let mut end = buffer.len();
    if let Some(left) = part.size.map(|size| size.saturating_sub(part.offset)) {
        end = usize::try_from(left).unwrap_or(end).min(end);
    }
    let mut breaks = 0;
    let mut skipped = 0;
    while filled < end {
        let first = part.offset.saturating_add(filled as u64);
        let last = part.offset.saturating_add(end as u64 - 1);
        let mut request = requests.part(part.digest, first, Some(last))?;
        let mut response = requests.open(&mut request)?;
        if response.status() == 416 && part.size.is_none() {
            // The part begins at or after the end of the blob.
            break;
        }
        let known = check(&response, part, first, &mut skipped)?;
        (part.on_range)();
        if let Some(total) = known {
            let left = total.saturating_sub(part.offset);
            end = usize::try_from(left).unwrap_or(end).min(end);
        }
        let before = filled;
        let received = receive(
            requests,
            &mut response,
            first,
            &mut buffer[..end],
            &mut filled,
        );
        match received {
            Ok(()) if filled == end => response.discard(),
            Ok(()) if filled > before => {}
            ended => {
                let error = ended.err().unwrap_or_else(|| {
                    let message = format!("response of {}: ends early", response.host());
                    Error::new(Kind::Truncated, message).with_host(response.host())
                });
                breaks += 1;
                requests.pause(&request, breaks, error)?;
            }
        }
    }
    Ok(filled)
}

/// Checks that the response has bytes from `first` on, and counts those before;
/// returns the size of the blob, if the response states it.
fn check(
    response: &Response,
    part: &Part,
    first: u64,
    skipped: &mut u64,
) -> Result<Option<u64>, Error> {
    if response.status() != 416 {
        task::check(response)?;
    }
    let host = response.host();
    let Some(range) = stated_range(response) else {
        let message = format!(
            "{host}: ignores range requests (status {})",
            response.status()
        );
        return Err(Error::new(Kind::RangeIgnored, message)
            .at(Step::Receive)
            .with_http_status(response.status())
            .with_host(host));
    };
    if range.first > first || range.last < first {
        return Err(other_range(response, range, first));
    }
    *skipped = skipped.saturating_add(first - range.first);
    if *skipped > MAX_EARLY {
        return Err(other_range(response, range, first));
    }
    match (range.total, part.size) {
        (Some(total), Some(size)) if total != size => {
            let message = format!("{host}: content of {total} bytes, expected {size}");
            Err(mismatch(message).with_host(host))
        }
        (total, _) => Ok(total),
    }
}

/// Reads a body that begins at `first` or before it.
fn receive(
    requests: &Requests,
    response: &mut Response,
    first: u64,
    buffer: &mut [u8],
    filled: &mut usize,
) -> Result<(), Error> {
    let mut early = stated_range(response).map_or(0, |range| first - range.first);
    let mut scratch = [0; 4096];
    while early > 0 {
        let room = usize::try_from(early).unwrap_or(scratch.len());
        let room = room.min(scratch.len());
        match response.read(&mut scratch[..room])? {
            0 => return Ok(()),
            count => early -= count as u64,
        }
    }
    while *filled < buffer.len() {
        match response.read(&mut buffer[*filled..])? {
            0 => return Ok(()),
            count => {
                *filled += count;
                requests.call().note_progress(count as u64);
            }
        }
    }
    Ok(())
}
