//! The namespaces of a server: those that were declared, and those that come into being when a client
//! asks for them.
//!
//! Owns: the namespaces by path, the parents whose rules make children, who is told of a new one.
//! Keeps: a path has one namespace at a time; a child ends only when no socket uses it, nor is about to.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytestring::ByteString;
use regex_lite::Regex;
use serde_json::Value;

use crate::auth::JwtAuth;
use crate::namespace::{Namespace, NamespaceShared};
use crate::runtime::Runtime;

/// All namespaces of a server.
pub(crate) struct Namespaces {
    runtime: Arc<Runtime>,
    auth: Option<Arc<JwtAuth>>,
    by_path: RwLock<HashMap<ByteString, Place>>,
    parents: RwLock<Vec<Arc<Parent>>>,
    created: RwLock<Vec<CreatedHook>>,
}

struct Place {
    namespace: Arc<NamespaceShared>,
    /// Of a child: its parent, and the sockets that use it.
    child: Option<Child>,
}

struct Child {
    parent: Arc<NamespaceShared>,
    users: Arc<AtomicUsize>,
}

/// Namespaces that come into being when a client asks for them are made after it.
struct Parent {
    rule: Rule,
    template: Arc<NamespaceShared>,
}

enum Rule {
    Pattern(Regex),
    Function(Box<PathRule>),
}

type PathRule = dyn Fn(&str, Option<&Value>) -> bool + Send + Sync;
type CreatedHook = Arc<dyn Fn(Namespace) + Send + Sync>;

/// A pattern of namespaces that is no regular expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no pattern of namespaces: {why}")]
pub struct BadPattern {
    pattern: String,
    why: String,
}

/// What a client's CONNECT may find.
#[derive(Debug)]
pub(crate) enum Found {
    Namespace(Arc<NamespaceShared>, Option<Lease>),
    /// Nobody has declared it.
    Unknown,
    /// It would be one child too many.
    TooMany,
}

impl Namespaces {
    pub(crate) fn new(runtime: Arc<Runtime>, auth: Option<Arc<JwtAuth>>) -> Arc<Self> {
        Arc::new(Self {
            runtime,
            auth,
            by_path: RwLock::default(),
            parents: RwLock::default(),
            created: RwLock::default(),
        })
    }

    /// The namespace of this path, made if there is none: after the parent whose pattern it matches.
    pub(crate) fn declare(&self, path: &ByteString) -> Arc<NamespaceShared> {
        if let Some(place) = self.read().get(path) {
            return place.namespace.clone();
        }
        let parents = self.parents.read().unwrap_or_else(PoisonError::into_inner);
        let parent = parents.iter().find(|parent| parent.rule.matches_by_pattern(path)).cloned();
        drop(parents);
        let mut created = false;
        let namespace = {
            let mut by_path = self.by_path.write().unwrap_or_else(PoisonError::into_inner);
            let make = || {
                created = true;
                self.make(path.clone(), parent.as_deref())
            };
            by_path.entry(path.clone()).or_insert_with(make).namespace.clone()
        };
        if created {
            self.tell_created(&namespace);
        }
        namespace
    }

    /// Adds a parent whose children are those paths that match a pattern.
    pub(crate) fn add_pattern(&self, pattern: &str) -> Result<Namespace, BadPattern> {
        let rule = Regex::new(pattern)
            .map_err(|error| BadPattern { pattern: pattern.to_owned(), why: error.to_string() })?;
        Ok(self.add_parent(pattern.into(), Rule::Pattern(rule)))
    }

    /// Adds a parent whose children are those paths that a function allows.
    pub(crate) fn add_function(
        &self,
        rule: impl Fn(&str, Option<&Value>) -> bool + Send + Sync + 'static,
    ) -> Namespace {
        self.add_parent("(by a function)".into(), Rule::Function(Box::new(rule)))
    }

    /// Tells of each namespace that comes into being from now on.
    pub(crate) fn on_created(&self, hook: CreatedHook) {
        self.created.write().unwrap_or_else(PoisonError::into_inner).push(hook);
    }

    /// What a client asks for; `auth` is the payload of its CONNECT.
    pub(crate) fn find(self: &Arc<Self>, path: &ByteString, auth: Option<&str>) -> Found {
        if let Some(place) = self.read().get(path) {
            return self.lease(place);
        }
        if let Some(place) = room_type(&self.read(), path, self.runtime.config.max_room_name) {
            return self.lease(place);
        }
        let Some(parent) = self.parent_of(path, auth) else { return Found::Unknown };
        let (found, created) = {
            let mut by_path = self.by_path.write().unwrap_or_else(PoisonError::into_inner);
            let children = by_path.values().filter(|place| place.child.is_some()).count();
            let exists = by_path.contains_key(path);
            if !exists && children >= self.runtime.config.max_child_namespaces {
                return Found::TooMany;
            }
            let place = by_path.entry(path.clone()).or_insert_with(|| self.make(path.clone(), Some(&parent)));
            (self.lease(place), (!exists).then(|| place.namespace.clone()))
        };
        if let Some(namespace) = created {
            self.tell_created(&namespace);
        }
        found
    }

    /// What the server's parts share.
    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// The namespace of this path, if there is one.
    pub(crate) fn get(&self, path: &str) -> Option<Arc<NamespaceShared>> {
        self.read().get(path).map(|place| place.namespace.clone())
    }

