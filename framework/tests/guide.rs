//! The guide says what the code says.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a source that is written in another way fails the test"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- config -->\n";
const END: &str = "<!-- /config -->";

#[test]
fn the_guide_to_limits_has_every_field_of_the_configuration_as_it_is_documented() {
    let text = fs::read_to_string(guide()).unwrap();
    let (head, rest) = text.split_once(BEGIN).expect("the table's begin");
    let (table, tail) = rest.split_once(END).expect("the table's end");
    let expected = table_of(&fields());
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        fs::write(guide(), format!("{head}{BEGIN}{expected}{END}{tail}")).unwrap();
        return;
    }
    let note = "docs/guide/limits.md is not what config.rs says: UPDATE_GUIDE=1 cargo test -p greenroom --test guide";
    assert!(table == expected, "{note}");
}

#[test]
fn every_field_of_the_configuration_says_its_default() {
    let fields = fields();
    assert!(fields.len() > 40, "the fields are written in another way: {}", fields.len());
    let silent: Vec<&str> = fields
        .iter()
        .filter(|field| !field.says.contains("Default"))
        .map(|field| field.name.as_str())
        .collect();
    assert!(silent.is_empty(), "no default is named: {silent:?}");
}

#[test]
fn the_guide_to_limits_names_no_field_that_is_not_there() {
    let text = fs::read_to_string(guide()).unwrap();
    let head = text.split(BEGIN).next().unwrap_or_default();
    let rows = head.lines().filter(|line| line.starts_with("| `"));
    let named: Vec<&str> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2))
        .collect();
    let fields = fields();
    assert!(named.len() > 15, "{named:?}");
    for name in named {
        assert!(fields.iter().any(|field| field.name == name), "`{name}` is no field of Config");
    }
}

#[test]
fn the_guides_to_rooms_show_code_that_is_compiled() {
    let sources = [
        "examples/room.rs",
        "../example-game/src/rooms/floe.rs",
        "../examples/rock-paper-scissors/src/lib.rs",
        "../examples/rock-paper-scissors/src/main.rs",
        "../examples/rock-paper-scissors/tests/room.rs",
    ];
    let sources = sources.map(|path| bare(&fs::read_to_string(root().join(path)).unwrap()));
    let guides = ["first-room", "test-a-room", "state-and-views", "reconnection", "panics"];
    let mut shown = 0;
    for guide in guides {
        let text = fs::read_to_string(root().join(format!("../docs/guide/{guide}.md"))).unwrap();
        for block in text.split("```rust\n").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            for piece in block.split("// …\n") {
                let found = sources.iter().any(|source| source.contains(&bare(piece)));
                assert!(found, "docs/guide/{guide}.md shows what is in no example:\n{piece}");
                shown += 1;
            }
        }
    }
    assert!(shown > 10, "the guides are written in another way: {shown}");
}

/// Code without comments and white space.
fn bare(code: &str) -> String {
    let lines = code.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    lines.flat_map(str::split_whitespace).collect()
}

struct Field {
    name: String,
    says: String,
}

/// The public fields of `Config`, hidden ones left out.
fn fields() -> Vec<Field> {
    let text = fs::read_to_string(root().join("src/config.rs")).unwrap();
    let (_, body) = text.split_once("pub struct Config {\n").expect("the struct");
    let (body, _) = body.split_once("\n}").expect("its end");
    let (mut fields, mut says, mut hidden) = (Vec::new(), String::new(), false);
    for line in body.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("///") {
            says.push_str(words);
        } else if line == "#[doc(hidden)]" {
            hidden = true;
        } else if let Some((name, _)) = line.strip_prefix("pub ").and_then(|line| line.split_once(':')) {
            if !std::mem::take(&mut hidden) {
                fields.push(Field { name: name.to_owned(), says: without_links(says.trim()) });
            }
            says.clear();
        }
    }
    fields
}

fn table_of(fields: &[Field]) -> String {
    let mut table = "| field | what, default, why |\n|---|---|\n".to_owned();
    for Field { name, says } in fields {
        writeln!(table, "| `{name}` | {} |", says.replace('|', "\\|")).unwrap();
    }
    table
}

/// Links of rustdoc lead nowhere outside of it: `` [`a`](b) `` and `` [`a`] `` become `` `a` ``.
fn without_links(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("[`") {
        let (label, after) = link.split_once("`]").expect("a link that ends");
        write!(plain, "{before}`{label}`").unwrap();
        rest = after;
        if let Some(target) = after.strip_prefix('(') {
            rest = target.split_once(')').expect("a target that ends").1;
        }
    }
    plain + rest
}

fn guide() -> PathBuf {
    root().join("../docs/guide/limits.md")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
