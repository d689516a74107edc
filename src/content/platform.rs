//! Platforms such as `linux/arm64/v8`, and whether one runs images for another.

use std::fmt;
use std::sync::OnceLock;

use super::json::Json;
use crate::error::{Error, Kind};
use crate::log::redact::shown;
use crate::os::processor;

/// An operating system with the architecture of a processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    os: String,
    os_version: Option<String>,
    architecture: String,
    variant: Option<String>,
}

impl Platform {
    /// Parses `os[(version)]/architecture[/variant]`. Other common names of
    /// architectures are accepted.
    pub fn parse(text: &str) -> Result<Platform, Error> {
        read(text).ok_or_else(|| {
            let message = format!(
                "platform {}: not of the form os/architecture[/variant]",
                shown(text)
            );
            Error::new(Kind::InvalidPlatform, message)
        })
    }

    /// The same; `None` is the platform of this machine.
    pub fn parse_or_host(text: Option<&str>) -> Result<Platform, Error> {
        text.map_or_else(|| Ok(Platform::host().clone()), Platform::parse)
    }

    /// The platform member of a descriptor; `None` if it lacks what is required
    /// (OCI Image Specification, Image Index).
    pub fn of_json(json: &Json) -> Option<Platform> {
        let text = |name| {
            let text = json.member(name).and_then(Json::string);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Some(Platform {
            os: text("os")?,
            os_version: text("os.version"),
            architecture: text("architecture")?,
            variant: text("variant"),
        })
    }

    /// The platform member of a descriptor.
    pub(super) fn to_json(&self) -> Json {
        let members = [
            ("architecture", Some(&self.architecture)),
            ("os", Some(&self.os)),
            ("os.version", self.os_version.as_ref()),
            ("variant", self.variant.as_ref()),
        ];
        let members = members.into_iter().filter_map(|(name, value)| {
            let value = Json::String(value?.clone());
            Some((name.to_owned(), value))
        });
        Json::Object(members.collect())
    }

    /// The platform of this machine.
    pub fn host() -> &'static Platform {
        static HOST: OnceLock<Platform> = OnceLock::new();
        HOST.get_or_init(|| {
            let (architecture, variant) = processor::architecture();
            Platform {
                os: std::env::consts::OS.to_owned(),
                os_version: None,
                architecture: architecture.to_owned(),
                variant: variant.map(str::to_owned),
            }
        })
    }

    /// Whether it means no platform, as in the entries of attestations.
    fn is_unknown(&self) -> bool {
        self.os == "unknown" || self.architecture == "unknown"
    }

    /// How well something for platform `other` suits this one; larger is better.
    /// `None` if it does not.
    pub fn rank(&self, other: &Platform) -> Option<u32> {
        let (target, found) = (self.normal(), other.normal());
        if found.is_unknown()
            || (&target.os, &target.architecture) != (&found.os, &found.architecture)
        {
            return None;
        }
        let version = match (&target.os_version, &found.os_version) {
            (None, _) => 0,
            (Some(target), Some(found)) if has_prefix(found, target) => 1,
            (Some(_), Some(_)) => return None,
            (Some(_), None) => 0,
        };
        Some(2 * target.rank_of_variant(&found)? + version)
    }

    fn rank_of_variant(&self, found: &Platform) -> Option<u32> {
        const EXACT: u32 = 1000;
        const RUNS: u32 = 100;
        const UNSURE: u32 = 1;
        if self.variant == found.variant {
            return Some(EXACT);
        }
        let default = default_level(&self.architecture);
        let target = self.variant.as_deref().map_or(default, level);
        let level = found.variant.as_deref().map_or(default, level);
        match (target, level) {
            (Some(target), Some(level)) if level <= target => Some(RUNS + level),
            // Without a variant, it may still run.
            _ if self.variant.is_none() || found.variant.is_none() => Some(UNSURE),
            _ => None,
        }
    }

