//! The rules, as they stand in `rules.toml`.
//!
//! Keeps: ids are unique and in order; rules and tests correspond one to one, transport by transport; every
//! case of the two official suites is covered by a rule.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_tests::Transport;
use serde::Deserialize;

use crate::case::Case;

const TEXT: &str = include_str!("rules.toml");

/// Cases of the suite of the Engine.IO protocol's repository, and of the Socket.IO protocol's.
const OFFICIAL_CASES: [(char, usize); 2] = [('E', 24), ('S', 32)];

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    pub(crate) rule: Vec<Rule>,
}

/// One rule, in our own words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) heading: String,
    pub(crate) level: Level,
    pub(crate) transports: BTreeSet<Transport>,
    /// Cases of the official suites that it covers, numbered as they stand there: `E01`, `S17`.
    #[serde(default)]
    pub(crate) suite: Vec<String>,
    /// Where the reference implementation does otherwise: `differs: …`.
    #[serde(default)]
    pub(crate) reference_behaviour: Option<String>,
}

/// How strongly a rule is meant, and by whom.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) enum Level {
    /// The specification demands it, or defines it so.
    #[serde(rename = "MUST")]
    Must,
    /// The specification recommends it.
    #[serde(rename = "SHOULD")]
    Should,
    /// The specification is silent; clients rely on what the reference implementation does.
    #[serde(rename = "reference-behaviour")]
    Reference,
}

impl Level {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Reference => "reference",
        }
    }
}

impl Rules {
    pub(crate) fn load() -> Result<Self, toml::de::Error> {
        toml::from_str(TEXT)
    }

    /// Whether the reference implementation is known not to keep this rule.
    pub(crate) fn differs_from_reference(&self, id: &str) -> bool {
        self.rule.iter().any(|rule| rule.id == id && rule.reference_behaviour.is_some())
    }

    /// What is missing or too much, one sentence each.
    pub(crate) fn gaps(&self, cases: &[Case]) -> Vec<String> {
        let mut gaps = self.out_of_order();
        gaps.extend(self.unequal_to(cases));
        gaps.extend(self.uncovered());
        gaps
    }

    fn out_of_order(&self) -> Vec<String> {
        let pairs = self.rule.iter().zip(self.rule.iter().skip(1));
        let wrong = pairs.filter(|(one, next)| one.id >= next.id);
        wrong.map(|(one, next)| format!("{} stands after {}", next.id, one.id)).collect()
    }

    fn unequal_to(&self, cases: &[Case]) -> Vec<String> {
        let mut gaps = Vec::new();
        let mut tested: BTreeMap<String, BTreeSet<Transport>> = BTreeMap::new();
        for case in cases {
            let transports = case.transports.iter().copied().collect();
            if tested.insert(case.id(), transports).is_some() {
                gaps.push(format!("rule {} has two tests", case.id()));
            }
        }
        for rule in &self.rule {
            match tested.remove(&rule.id) {
                None => gaps.push(format!("rule {} has no test", rule.id)),
                Some(transports) if transports != rule.transports => gaps.push(format!(
                    "rule {} is about {:?}, its test about {transports:?}",
                    rule.id, rule.transports
                )),
                Some(_) => {}
            }
        }
        gaps.extend(tested.into_keys().map(|id| format!("a test belongs to rule {id}, which there is not")));
        gaps
    }

    fn uncovered(&self) -> Vec<String> {
        let mut claimed: BTreeSet<&str> = BTreeSet::new();
        claimed.extend(self.rule.iter().flat_map(|rule| &rule.suite).map(String::as_str));
        let mut gaps = Vec::new();
        for (suite, count) in OFFICIAL_CASES {
            for number in 1..=count {
                let case = format!("{suite}{number:02}");
                if !claimed.remove(case.as_str()) {
                    gaps.push(format!("no rule covers the official case {case}"));
                }
            }
        }
        gaps.extend(claimed.into_iter().map(|case| format!("there is no official case {case}")));
        gaps
    }
}
