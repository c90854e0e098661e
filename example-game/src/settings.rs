//! What the lobby can be told: in a file, in the environment, by flags. Who comes later in this list wins.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, ValueEnum};
use config::{Environment, File, FileFormat};
use greenroom::Config;
use greenroom::auth::TokenLives;
use greenroom::presence::PresenceConfig;
use serde::{Deserialize, Serialize};

/// All settings, under the names that they have in a file.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    pub(crate) operations: Option<SocketAddr>,
    pub(crate) web_root: PathBuf,
    /// Never shown.
    #[serde(skip_serializing)]
    pub(crate) jwt_secret: Option<String>,
    pub(crate) jwt_secret_file: PathBuf,
    token_seconds: u64,
    idle_seconds: u64,
    away_seconds: u64,
    log: String,
    log_format: LogFormat,
    /// All limits and times of the framework.
    pub(crate) server: Config,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object, for machines.
    Json,
}

/// The lobby. Every setting can stand in a file, in the environment or in a flag; a flag wins over the
/// environment, and the environment over the file.
#[derive(Debug, Parser)]
#[command(version, after_help = MORE)]
pub(crate) struct Flags {
    /// A TOML file of settings; --print-config shows how one looks
    #[arg(long, env = "LOBBY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Any setting, as a line of such a file; may be given several times
    #[arg(long, value_name = "LINE")]
    set: Vec<String>,
    /// Shows the settings as they are now, secrets left out, and ends
    #[arg(long)]
    pub(crate) print_config: bool,
    #[command(flatten)]
    short: Short,
}

/// What has a flag and a name in the environment of its own.
#[derive(Debug, Args, Serialize)]
struct Short {
    /// Address that clients reach [default: 127.0.0.1]
    #[arg(long, env)]
    address: Option<IpAddr>,
    /// Port that clients reach; 0 is any free one [default: 7000]
    #[arg(long, env)]
    port: Option<u16>,
    /// Address and port of /metrics, /healthz and /readyz [default: none]
    #[arg(long, env, value_name = "ADDRESS:PORT")]
    operations: Option<SocketAddr>,
    /// The built page [default: client-demo/web/dist]
    #[arg(long, env, value_name = "FOLDER")]
    web_root: Option<PathBuf>,
    /// What signs tokens, 32 bytes or more; others can see a flag, so better not given as one
    #[arg(long, env, hide_env_values = true, value_name = "SECRET")]
    jwt_secret: Option<String>,
    /// Where a secret is kept if none is given; made at the first start [default: .lobby/jwt-secret]
    #[arg(long, env, value_name = "FILE")]
    jwt_secret_file: Option<PathBuf>,
    /// How long a token is good [default: 900]
    #[arg(long, env, value_name = "SECONDS")]
    token_seconds: Option<u64>,
    /// Time without input after which somebody is idle [default: 60]
    #[arg(long, env, value_name = "SECONDS")]
    idle_seconds: Option<u64>,
    /// Time from idle to away [default: 600]
    #[arg(long, env, value_name = "SECONDS")]
    away_seconds: Option<u64>,
    /// What is logged, such as "info" or "warn,greenroom=debug" [default: info]
    #[arg(long, env = "RUST_LOG", value_name = "FILTER")]
    log: Option<String>,
    /// How it is logged [default: text]
    #[arg(long, env)]
    log_format: Option<LogFormat>,
}

/// A hand on a game, at 20 steps a second, and one on the keys of a chat stay far below.
const EVENTS_PER_SECOND: u32 = 100;
/// What a page that slept sends when it wakes up.
const EVENT_BURST: u32 = 200;

const MORE: &str = "\
The limits and times of the framework are the settings under [server], as docs/guide/limits.md lists them. They \
have no flags of their own: --set 'server.max_payload = \"2 MB\"', or LOBBY__SERVER__MAX_PAYLOAD='2 MB' in the \
environment, where lists are written with commas.

`example-game replay FILE [--list] [--at OFFSET] [--view MEMBER]` plays the journal of a room again, as a panic \
has left it in the folder server.room_journals.";

impl Flags {
    /// Puts the sources together.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown name, or a value that does not fit: both are named.
    pub(crate) fn settings(&self) -> Result<Settings, Box<dyn Error>> {
        let environment = Environment::with_prefix("LOBBY").prefix_separator("__").separator("__");
        let lists = ["server.trusted_proxies", "server.cors.origins"];
        let environment = lists
            .iter()
            .fold(environment.try_parsing(true).list_separator(","), |all, key| all.with_list_parse_key(key));
        // A section of the file that leaves something out has the lobby's default, not the framework's.
        let defaults = File::from_str(&Settings::default().to_string(), FileFormat::Toml);
        let mut sources = config::Config::builder().add_source(defaults);
        if let Some(file) = &self.config {
            sources = sources.add_source(File::from(file.as_path()).format(FileFormat::Toml));
        }
        sources = sources.add_source(environment);
        sources = sources.add_source(File::from_str(&toml::to_string(&self.short)?, FileFormat::Toml));
        for line in &self.set {
            sources = sources.add_source(File::from_str(line, FileFormat::Toml));
        }
        Ok(sources.build()?.try_deserialize()?)
    }
}

impl Settings {
    /// How long tokens are good.
    pub(crate) fn token_lives(&self) -> TokenLives {
        TokenLives { access: Duration::from_secs(self.token_seconds), ..TokenLives::default() }
    }

    /// When somebody is idle, and away. Pages repeat within the first of these that there is input.
    pub(crate) fn presence(&self) -> PresenceConfig {
        let idle_after = Duration::from_secs(self.idle_seconds);
        PresenceConfig {
            idle_after,
            online_believed_for: 2 * idle_after,
            away_after_idle: Duration::from_secs(self.away_seconds),
            ..PresenceConfig::default()
        }
    }

    /// Begins to log.
    pub(crate) fn start_log(&self) {
        let log = tracing_subscriber::fmt().with_env_filter(&self.log);
        match self.log_format {
            LogFormat::Text => log.init(),
            LogFormat::Json => log.json().init(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: Ipv4Addr::LOCALHOST.into(),
            port: 7000,
            operations: None,
            web_root: concat!(env!("CARGO_MANIFEST_DIR"), "/../client-demo/web/dist").into(),
            jwt_secret: None,
            jwt_secret_file: ".lobby/jwt-secret".into(),
            token_seconds: 900,
            idle_seconds: 60,
            away_seconds: 600,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            server: Config {
                events_per_second: EVENTS_PER_SECOND,
                event_burst: EVENT_BURST,
                ..Config::default()
            },
        }
    }
}

/// As a file has them.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&toml::to_string(self).map_err(|_| fmt::Error)?)
    }
}
