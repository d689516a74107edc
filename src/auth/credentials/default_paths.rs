//! Default paths of credential files.

use std::ffi::OsString;
use std::path::PathBuf;

/// The files in search order, which is that of containers. `variable` reads the
/// environment; `user` is the user id.
pub(super) fn files(variable: impl Fn(&str) -> Option<OsString>, user: u32) -> Vec<PathBuf> {
    // Make relative paths absolute now, since the current folder may change.
    let folder = |name: &str| {
        let path = variable(name).filter(|value| !value.is_empty())?;
        std::path::absolute(path).ok()
    };
    let home = folder("HOME");
    let in_home = |rest: &str| home.as_ref().map(|home| home.join(rest));
    let runtime = match folder("XDG_RUNTIME_DIR") {
        Some(folder) => folder.join("containers/auth.json"),
        None => PathBuf::from(format!("/run/containers/{user}/auth.json")),
    };
    let config = folder("XDG_CONFIG_HOME").or_else(|| in_home(".config"));
    let docker = folder("DOCKER_CONFIG").or_else(|| in_home(".docker"));
    [
        folder("REGISTRY_AUTH_FILE"),
        Some(runtime),
        config.map(|folder| folder.join("containers/auth.json")),
        docker.map(|folder| folder.join("config.json")),
        in_home(".dockercfg"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Vec<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let files = files(variable, 1000);
        files
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }

    #[test]
    fn the_order_of_containers() {
        assert_eq!(
            found(&[("HOME", "/home/me")]),
            [
                "/run/containers/1000/auth.json",
                "/home/me/.config/containers/auth.json",
                "/home/me/.docker/config.json",
                "/home/me/.dockercfg",
            ]
        );
        assert_eq!(
            found(&[
                ("HOME", "/home/me"),
                ("REGISTRY_AUTH_FILE", "/a/auth.json"),
                ("XDG_RUNTIME_DIR", "/run/user/1000"),
                ("XDG_CONFIG_HOME", "/c"),
                ("DOCKER_CONFIG", "/d"),
            ]),
            [
                "/a/auth.json",
                "/run/user/1000/containers/auth.json",
                "/c/containers/auth.json",
                "/d/config.json",
                "/home/me/.dockercfg",
            ]
        );
        assert_eq!(found(&[("HOME", "")]), ["/run/containers/1000/auth.json"]);
        let here = std::env::current_dir().expect("a folder");
        let relative = found(&[("DOCKER_CONFIG", "docker")]);
        assert_eq!(
            relative[1],
            here.join("docker/config.json").display().to_string()
        );
    }
}
