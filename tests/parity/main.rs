//! What is said of Socket.IO's own server holds: each of its tests has a counterpart where `docs/SUITE.md`
//! says, or an excuse in `docs/COMPATIBILITY.md`, and what the documents link to is there.

// A suite may unwrap, index and panic, as `clippy.toml` lets tests: what is not there has to fail.
#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use greenroom::prelude::*;

/// How many tests the package `socket.io` has, without those of µWebSockets.
const TESTS: usize = 194;

/// A test of theirs: its group and its name.
type Named = (String, String);

/// Where a test of ours is, and what it is called.
struct Counterpart {
    file: PathBuf,
    title: String,
}

struct Row {
    named: Named,
    /// None if it is excused.
    here: Vec<Counterpart>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The cells of the rows of all tables of a section.
fn cells(section: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").collect())
}

fn suite() -> Vec<Row> {
    let page = read("docs/SUITE.md");
    let groups = page.split("\n## ").skip(1).map(|group| group.split_once('\n').unwrap());
    let rows = groups.flat_map(|(group, table)| {
        cells(table).filter(|row| row[0] != "there").map(move |row| {
            let &[name, here] = row.as_slice() else { panic!("{row:?} is no pair") };
            let here = if here == "excused" { Vec::new() } else { counterparts(here) };
            Row { named: (group.to_owned(), name.to_owned()), here }
        })
    });
    rows.collect()
}

/// `[name](../file) › title`, several with `<br>` between them.
fn counterparts(cell: &str) -> Vec<Counterpart> {
    let each = cell.split("<br>").map(|part| {
        let (link, title) = part.split_once(" › ").unwrap_or_else(|| panic!("{part} names no test"));
        let file = links(link).next().unwrap_or_else(|| panic!("{part} names no file"));
        Counterpart { file: Path::new("docs").join(file), title: title.to_owned() }
    });
    each.collect()
}

/// The targets of the links in a text.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// Whether a file defines a test of this name.
fn has_test(Counterpart { file, title }: &Counterpart) -> bool {
    let text = read(file);
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("js") => text.contains(&format!("it(\"{title}\",")) || text.contains(&format!("it(`{title}`,")),
        Some("rs") => text.contains(&format!("fn {title}(")),
        Some("py") => text.contains(&format!("def {title}(")),
        _ => false,
    }
}

fn excuses() -> BTreeSet<Named> {
    let page = read("docs/COMPATIBILITY.md");
    let (_, section) = page.split_once("\n## Tests without a counterpart\n").unwrap();
    let rows = cells(section).filter(|row| row[0] != "group").map(|row| {
        let &[group, name, why] = row.as_slice() else { panic!("{row:?} has no reason") };
        assert!(why.len() > 10, "{name}: {why}");
        (group.to_owned(), name.to_owned())
    });
    rows.collect()
}

#[test]
fn each_test_of_the_reference_has_a_counterpart_that_is_there_or_an_excuse() {
    let suite = suite();
    assert_eq!(suite.len(), TESTS);
    let lost: Vec<_> = suite
        .iter()
        .flat_map(|row| row.here.iter().map(move |here| (&row.named, here)))
        .filter(|(_, here)| !has_test(here))
        .map(|(named, here)| format!("{named:?}: no test “{}” in {}", here.title, here.file.display()))
        .collect();
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    let excused = suite.into_iter().filter(|row| row.here.is_empty()).map(|row| row.named);
    assert_eq!(excused.collect::<BTreeSet<_>>(), excuses());
}

#[test]
fn what_the_documents_link_to_is_there() {
    let docs =
        fs::read_dir(root().join("docs")).unwrap().chain(fs::read_dir(root().join("docs/guide")).unwrap());
    let pages: Vec<_> = docs
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension() == Some("md".as_ref()))
        .collect();
    assert!(pages.len() > 10, "the documents are somewhere else");
    let dead: Vec<_> = pages.iter().flat_map(|page| dead_links(page)).collect();
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

/// Links of a page to files that are not there, or to headings that no page has.
fn dead_links(page: &Path) -> Vec<String> {
    let text = read(page);
    let local = links(&text).filter(|target| !target.contains("://"));
    let dead = local.filter(|target| {
        let (file, heading) = target.split_once('#').unwrap_or((target, ""));
        let file = if file.is_empty() { page.to_owned() } else { page.parent().unwrap().join(file) };
        !file.exists() || !(heading.is_empty() || has_heading(&file, heading))
    });
    dead.map(|target| format!("{}: {target}", page.display())).collect()
}

fn has_heading(file: &Path, anchor: &str) -> bool {
    let text = read(file);
    let mut headings =
        text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    headings.any(|heading| {
        let kept = heading.to_lowercase().replace(' ', "-");
        kept.chars()
            .filter(|letter| letter.is_alphanumeric() || *letter == '-' || *letter == '_')
            .eq(anchor.chars())
    })
}

#[test]
fn each_row_that_works_names_its_test() {
    let page = read("docs/COMPATIBILITY.md");
    let (_, tables) = page.split_once("\n## Options of the server\n").unwrap();
    let (tables, _) = tables.split_once("\n## Reasons of a disconnect\n").unwrap();
    let rows: Vec<_> =
        cells(tables).filter(|row| row[1].starts_with("yes") || row[1].starts_with("part")).collect();
    assert!(rows.len() > 50, "only {} rows: the tables are somewhere else", rows.len());
    for row in rows {
        let tested = row[2];
        assert!(
            tested.contains("](") || tested.contains("rules ") || tested.contains("suite"),
            "{}: {tested}",
            row[0]
        );
    }
}

/// `rules eio-3` in a table is a section of the rules.
#[test]
fn the_rules_that_the_comparison_names_are_there() {
    let (page, rules) = (read("docs/COMPATIBILITY.md"), read("tests/conformance/rules.toml"));
    let words = page.split(|letter: char| !(letter.is_alphanumeric() || letter == '-'));
    let sections: BTreeSet<_> =
        words.filter(|word| word.starts_with("eio-") || word.starts_with("sio-")).collect();
    assert!(sections.len() > 5, "{sections:?}");
    for section in sections {
        assert!(rules.contains(&format!("id = \"{section}.")), "{section} is no section of the rules");
    }
}

#[actix_rt::test]
async fn a_server_that_never_listened_can_be_closed() {
    let io = Server::new();
    io.of("/").on("event", |_: Socket, ()| ());
    io.close().await;
    io.close().await;
    assert_eq!(io.stats().sessions, 0);
}
