//! The token of an open socket: who holds it, its refresh, its end.
//!
//! A token that ends closes the session's transport, and with it every namespace of the connection. A
//! stock client comes back from that by itself and asks its `auth` function for a token; after a
//! DISCONNECT it never would.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Instant, SystemTime};

use actix::Context;
use greenroom_proto::socket::reason::DisconnectReason;
use greenroom_proto::socket::token::{Due, TokenLife};

use super::Socket;
use super::actor::{SocketActor, State};
use super::dispatch::Reply;
use crate::auth::{AuthError, Claims, Credential, Renewal, Revocation};
use crate::error::Reject;
use crate::event::{Ack, Args, IntoAck};
use crate::runtime::clock::Clock;

/// The event by which a client replaces its token; handled here, never by listeners.
pub(super) const REFRESH: &str = "auth:refresh";
/// The event that tells a client that its token expires soon.
const EXPIRING: &str = "auth:expiring";

/// Whose socket it is, and the token that says so at this moment.
pub(super) struct Bearer {
    user: Box<str>,
    credential: RwLock<Credential>,
}

/// The token that the actor's timer is set for.
pub(super) struct Watch {
    claims: Arc<Claims>,
    life: TokenLife,
}

impl Bearer {
    pub(super) fn new(credential: Credential) -> Self {
        Self { user: credential.claims.sub().into(), credential: RwLock::new(credential) }
    }

    fn credential(&self) -> Credential {
        self.credential.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts the new token in the place of the old one, if that is what this socket has.
    fn renew(&self, renewal: &Renewal) {
        let mut credential = self.credential.write().unwrap_or_else(PoisonError::into_inner);
        if renewal.is_for(&credential) {
            *credential = renewal.new.clone();
        }
    }
}

impl Socket {
    /// What the client's token says, the newest one if it was refreshed; `None` on a server without
    /// [`auth`](crate::ServerBuilder::auth).
    #[must_use]
    pub fn claims(&self) -> Option<Arc<Claims>> {
        self.bearer().map(|bearer| bearer.credential().claims)
    }

    /// The user: the token's `sub`, which no refresh changes.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.bearer().map(|bearer| &*bearer.user)
    }

    /// Replaces the client's token on the open connection, as its event `auth:refresh` does: from now on
    /// [`claims`](Self::claims) are those of the new one, and it is the new one whose `exp` ends the
    /// socket. Other sockets of the connection that came with the same token, in namespaces with the
    /// same [`JwtAuth`](crate::JwtAuth), get it too.
    ///
    /// # Errors
    /// What [`JwtAuth::verify`](crate::JwtAuth::verify) says, by the rules of the namespace;
    /// [`AuthError::OtherUser`] for another `sub`; [`AuthError::NotNeeded`] where no token is asked for.
    /// The old token then holds on until its own end.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(socket: Socket, token: &str) {
    /// match socket.refresh_token(token) {
    ///     Ok(claims) => println!("good until {:?}", claims.expires_at()),
    ///     Err(error) => println!("refused: {}", error.code()),
    /// }
    /// # }
    /// ```
    pub fn refresh_token(&self, token: &str) -> Result<Arc<Claims>, AuthError> {
        let bearer = self.bearer().ok_or(AuthError::NotNeeded)?;
        let auth = self.shared().namespace.auth().ok_or(AuthError::NotNeeded)?;
        let runtime = self.runtime();
        let new = Credential::verify(token, auth, &runtime.revocations, runtime.clock.unix_now())?;
        if new.claims.sub() != &*bearer.user {
            return Err(AuthError::OtherUser);
        }
        let old = {
            let mut credential = bearer.credential.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *credential, new.clone())
        };
        let claims = new.claims.clone();
        // By way of the session: its other sockets may have come with the old token.
        self.session().renew(Arc::new(Renewal { old, new }));
        Ok(claims)
    }

    /// Whether its token is one of these.
    pub(crate) fn is_hit_by(&self, revocation: &Revocation) -> bool {
        self.bearer().is_some_and(|bearer| revocation.hits(&bearer.credential().claims))
    }

    fn bearer(&self) -> Option<&Bearer> {
        self.shared().bearer.get().map(AsRef::as_ref)
    }
}

impl SocketActor {
    /// Answers the client's `auth:refresh` with `{exp}`.
    pub(super) fn refresh(&mut self, args: &Args, reply: Reply, ctx: &mut Context<Self>) {
        let ack = self.refreshed(args);
        self.reply(reply, ack, ctx);
    }

    fn refreshed(&self, args: &Args) -> Ack {
        let token: String = args.parse().map_err(|error| Reject::bad_payload(&error))?;
        let claims = self.socket.refresh_token(&token).map_err(|error| error.to_reject())?;
        Ok(serde_json::json!({ "exp": claims.expires_at().map(unix_seconds) })).into_ack()
    }

