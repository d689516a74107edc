//! The processor of this machine.

use std::env::consts::ARCH;
use std::fs;

/// Its architecture and variant, in the terms of images. The variant of 32-bit
/// arm depends on the processor, not on how this library was built.
pub(crate) fn architecture() -> (&'static str, Option<&'static str>) {
    match ARCH {
        "x86_64" => ("amd64", None),
        "x86" => ("386", None),
        "aarch64" => ("arm64", None),
        "arm" => {
            let about = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
            ("arm", Some(arm_variant(&about)))
        }
        "powerpc64" if cfg!(target_endian = "little") => ("ppc64le", None),
        "loongarch64" => ("loong64", None),
        other => (other, None),
    }
}

/// The variant of a 32-bit arm processor that `/proc/cpuinfo` describes.
fn arm_variant(about: &str) -> &'static str {
    let field = |name: &str| {
        about.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == name).then(|| value.trim())
        })
    };
    // Some of version 6 say 7.
    if field("model name").is_some_and(|model| model.starts_with("ARMv6")) {
        return "v6";
    }
    let digits = field("CPU architecture").unwrap_or_default();
    let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
    match digits.parse() {
        Ok(..=5) => "v5",
        Ok(6) => "v6",
        Ok(8..) => "v8",
        Ok(7) | Err(_) => "v7",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variant_of_arm_is_that_of_the_processor() {
        for (about, expected) in [
            (
                "model name\t: ARMv7 Processor rev 4\nCPU architecture: 7\n",
                "v7",
            ),
            (
                "model name\t: ARMv6-compatible processor\nCPU architecture: 7\n",
                "v6",
            ),
            ("CPU architecture: 5TEJ\n", "v5"),
            ("CPU architecture\t: 8\n", "v8"),
            ("CPU architecture: AArch64\n", "v7"),
            ("", "v7"),
        ] {
            assert_eq!(arm_variant(about), expected, "{about}");
        }
    }
}
