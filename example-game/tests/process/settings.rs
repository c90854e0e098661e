//! Settings come from a file, the environment and flags, and `--print-config` shows what came of them.

use std::fs;
use std::process::Command;

use tempfile::TempDir;
use toml::Table;

use crate::stage::lobby;

const SECRET: &str = "a secret of at least thirty-two bytes";

#[test]
fn a_flag_wins_over_the_environment_and_the_environment_over_the_file() {
    let folder = TempDir::new().unwrap();
    let file = r#"
        port = 1
        token_seconds = 1
        log = "file"
        web_root = "file"
        server.ack_timeout = "1m 30s"
        server.max_payload = "2 MiB"
        server.keep_alive = "1s"
    "#;
    fs::write(folder.path().join("lobby.toml"), file).unwrap();
    let mut command = lobby(folder.path());
    command.args([
        "--config=lobby.toml",
        "--port=3",
        r#"--set=server.keep_alive = "3s""#,
        "--set=log = 'line'",
    ]);
    command.envs([("PORT", "2"), ("TOKEN_SECONDS", "2"), ("RUST_LOG", "environment")]);
    command.envs([("LOBBY__SERVER__KEEP_ALIVE", "2s"), ("LOBBY__SERVER__MAX_PAYLOAD", "3 MB")]);
    command.env("LOBBY__SERVER__TRUSTED_PROXIES", "10.0.0.0/8,127.0.0.1");
    let shown = shown(&mut command);
    assert_eq!(shown["port"].as_integer(), Some(3), "all three say it");
    assert_eq!(shown["token_seconds"].as_integer(), Some(2), "the file and the environment say it");
    assert_eq!(shown["web_root"].as_str(), Some("file"), "the file alone says it");
    assert_eq!(shown["log"].as_str(), Some("line"));
    assert_eq!(shown["log_format"].as_str(), Some("text"), "nobody says it");
    let server = shown["server"].as_table().unwrap();
    assert_eq!(server["keep_alive"].as_str(), Some("3s"));
    assert_eq!(server["max_payload"].as_str(), Some("3 MB"));
    assert_eq!(server["ack_timeout"].as_str(), Some("1m 30s"));
    assert_eq!(server["trusted_proxies"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_shown_is_a_file_that_says_the_same_and_no_secret() {
    let folder = TempDir::new().unwrap();
    let mut first = lobby(folder.path());
    first.args([
        "--print-config",
        "--operations=127.0.0.1:9000",
        r#"--set=server.cors = { origins = ["*"] }"#,
    ]);
    let first = String::from_utf8(first.env("JWT_SECRET", SECRET).output().unwrap().stdout).unwrap();
    assert!(first.contains("127.0.0.1:9000") && first.contains("[server.cors]"), "{first}");
    assert!(!first.contains(SECRET), "{first}");
    fs::write(folder.path().join("shown.toml"), &first).unwrap();
    let mut second = lobby(folder.path());
    let second = second.args(["--print-config", "--config=shown.toml"]).output().unwrap();
    assert_eq!(String::from_utf8(second.stdout).unwrap(), first);
}

#[test]
fn the_file_in_the_guide_is_one() {
    let folder = TempDir::new().unwrap();
    let guide = include_str!("../../../docs/guide/deploy.md");
    let (_, file) = guide.split_once("```toml\n").unwrap();
    let (file, _) = file.split_once("```").unwrap();
    fs::write(folder.path().join("lobby.toml"), file).unwrap();
    let shown = shown(lobby(folder.path()).arg("--config=lobby.toml"));
    let said: Table = file.parse().unwrap();
    assert_eq!(shown["port"], said["port"]);
    let server = shown["server"].as_table().unwrap();
    assert_eq!(server["events_per_second"].as_integer(), Some(100), "what it leaves out is the lobby's own");
    assert!(
        said["server"].as_table().unwrap().iter().all(|(name, value)| server[name] == *value),
        "{server:?}"
    );
}

#[test]
fn an_unknown_name_and_a_value_that_does_not_fit_are_named() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("lobby.toml"), "prot = 7000\n").unwrap();
    let with = |arg: &str| {
        let mut command = lobby(folder.path());
        command.arg(arg);
        command
    };
    refuses(with("--config=lobby.toml"), "unknown field `prot`");
    refuses(with("--config=another.toml"), "another.toml");
    refuses(with("--set=server.max_paylaod = 1"), "unknown field `max_paylaod`");
    refuses(with("--set=server.max_payload = '1 cup'"), "server.max_payload");
    refuses(with("--set=server.ping_interval = 25"), "server.ping_interval");
    refuses(with("--port=many"), "--port");
    let mut environment = lobby(folder.path());
    environment.env("LOBBY__SERVER__PING_INTREVAL", "25s");
    refuses(environment, "unknown field `ping_intreval`");
    let mut short = lobby(folder.path());
    short.env("JWT_SECRET", "short");
    refuses(short, "the algorithm needs 32");
}

#[test]
fn help_names_each_setting_with_its_flag_and_its_place_in_the_environment() {
    let folder = TempDir::new().unwrap();
    let help = lobby(folder.path()).env("JWT_SECRET", SECRET).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for name in
        ["--port", "PORT", "WEB_ROOT", "JWT_SECRET", "TOKEN_SECONDS", "--print-config", "LOBBY__SERVER__"]
    {
        assert!(help.contains(name), "{name} in {help}");
    }
    assert!(!help.contains(SECRET), "{help}");
}

fn shown(command: &mut Command) -> Table {
    let output = command.arg("--print-config").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().parse().unwrap()
}

fn refuses(mut command: Command, words: &str) {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains(words), "{words} in {said}");
}