    /// The same platform with the names that OCI images use.
    fn normal(&self) -> Platform {
        let (architecture, variant) = normal_architecture(
            &self.architecture.to_ascii_lowercase(),
            self.variant.as_deref().map(str::to_ascii_lowercase),
        );
        Platform {
            os: match self.os.to_ascii_lowercase().as_str() {
                "macos" => "darwin".to_owned(),
                other => other.to_owned(),
            },
            os_version: self.os_version.clone(),
            architecture,
            variant,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.os)?;
        if let Some(version) = &self.os_version {
            write!(f, "({version})")?;
        }
        write!(f, "/{}", self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

fn read(text: &str) -> Option<Platform> {
    let mut parts = text.split('/');
    let (os, architecture, variant) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let (os, os_version) = match os.split_once('(') {
        Some((os, version)) => (os, Some(version.strip_suffix(')')?)),
        None => (os, None),
    };
    let components = [Some(os), os_version, Some(architecture), variant];
    let is_word = |word: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        !word.is_empty() && word.chars().all(is_part)
    };
    if !components.into_iter().flatten().all(is_word) {
        return None;
    }
    let platform = Platform {
        os: os.to_owned(),
        os_version: os_version.map(str::to_owned),
        architecture: architecture.to_owned(),
        variant: variant.map(str::to_owned),
    };
    Some(platform.normal())
}

fn normal_architecture(architecture: &str, variant: Option<String>) -> (String, Option<String>) {
    let (architecture, implied) = match architecture {
        "x86_64" | "x86-64" => ("amd64", None),
        "i386" | "i486" | "i586" | "i686" | "x86" => ("386", None),
        "aarch64" | "armv8" => ("arm64", None),
        "armhf" | "armv7" | "armv7l" => ("arm", Some("v7")),
        "armel" | "armv6" | "armv6l" => ("arm", Some("v6")),
        "armv5" => ("arm", Some("v5")),
        other => (other, None),
    };
    let variant = variant.map(|variant| match variant.strip_prefix("armv") {
        // As an image for arm64 may say.
        Some(level) => format!("v{level}"),
        None if variant.bytes().all(|byte| byte.is_ascii_digit()) => format!("v{variant}"),
        None => variant,
    });
    let variant = variant.or(implied.map(str::to_owned));
    // Both are the same processor.
    let variant = variant.filter(|variant| (architecture, variant.as_str()) != ("arm64", "v8"));
    (architecture.to_owned(), variant)
}

/// The level of a variant such as `v7`.
fn level(variant: &str) -> Option<u32> {
    variant.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// The level of an architecture without a variant.
fn default_level(architecture: &str) -> Option<u32> {
    match architecture {
        "arm" => Some(7),
        "arm64" => Some(8),
        "amd64" => Some(1),
        _ => None,
    }
}

/// Whether the first components of a version are those of another.
fn has_prefix(version: &str, prefix: &str) -> bool {
    let rest = version.strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_have_their_usual_names() {
        for (text, expected) in [
            ("linux/amd64", "linux/amd64"),
            ("Linux/x86_64", "linux/amd64"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64/8", "linux/arm64"),
            ("linux/arm64/v9", "linux/arm64/v9"),
            ("linux/armhf", "linux/arm/v7"),
            ("linux/armel", "linux/arm/v6"),
            ("linux/arm/7", "linux/arm/v7"),
            ("linux/i386", "linux/386"),
            ("macos/arm64", "darwin/arm64"),
            ("windows(10.0.17763)/amd64", "windows(10.0.17763)/amd64"),
        ] {
            let platform = Platform::parse(text).expect(text);
            assert_eq!(platform.to_string(), expected, "{text}");
        }
        for text in [
            "",
            "linux",
            "/",
            "linux/",
            "/amd64",
            "linux/amd64/",
            "linux/arm/v7/x",
            "linux(1/amd64",
            "linux()/amd64",
            "li nux/amd64",
            "linux/\u{e4}",
            "linux/amd64\n",
        ] {
            let error = Platform::parse(text).expect_err(text);
            assert_eq!(error.kind(), Kind::InvalidPlatform, "{text}");
        }
    }

    #[test]
    fn the_platform_of_a_descriptor_is_shown_as_it_is() {
        let json = br#"{"architecture":"arm64","os":"linux","variant":"v8","os.version":""}"#;
        let json = Json::parse(json).expect("json");
        let platform = Platform::of_json(&json).expect("a platform");
        assert_eq!(platform.to_string(), "linux/arm64/v8");
        for text in [r#"{"os":"linux"}"#, r#"{"architecture":"a"}"#, "[]", "1"] {
            let json = Json::parse(text.as_bytes()).expect("json");
            assert_eq!(Platform::of_json(&json), None, "{text}");
        }
    }

    /// The platform among `found` that suits `target` best.
    fn best<'a>(target: &str, found: &[&'a str]) -> Option<&'a str> {
        let target = Platform::parse(target).expect(target);
        let rank = |text: &str| target.rank(&Platform::parse(text).expect(text));
        let mut best: Option<(u32, &str)> = None;
        for text in found {
            if let Some(rank) = rank(text)
                && best.is_none_or(|(known, _)| rank > known)
            {
                best = Some((rank, text));
            }
        }
        best.map(|(_, text)| text)
    }

    #[test]
    fn the_best_platform_that_runs_is_chosen() {
        let arm = ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"];
        for (target, found, expected) in [
            (
                "linux/amd64",
                &["linux/arm64", "linux/amd64"][..],
                Some("linux/amd64"),
            ),
            ("linux/amd64", &["windows/amd64", "unknown/unknown"], None),
            (
                "linux/amd64",
                &["linux/amd64/v3", "linux/amd64"],
                Some("linux/amd64"),
            ),
            (
                "linux/amd64/v3",
                &["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"],
                Some("linux/amd64/v2"),
            ),
            ("linux/amd64/v2", &["linux/amd64/v4"], None),
            ("linux/arm64/v8", &["linux/arm64"], Some("linux/arm64")),
            ("linux/arm64", &["linux/arm64/v8"], Some("linux/arm64/v8")),
            ("linux/arm64/v9", &["linux/arm64"], Some("linux/arm64")),
            ("linux/arm/v7", &arm, Some("linux/arm/v7")),
            ("linux/arm/v6", &arm, Some("linux/arm/v6")),
            ("linux/arm/v8", &arm, Some("linux/arm/v7")),
            ("linux/arm/v5", &["linux/arm/v6"], None),
            ("linux/arm", &arm, Some("linux/arm/v7")),
            ("linux/arm/v6", &["linux/arm"], Some("linux/arm")),
            (
                "linux/arm/v7",
                &["linux/arm/v6", "linux/arm"],
                Some("linux/arm"),
            ),
            ("linux/riscv64", &["linux/riscv64"], Some("linux/riscv64")),
            (
                "windows(10.0.17763)/amd64",
                &["windows(10.0.20348.1)/amd64", "windows(10.0.17763.2)/amd64"],
                Some("windows(10.0.17763.2)/amd64"),
            ),
            (
                "windows(10.0.1)/amd64",
                &["windows(10.0.17763)/amd64"],
                None,
            ),
            (
                "windows/amd64",
                &["windows(10.0.17763)/amd64"],
                Some("windows(10.0.17763)/amd64"),
            ),
        ] {
            assert_eq!(best(target, found), expected, "{target} {found:?}");
        }
        let first = ["linux/amd64", "linux/x86_64"];
        assert_eq!(best("linux/amd64", &first), Some(first[0]));
    }

    #[test]
    fn the_host_has_a_valid_platform() {
        let host = Platform::host();
        let again = Platform::parse(&host.to_string()).expect("valid");
        assert_eq!(again, *host);
    }
}
