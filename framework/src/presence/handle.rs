//! [`Presence`]: what users and other actors hold of a presence.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use greenroom_proto::presence::{
    Counts, Entry, Manual, Policy, PresenceConfig, Refusal, Scope, UserId, UserView, Visibility, Watched,
};
use greenroom_proto::rooms::RoomName;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::oneshot;

use super::inbox::News;
use super::protocol::{Question, Relation};
use super::rules::Rules;
use super::{PresenceCommand, PresenceShared, events};
use crate::event::Args;
use crate::namespace::Namespace;
use crate::socket::Socket;

/// The presence of a namespace: who is there, what they do, who types. Cheap to clone.
///
/// Made by [`Namespace::presence`] or [`Namespace::room_presence`]; the rules are set before the first
/// client connects.
#[derive(Clone)]
pub struct Presence(Arc<PresenceShared>);

/// Who is in a room, or in the whole namespace, as others see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoomView {
    /// How many there are.
    pub counts: Counts,
    /// Who they are, by id.
    pub users: BTreeMap<UserId, Entry>,
}

/// Why a presence did not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PresenceError {
    /// The rules do not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The server has ended, or this thread is none of actix and no client has connected yet.
    #[error("the presence is not running")]
    Closed,
}

impl Namespace {
    /// Switches presence on: everyone here is told who else is, what they do and who types. A second call
    /// returns what the first one made.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # use greenroom::presence::PresenceConfig;
    /// # fn example(io: Server) {
    /// io.of("/lobby").presence(PresenceConfig::default());
    /// # }
    /// ```
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn presence(&self, config: PresenceConfig) -> Presence {
        Presence::start(self, config, true)
    }

    /// Switches presence on for those rooms that the rule names: the members of each are told of each
    /// other.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # use greenroom::presence::PresenceConfig;
    /// # fn example(io: Server) {
    /// io.of("/").room_presence(PresenceConfig::default(), |room| room.starts_with("chat-"));
    /// # }
    /// ```
    pub fn room_presence(
        &self,
        config: PresenceConfig,
        rule: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Presence {
        let presence = Presence::start(self, config, false);
        presence.rooms(rule);
        presence
    }
}

/// The rules of an application.
impl Presence {
    fn start(namespace: &Namespace, config: PresenceConfig, announce_namespace: bool) -> Self {
        let home = namespace.shared();
        let mut is_new = false;
        let shared = home.presence.get_or_init(|| {
            is_new = true;
            PresenceShared::new(home, config, announce_namespace)
        });
        if is_new {
            events::listen(namespace, shared);
        }
        Self(shared.clone())
    }

    /// Adds presence to the rooms that the rule names.
    pub fn rooms(&self, rule: impl Fn(&str) -> bool + Send + Sync + 'static) -> &Self {
        self.set_rule(|rules| rules.rooms = Some(Arc::new(rule)))
    }

    /// Who a socket is. Without this rule the user of its token; without a token the socket is somebody
    /// of its own, so that a reload is another person.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # use greenroom::presence::PresenceConfig;
    /// # fn example(io: Server) {
    /// let presence = io.of("/").presence(PresenceConfig::default());
    /// presence.identify(|socket| socket.auth::<String>().unwrap_or_default());
    /// # }
    /// ```
    pub fn identify(&self, rule: impl Fn(&Socket) -> String + Send + Sync + 'static) -> &Self {
        self.set_rule(|rules| rules.identify = Some(Arc::new(rule)))
    }

    /// What a user is shown with, a name for example: JSON of at most
    /// [`PresenceConfig::max_data`] bytes. The newest socket's counts.
    pub fn describe(&self, rule: impl Fn(&Socket) -> Value + Send + Sync + 'static) -> &Self {
        self.set_rule(|rules| rules.describe = Some(Arc::new(rule)))
    }

    /// What kind of client a socket is, for [`user`](Self::user).
    pub fn device(&self, rule: impl Fn(&Socket) -> String + Send + Sync + 'static) -> &Self {
        self.set_rule(|rules| rules.device = Some(Arc::new(rule)))
    }

    /// Who may see whom, beside blocks and what users show. The rule is asked when somebody subscribes or
    /// comes; when it would answer otherwise, call [`relationship_changed`](Self::relationship_changed).
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # use greenroom::presence::{PresenceConfig, Visibility};
    /// # fn are_friends(_: &str, _: &str) -> bool { true }
    /// # fn example(io: Server) {
    /// let presence = io.of("/").presence(PresenceConfig::default());
    /// presence.can_see(|viewer: &str, target: &str| match are_friends(viewer, target) {
    ///     true => Visibility::Full,
    ///     false => Visibility::Coarse,
    /// });
    /// # }
    /// ```
    pub fn can_see(&self, policy: impl Policy + 'static) -> &Self {
        self.set_rule(|rules| rules.policy = Some(Arc::new(policy)))
    }

    /// An event by which a message is sent: whoever sends it no longer types.
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn message_event(&self, event: &str) -> &Self {
        self.set_rule(|rules| rules.messages.push(event.to_owned()));
        if let Some(namespace) = self.0.namespace() {
            let shared = self.0.clone();
            Namespace::new(namespace).on(event, move |socket: Socket, _: Args| {
                shared.note(&socket, News::sent_message);
            });
        }
        self
    }