    /// A token was replaced on this connection, perhaps this socket's.
    pub(super) fn renewed(&mut self, renewal: &Renewal, ctx: &mut Context<Self>) {
        if let Some(bearer) = self.socket.bearer() {
            bearer.renew(renewal);
        }
        if self.state == State::Open {
            self.watch_token(ctx);
        }
    }

    /// Sets the timer for the token that the socket has now.
    pub(super) fn watch_token(&mut self, ctx: &mut Context<Self>) {
        let Some(credential) = self.socket.bearer().map(Bearer::credential) else { return };
        if self.watch.as_ref().is_some_and(|watch| Arc::ptr_eq(&watch.claims, &credential.claims)) {
            return;
        }
        let runtime = self.socket.runtime();
        let clock = &runtime.clock;
        let warning = credential.claims.expires_at().and_then(|exp| {
            let left = exp.duration_since(clock.unix_now()).unwrap_or_default();
            let before = runtime.config.token_expiry_warning;
            (!before.is_zero()).then(|| exp.checked_sub(before.min(left / 2))).flatten()
        });
        let end = credential.ends_at().and_then(|end| instant_of(end, clock));
        let life = TokenLife::new(warning.and_then(|warning| instant_of(warning, clock)), end);
        let (now, fault) = (clock.now(), credential.fault(&runtime.revocations, clock.unix_now()));
        self.watch = Some(Box::new(Watch { claims: credential.claims, life }));
        match fault {
            // Revoked between its verification and this moment.
            Some(fault) => self.end_session_for(fault, ctx),
            None => self.token_deadline(now, ctx),
        }
        self.arm();
    }

    /// Warns of the token's end, or brings the socket's about.
    pub(super) fn token_deadline(&mut self, now: Instant, ctx: &mut Context<Self>) {
        let due = self.watch.as_mut().and_then(|watch| watch.life.handle_deadline(now));
        match due {
            None => {}
            Some(_) if self.state != State::Open => {}
            Some(Due::Warning) => self.warn_of_expiry(ctx),
            Some(Due::End) => self.end_session_for(AuthError::Expired, ctx),
        }
    }

    /// Tokens were revoked, this socket's perhaps.
    pub(super) fn revoked(&mut self, revocation: &Revocation, ctx: &mut Context<Self>) {
        if self.state == State::Open && self.socket.is_hit_by(revocation) {
            self.end_session_for(AuthError::Revoked, ctx);
        }
    }

    /// Ends a socket whose token has expired, or was revoked, while it waited for its admission.
    pub(super) fn ends_before_it_began(&mut self, ctx: &mut Context<Self>) -> bool {
        let runtime = self.socket.runtime();
        let fault = |credential: Credential| credential.fault(&runtime.revocations, runtime.clock.unix_now());
        let over = self.socket.bearer().map(Bearer::credential).and_then(fault).is_some();
        if over {
            self.socket.runtime().metrics.tokens_ended.count();
            self.prepare_leaving_without_hooks(DisconnectReason::ForcedServerClose, ctx);
            self.work(ctx);
            self.socket.session().close(DisconnectReason::ForcedServerClose);
        }
        over
    }

    pub(super) fn token_due(&self) -> Option<Instant> {
        self.watch.as_ref().filter(|_| self.state == State::Open)?.life.next_deadline()
    }

    fn warn_of_expiry(&mut self, ctx: &mut Context<Self>) {
        let exp = self.watch.as_ref().and_then(|watch| watch.claims.expires_at());
        let now = self.socket.runtime().clock.unix_now();
        let left = exp.and_then(|exp| exp.duration_since(now).ok()).unwrap_or_default();
        // A second that has begun counts.
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        let warning = self.socket.own_event(EXPIRING, seconds);
        self.perform_all(warning, ctx);
    }

    /// No event is handled any more; the client comes back by itself, with another token.
    fn end_session_for(&mut self, why: AuthError, ctx: &mut Context<Self>) {
        tracing::debug!(socket = %self.socket.id(), code = why.code(), "a token ended its connection");
        self.socket.runtime().metrics.tokens_ended.count();
        let session = self.socket.session().clone();
        self.begin_leaving(DisconnectReason::ForcedServerClose, ctx);
        session.close(DisconnectReason::ForcedServerClose);
    }
}

/// `None` beyond the end of time.
fn instant_of(time: SystemTime, clock: &Clock) -> Option<Instant> {
    let ahead = time.duration_since(clock.unix_now()).unwrap_or_default();
    clock.now().checked_add(ahead)
}

fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
