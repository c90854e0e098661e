use super::*;
use crate::room::{Effect, Event, Input, Join, Moment, RoomCore, Setup, SocketKey, Targets};
use crate::socketio::{AckId, Args};

struct Bare<R: Room> {
    core: RoomCore<R>,
}

impl<R: Room> Bare<R> {
    fn with(members: &[&str]) -> Self {
        let (options, limits) = (json!({}).into(), std::sync::Arc::default());
        let setup = Setup { id: "t".into(), options, seed: [0; 32], limits };
        let core = RoomCore::create(&setup, Moment::default(), &mut Vec::new()).unwrap();
        let mut bare = Self { core };
        for (place, member) in members.iter().enumerate() {
            bare.join(place as u64, member);
        }
        while !bare.flushed(0).is_empty() {}
        bare
    }

    fn join(&mut self, socket: u64, member: &str) -> Vec<String> {
        let (member, claims, role) = (member.into(), std::sync::Arc::default(), Role::Player);
        let join = Join { socket: SocketKey(socket), member, claims, role, options: Options::default() };
        self.handle(Input::Join(join), 0)
    }

    fn event(&mut self, socket: u64, name: &'static str, args: &'static str, at: u64) -> Vec<String> {
        let args = Args::new(args.into(), Vec::new());
        let (name, ack) = (name.into(), Some(AckId(1)));
        let event = Event { socket: SocketKey(socket), name, args, number: None, ack };
        self.handle(Input::Event(event), at)
    }

    fn flushed(&mut self, at: u64) -> Vec<String> {
        self.handle(Input::Flushed((0..10).map(SocketKey).collect()), at)
    }

    fn handle(&mut self, input: Input<R>, at: u64) -> Vec<String> {
        let mut effects = Vec::new();
        self.core.handle(input, Moment::from_millis(at), &mut effects);
        effects.iter().filter_map(shown).collect()
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the others have no place in the order")]
fn shown<R: Room>(effect: &Effect<R>) -> Option<String> {
    match effect {
        Effect::Frame { to, event, .. } => Some(format!("{event} to {}", to.len())),
        Effect::Emit { to, event, .. } => Some(match to {
            Targets::All => format!("{event} to all"),
            Targets::Except(but) => format!("{event} to all but {but:?}"),
            Targets::Only(to) => format!("{event} to {}", to.len()),
        }),
        Effect::Answer { result, .. } => Some(match result {
            Ok(items) => format!("ok {items}"),
            Err(reject) => reject.code().to_owned(),
        }),
        Effect::Admit { .. } => Some("admit".to_owned()),
        Effect::Closed(_) => Some("closed".to_owned()),
        Effect::Dismiss { .. } => Some("dismiss".to_owned()),
        _ => None,
    }
}

#[test]
fn without_a_tick_the_patch_the_events_and_the_answer_leave_at_once_and_in_this_order() {
    let mut room = Bare::<Table>::with(&["ann", "bob"]);
    assert_eq!(room.event(0, "say", r#"[{"text":"x"}]"#, 0), ["said to all", "ok "]);
    assert_eq!(room.event(0, "add", "[3]", 0), ["patch to 2", "ok 3"]);
}

#[test]
fn with_a_tick_they_leave_with_the_next_patch_and_volatile_events_at_once() {
    let mut room = Bare::<Arena>::with(&["ann", "bob"]);
    assert_eq!(room.handle(Input::Wake, 50), ["patch to 1"], "who was there when the other came");
    room.flushed(50);
    assert!(room.event(0, "move", "[3]", 60).is_empty());
    assert_eq!(room.event(1, "shout", "[]", 61), ["shouted to all"]);
    assert_eq!(room.event(1, "jump", "[]", 62), ["bad_payload"], "a refusal has nothing to wait for");
    assert_eq!(room.handle(Input::Wake, 100), ["patch to 2", "moved to all", "ok 3", "ok "]);
    room.flushed(100);
    assert!(room.handle(Input::Wake, 150).is_empty(), "nothing has changed");
}

#[test]
fn an_event_does_not_reach_those_who_came_after_it() {
    let mut room = Bare::<Arena>::with(&["ann"]);
    room.event(0, "move", "[3]", 10);
    room.join(1, "bob");
    let effects = room.handle(Input::Wake, 50);
    assert_eq!(effects, ["patch to 1", "moved to all but [SocketKey(1)]", "ok 3"]);
}

#[test]
fn the_last_words_leave_before_the_room_is_over() {
    let mut room = Bare::<Table>::with(&["ann", "bob"]);
    assert_eq!(room.event(0, "add", "[3]", 0), ["patch to 2", "ok 3"]);
    assert_eq!(room.event(0, "add", "[3]", 0), ["ok 6"], "the last patch has not left");
    let effects = room.event(0, "finish", "[]", 0);
    assert_eq!(effects, ["patch to 2", "ok ", "dismiss", "dismiss", "closed"]);
}