    /// The times and limits.
    #[must_use]
    pub fn config(&self) -> &PresenceConfig {
        &self.0.config
    }

    fn set_rule(&self, set: impl FnOnce(&mut Rules)) -> &Self {
        set(&mut self.0.rules_mut());
        self
    }
}

/// What server code asks and changes. All of it waits for the presence to look at it.
impl Presence {
    /// A user as it is, whoever may see it.
    ///
    /// # Errors
    /// [`PresenceError::Closed`].
    ///
    /// ```
    /// # use greenroom::presence::{Presence, PresenceError};
    /// # async fn example(presence: Presence) -> Result<(), PresenceError> {
    /// let ann = presence.user("ann").await?;
    /// println!("{:?} with {} tabs", ann.public.status, ann.sockets.len());
    /// # Ok(()) }
    /// ```
    pub async fn user(&self, user: &str) -> Result<UserView, PresenceError> {
        self.ask(|reply| Question::User(user.into(), reply)).await
    }

    /// Users as others see them who see everything.
    ///
    /// # Errors
    /// [`PresenceError::Closed`].
    pub async fn seen(
        &self,
        users: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Vec<Watched>, PresenceError> {
        let users = users.into_iter().map(|user| user.as_ref().into()).collect();
        self.ask(|reply| Question::Public(users, reply)).await
    }

    /// Who is in a room.
    ///
    /// # Errors
    /// [`PresenceError::Closed`].
    pub async fn room(&self, room: impl Into<RoomName>) -> Result<RoomView, PresenceError> {
        self.page(Scope::Room(room.into()), None, usize::MAX).await
    }

    /// Who is in the namespace.
    ///
    /// # Errors
    /// [`PresenceError::Closed`].
    pub async fn everyone(&self) -> Result<RoomView, PresenceError> {
        self.page(Scope::Namespace, None, usize::MAX).await
    }

    /// How many are in a room, without their names.
    ///
    /// # Errors
    /// [`PresenceError::Closed`].
    pub async fn counts(&self, room: impl Into<RoomName>) -> Result<Counts, PresenceError> {
        Ok(self.page(Scope::Room(room.into()), None, 0).await?.counts)
    }

    /// Sets what a user has chosen to be, for one who is offline, too.
    ///
    /// # Errors
    /// [`PresenceError::Closed`].
    pub async fn set_manual(&self, user: &str, manual: Option<Manual>) -> Result<(), PresenceError> {
        self.relate(Relation::Manual(user.into(), manual)).await
    }

    /// Sets what a user is shown with from now on.
    ///
    /// # Errors
    /// [`PresenceError::Refused`] if it is too long or the user is offline, [`PresenceError::Closed`].
    pub async fn update(&self, user: &str, data: Option<Value>) -> Result<(), PresenceError> {
        self.relate(Relation::Data(user.into(), data)).await
    }

    /// Neither sees the other from now on.
    ///
    /// # Errors
    /// [`PresenceError::Refused`] if too many are remembered, [`PresenceError::Closed`].
    pub async fn block(&self, blocker: &str, blocked: &str) -> Result<(), PresenceError> {
        self.relate(Relation::Block(blocker.into(), blocked.into())).await
    }

    /// Takes a block back.
    ///
    /// # Errors
    /// [`PresenceError::Closed`].
    pub async fn unblock(&self, blocker: &str, blocked: &str) -> Result<(), PresenceError> {
        self.relate(Relation::Unblock(blocker.into(), blocked.into())).await
    }

    /// How much a user shows to everyone.
    ///
    /// # Errors
    /// [`PresenceError::Refused`] if too many are remembered, [`PresenceError::Closed`].
    pub async fn show(&self, user: &str, visibility: Visibility) -> Result<(), PresenceError> {
        self.relate(Relation::Show(user.into(), visibility)).await
    }

    /// The rule of [`can_see`](Self::can_see) may answer otherwise for these two, in either direction.
    ///
    /// # Errors
    /// [`PresenceError::Closed`].
    pub async fn relationship_changed(&self, one: &str, other: &str) -> Result<(), PresenceError> {
        self.relate(Relation::Changed(one.into(), other.into())).await
    }

    /// The same for a user and anybody.
    ///
    /// # Errors
    /// [`PresenceError::Closed`].
    pub async fn relationships_changed(&self, user: &str) -> Result<(), PresenceError> {
        self.relate(Relation::ChangedWithAll(user.into())).await
    }

    pub(super) async fn page(
        &self,
        scope: Scope,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<RoomView, PresenceError> {
        self.ask(|reply| Question::Room { scope, after, limit, reply }).await
    }

    async fn relate(&self, relation: Relation) -> Result<(), PresenceError> {
        let (reply, answer) = oneshot::channel();
        self.0.ask(PresenceCommand::Relate(relation, reply)).await?;
        Ok(answer.await.map_err(|_| PresenceError::Closed)??)
    }

    async fn ask<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<T>) -> Question,
    ) -> Result<T, PresenceError> {
        let (reply, answer) = oneshot::channel();
        self.0.ask(PresenceCommand::Ask(question(reply))).await?;
        answer.await.map_err(|_| PresenceError::Closed)
    }
}

impl fmt::Debug for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
