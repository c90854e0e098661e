//! Writes the page's types, and fails where the committed ones say something else.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::path::Path;

use ts_rs::{Config, TS, TypeVisitor};

use crate::rooms::Label;
use crate::rooms::floe::{FloeIn, FloeOut, FloeView};
use crate::rooms::four::{FourIn, FourView};

use super::{Event, Login, NAMESPACE, Problem, Refresh, Request, Welcome, events, presence, requests};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../client-demo/web/src/contract.generated.ts");

/// The TypeScript of all types, each declared once.
pub(super) struct Page {
    config: Config,
    seen: HashSet<TypeId>,
    declared: BTreeMap<String, String>,
    requests: String,
    events: String,
    reports: String,
    presence: String,
}

impl Page {
    fn new() -> Self {
        let config = Config::new().with_large_int("number").with_array_tuple_limit(0);
        Self {
            config,
            seen: HashSet::new(),
            declared: BTreeMap::new(),
            requests: String::new(),
            events: String::new(),
            reports: String::new(),
            presence: String::new(),
        }
    }

    pub(super) fn request<Q: Request>(&mut self) {
        self.visit::<Q>();
        self.visit::<Q::Answer>();
        let (payload, answer) = (Q::name(&self.config), Q::Answer::name(&self.config));
        writeln!(self.requests, "  \"{}\": {{ payload: {payload}; answer: {answer} }};", Q::NAME).unwrap();
    }

    pub(super) fn event<E: Event>(&mut self) {
        self.visit::<E>();
        writeln!(self.events, "  \"{}\": {};", E::NAME, E::name(&self.config)).unwrap();
    }

    /// A type that stands in others by its name.
    pub(super) fn declare<T: TS + 'static>(&mut self) {
        self.visit::<T>();
    }

    /// The framework tells.
    pub(super) fn told<T: TS + 'static>(&mut self, name: &str) {
        self.visit::<T>();
        writeln!(self.presence, "  \"{name}\": {};", T::name(&self.config)).unwrap();
    }

    /// The framework is told.
    pub(super) fn said<T: TS + 'static>(&mut self, name: &str) {
        self.visit::<T>();
        writeln!(self.reports, "  \"{name}\": {};", T::name(&self.config)).unwrap();
    }

    fn text(self) -> String {
        let Self { declared, requests, events, reports, presence, .. } = self;
        let declared: String = declared.into_values().collect();
        format!(
            "// Written by `make types` from example-game/src/contract.rs. Changes here are lost.\n\n\
             /** The namespace that all of this is spoken in. */\n\
             export const NAMESPACE = \"{NAMESPACE}\";\n\n\
             /** What a client asks. Every acknowledgement carries the answer or `{{ error: Problem }}`. */\n\
             export interface Requests {{\n{requests}}}\n\n\
             /** What the server tells. */\n\
             export interface Events {{\n{events}}}\n\n\
             /** What the framework tells of presence and typing. */\n\
             export interface PresenceEvents {{\n{presence}}}\n\n\
             /** What the framework is told of oneself. */\n\
             export interface PresenceReports {{\n{reports}}}\n{declared}"
        )
    }
}

impl TypeVisitor for Page {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        if T::output_path().is_some() {
            let docs = T::docs().unwrap_or_default();
            let declaration = format!("\n{docs}export {}\n", T::decl(&self.config));
            self.declared.insert(T::ident(&self.config), declaration);
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

#[test]
fn the_page_has_the_types_of_this_contract() {
    let mut page = Page::new();
    page.declare::<Login>();
    page.declare::<Refresh>();
    page.declare::<Welcome>();
    page.declare::<Problem>();
    page.declare::<Label>();
    page.declare::<FourIn>();
    page.declare::<FourView>();
    page.declare::<FloeIn>();
    page.declare::<FloeOut>();
    page.declare::<FloeView>();
    requests(&mut page);
    events(&mut page);
    presence::add(&mut page);
    let text = page.text();
    if std::env::var_os("WRITE_TYPES").is_some() {
        std::fs::write(PAGE, &text).unwrap();
    }
    let committed = std::fs::read_to_string(Path::new(PAGE)).unwrap_or_default();
    assert_eq!(committed, text, "the page's types are old: run `make types`");
}
