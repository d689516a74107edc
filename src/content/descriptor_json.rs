//! Descriptors as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::descriptor::{Annotations, Descriptor};
use super::json::Json;
use super::platform::Platform;

impl Descriptor {
    /// The descriptor as an object, with the members that it has.
    pub(super) fn to_json(&self) -> Json {
        let size = self.size().map(|size| Json::Number(size.to_string()));
        let urls: Vec<Json> = self.urls().iter().map(|url| Json::text(url)).collect();
        Json::object([
            ("mediaType", Some(Json::text(self.media_type()))),
            ("artifactType", self.artifact_type().map(Json::text)),
            ("digest", Some(Json::text(self.digest().as_str()))),
            ("size", size),
            ("urls", (!urls.is_empty()).then_some(Json::Array(urls))),
            ("annotations", self.annotations().to_json()),
            (
                "data",
                self.data().map(|data| Json::String(STANDARD.encode(data))),
            ),
            ("platform", self.platform().map(Platform::to_json)),
        ])
    }
}

impl Annotations {
    /// The annotations as an object; `None` if there are none.
    pub(super) fn to_json(&self) -> Option<Json> {
        let members = (0..self.count()).filter_map(|index| self.at(index));
        let members = members.map(|(name, value)| (name.to_owned(), Json::text(value)));
        (self.count() > 0).then(|| Json::Object(members.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_written() {
        let digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        let text = format!(
            r#"{{"mediaType":"a/b","artifactType":"c/d","digest":"{digest}","size":2,"urls":["u"],"annotations":{{"b":"1","a":"2"}},"data":"e30=","platform":{{"architecture":"arm","os":"windows","os.version":"10","variant":"v7"}}}}"#
        );
        let least = format!(r#"{{"mediaType":"a/b","digest":"{digest}"}}"#);
        for text in [text, least] {
            let json = Json::parse(text.as_bytes()).expect("json");
            let descriptor = Descriptor::of_json(&json).expect("a descriptor");
            assert_eq!(descriptor.to_json().to_text(), text);
        }
    }
}