    /// The type of rooms that a path names, or a room of.
    pub(crate) fn find_room_type(&self, path: &str) -> Option<Arc<NamespaceShared>> {
        let by_path = self.read();
        let place =
            by_path.get(path).or_else(|| room_type(&by_path, path, self.runtime.config.max_room_name));
        place.map(|place| place.namespace.clone()).filter(|namespace| namespace.directory().is_some())
    }

    /// All of them, by path.
    pub(crate) fn all(&self) -> Vec<Arc<NamespaceShared>> {
        let mut all: Vec<_> = self.read().values().map(|place| place.namespace.clone()).collect();
        all.sort_by(|one, other| one.path.cmp(&other.path));
        all
    }

    /// All of them, and the parents: what is counted under a label of its own, and what under its parent's.
    pub(crate) fn counted(&self) -> Vec<Arc<NamespaceShared>> {
        let parents = self.parents.read().unwrap_or_else(PoisonError::into_inner);
        self.all().into_iter().chain(parents.iter().map(|parent| parent.template.clone())).collect()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<ByteString, Place>> {
        self.by_path.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn add_parent(&self, name: ByteString, rule: Rule) -> Namespace {
        let template = NamespaceShared::new(name, self.runtime.clone(), self.auth.clone());
        template.become_parent();
        let parent = Arc::new(Parent { rule, template: template.clone() });
        self.parents.write().unwrap_or_else(PoisonError::into_inner).push(parent);
        Namespace::new(template)
    }

    /// The first parent whose rule allows the path. A rule is user code: one that panics allows nothing.
    fn parent_of(&self, path: &str, auth: Option<&str>) -> Option<Arc<Parent>> {
        if path.len() > self.runtime.config.max_room_name {
            return None;
        }
        let parents = self.parents.read().unwrap_or_else(PoisonError::into_inner).clone();
        let allows = |parent: &Arc<Parent>| self.guarded(|| parent.rule.allows(path, auth)).unwrap_or(false);
        parents.into_iter().find(allows)
    }

    fn make(&self, path: ByteString, parent: Option<&Parent>) -> Place {
        match parent {
            Some(parent) => {
                let namespace = parent.template.make_child(path);
                let child = Child { parent: parent.template.clone(), users: Arc::default() };
                Place { namespace, child: Some(child) }
            }
            None => {
                let namespace = NamespaceShared::new(path, self.runtime.clone(), self.auth.clone());
                Place { namespace, child: None }
            }
        }
    }

    /// While the lease is held, the child does not end: called under the lock.
    fn lease(self: &Arc<Self>, place: &Place) -> Found {
        let lease = place.child.as_ref().map(|child| {
            child.users.fetch_add(1, Ordering::AcqRel);
            let (namespace, users) = (place.namespace.clone(), child.users.clone());
            Lease { namespaces: self.clone(), namespace, users }
        });
        Found::Namespace(place.namespace.clone(), lease)
    }

    fn tell_created(&self, namespace: &Arc<NamespaceShared>) {
        if *namespace.path == *"/" {
            return;
        }
        let hooks = self.created.read().unwrap_or_else(PoisonError::into_inner).clone();
        for hook in hooks {
            self.guarded(|| hook(Namespace::new(namespace.clone())));
        }
    }

    /// Ends a child without users, if the server wants that.
    fn clean_up(&self, namespace: &Arc<NamespaceShared>) {
        let mut by_path = self.by_path.write().unwrap_or_else(PoisonError::into_inner);
        let Some(Place { namespace: here, child: Some(child) }) = by_path.get(&namespace.path) else {
            return;
        };
        if Arc::ptr_eq(here, namespace) && child.users.load(Ordering::Acquire) == 0 {
            child.parent.forget_child(&namespace.path);
            by_path.remove(&namespace.path);
            namespace.stop();
        }
    }

    /// Runs user code; its panic ends here.
    fn guarded<R>(&self, code: impl FnOnce() -> R) -> Option<R> {
        let result = catch_unwind(AssertUnwindSafe(code));
        if result.is_err() {
            self.runtime.metrics.panics.count();
            tracing::error!("user code that concerns namespaces panicked");
        }
        result.ok()
    }
}

/// `/duel/<id>`: a certain room of a type. What a client asks for is never kept here.
fn room_type<'a>(
    by_path: &'a HashMap<ByteString, Place>,
    path: &str,
    longest_id: usize,
) -> Option<&'a Place> {
    let (of, id) = path.rsplit_once('/')?;
    let named = !id.is_empty() && id.len() <= longest_id;
    by_path.get(of).filter(|place| named && place.namespace.directory().is_some())
}

impl Rule {
    fn matches_by_pattern(&self, path: &str) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.is_match(path),
            Self::Function(_) => false,
        }
    }

    fn allows(&self, path: &str, auth: Option<&str>) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.is_match(path),
            Self::Function(function) => {
                let auth = auth.and_then(|auth| serde_json::from_str::<Value>(auth).ok());
                function(path, auth.as_ref())
            }
        }
    }
}

/// A socket that uses a child, or asks to.
pub(crate) struct Lease {
    namespaces: Arc<Namespaces>,
    namespace: Arc<NamespaceShared>,
    users: Arc<AtomicUsize>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let was_last = self.users.fetch_sub(1, Ordering::AcqRel) == 1;
        if was_last && self.namespaces.runtime.config.cleanup_empty_child_namespaces {
            self.namespaces.clean_up(&self.namespace);
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl fmt::Debug for Namespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.read().keys()).finish()
    }
}
