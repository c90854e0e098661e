//! `--name value` arguments; a name without a value is a flag.
use std::collections::HashMap;
use std::str::FromStr;

/// The arguments of one run.
#[derive(Debug, Default)]
pub struct Args(HashMap<String, String>);

impl Args {
    /// Reads `words`, which must all be `--name value` or `--name`.
    ///
    /// # Errors
    /// The first word that is neither.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut named = HashMap::new();
        let mut words = words.into_iter().peekable();
        while let Some(word) = words.next() {
            let Some(name) = word.strip_prefix("--") else { return Err(word) };
            let value = words.next_if(|next| !next.starts_with("--")).unwrap_or_else(|| "true".to_owned());
            named.insert(name.to_owned(), value);
        }
        Ok(Self(named))
    }

    /// Returns the text of `name`, or `default`.
    #[must_use]
    pub fn text(&self, name: &str, default: &str) -> String {
        self.0.get(name).map_or_else(|| default.to_owned(), Clone::clone)
    }

    /// Returns the number `name`, or `default`. Ends the process if it is there and not a number.
    #[must_use]
    pub fn number<T: FromStr>(&self, name: &str, default: T) -> T {
        self.0.get(name).map_or(default, |value| {
            value.parse().unwrap_or_else(|_| die(&format!("bad value for --{name}: {value}")))
        })
    }

    /// Says whether the flag `name` is set.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value != "false")
    }
}

/// Ends the process: the arguments or the server make a run impossible.
pub fn die(message: &str) -> ! {
    eprintln!("{message}");
    std::process::exit(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split(' ').map(str::to_owned))
    }

    #[test]
    fn names_have_values_and_flags_have_none() {
        let args = parse("--conns 12 --join --path /io/").unwrap();
        assert_eq!(args.number("conns", 0), 12);
        assert_eq!(args.number("depth", 3), 3);
        assert_eq!(args.text("path", ""), "/io/");
        assert!(args.flag("join") && !args.flag("burst"));
    }

    #[test]
    fn a_word_without_a_name_is_refused() {
        assert_eq!(parse("--join a b").unwrap_err(), "b");
    }
}
