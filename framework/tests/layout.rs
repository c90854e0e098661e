//! The layout that makes the sources readable, held by a test.

use std::fs;
use std::path::{Path, PathBuf};

const ACTORS: [&str; 8] =
    ["session", "socket", "namespace", "room", "fanout", "presence", "directory", "host"];

#[test]
fn nobody_imports_the_actor_of_another_folder() {
    assert!(sources("src").len() > 20, "the sources are somewhere else");
    for (path, text) in sources("src") {
        let own = path.components().nth(1).unwrap().as_os_str().to_string_lossy().into_owned();
        for actor in ACTORS.into_iter().filter(|actor| *actor != own) {
            let found =
                text.contains(&format!("{actor}::actor")) || text.contains(&format!("{actor}::{{actor"));
            assert!(!found, "{} reaches into {actor}/actor.rs", path.display());
        }
    }
}

#[test]
fn an_actors_module_is_private_and_its_type_is_not_exported() {
    for actor in ACTORS {
        let text = fs::read_to_string(root().join("src").join(actor).join("mod.rs")).unwrap();
        assert!(text.lines().any(|line| line == "mod actor;"), "{actor}/actor.rs is not private");
        let exported = text.lines().any(|line| line.starts_with("pub") && line.contains("use actor::"));
        assert!(!exported, "{actor}/mod.rs exports its actor");
    }
}

#[test]
fn no_file_has_more_than_500_lines_of_code() {
    for (path, text) in sources("src").into_iter().chain(sources("proto/src")) {
        let lines =
            text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().lines().map(str::trim_start);
        let code = lines.filter(|line| !line.is_empty() && !line.starts_with("//")).count();
        assert!(code <= 500, "{} has {code} lines of code", path.display());
    }
}

/// All Rust files below a folder of the crate, by their path in it.
#[expect(clippy::unwrap_used, reason = "a source that cannot be read fails the test")]
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let path = Path::new(folder).join(entry.unwrap().file_name());
        if root().join(&path).is_dir() {
            found.extend(sources(path.to_str().unwrap()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(root().join(&path)).unwrap();
            found.push((path, text));
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
