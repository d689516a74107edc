//! Messages on the wire (RFC 9112): heads, the framing of bodies, and chunks.

pub(crate) mod chunked;
pub(crate) mod framing;
pub(crate) mod head;
mod head_end;
pub(crate) mod request_head;
