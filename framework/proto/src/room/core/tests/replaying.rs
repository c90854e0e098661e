use super::*;
use crate::room::{
    Ending, Event, Input, Join, Moment, ReplayError, RoomCore, RoomLimits, Setup, SocketKey, TaskId, replay,
};
use crate::socketio::Args;

fn events(room: &mut TestRoom<Table>) {
    room.join("ann").unwrap();
    room.advance(Duration::from_millis(7));
    room.join("bob").unwrap();
    room.spectate("eve").unwrap();
    room.call("ann", "add", 3).unwrap();
    room.call("ann", "roll", ()).unwrap();
    room.call_with("ann", "timer", &[json!("tea"), json!(500)]).unwrap();
    room.call("bob", "work", ()).unwrap();
    room.call("bob", "crash", 1).unwrap_err();
    room.drop("bob");
    room.advance(Duration::from_secs(40));
    room.work();
    room.tell("hello".to_owned());
    room.kick("eve");
    room.call("ann", "add", 200).unwrap();
}

#[test]
fn what_happened_happens_again() {
    let mut room = table(json!({}));
    events(&mut room);
    let mut again = room.replay();
    assert_eq!(again.finish(), Ok(Ending::State(room.core().state_hash())));
    assert_eq!(again.room().log, room.state().log);
    assert_eq!(again.view("ann").unwrap(), room.view("ann"));
}

#[test]
fn a_replay_stands_wherever_one_likes() {
    let mut room = table(json!({}));
    events(&mut room);
    let mut again = room.replay();
    assert_eq!(again.record(4), Some(r#"0 event 1 - "roll" []"#));
    again.seek(4);
    assert_eq!(again.view("ann").unwrap(), json!({ "seats": { "ann": 3, "bob": 0 } }));
    again.seek(1);
    assert_eq!(again.members().map(|member| &*member.id).collect::<Vec<_>>(), ["ann"]);
    assert_eq!(again.view("bob"), None);
    again.advance_to(Moment::from_millis(507));
    assert_eq!(again.room().log.last().unwrap(), "tea at 507 ms");
    again.seek(usize::MAX);
    assert_eq!(again.offset(), again.len());
}

#[test]
fn the_file_of_a_panic_ends_with_that_panic() {
    let mut room = table(json!({}));
    room.join("ann").unwrap();
    room.call("ann", "add", 1).unwrap();
    room.call("ann", "crash", 1).unwrap_err();
    room.call_with("ann", "timer", &[json!("panic"), json!(500)]).unwrap();
    room.advance(Duration::from_secs(1));
    for report in room.faults() {
        let mut again = replay::<Table>(report.journal.as_ref().unwrap()).unwrap();
        let Ok(Ending::Panic(found)) = again.finish() else { panic!("{:?}", again.finish()) };
        assert_eq!((found.hook, found.message), (report.hook, report.message.clone()));
    }
    assert_eq!(room.faults().iter().map(|report| report.hook).collect::<Vec<_>>(), ["on_event", "on_timer"]);
}

#[test]
fn the_file_of_a_broken_view_ends_with_it() {
    let mut room = table(json!({ "view_panics_for": "ann" }));
    room.join("ann").unwrap();
    let mut again = replay::<Table>(room.faults()[0].journal.as_ref().unwrap()).unwrap();
    let Ok(Ending::Panic(found)) = again.finish() else { panic!("the view does not panic") };
    assert_eq!((found.hook, found.member.as_deref()), ("view", Some("ann")));
}

fn bare(journal_bytes: usize) -> RoomCore<Arena> {
    let limits = RoomLimits { journal_bytes, ..RoomLimits::default() };
    let setup = Setup {
        id: "t".into(),
        options: json!({}).into(),
        seed: [7; 32],
        limits: std::sync::Arc::new(limits),
    };
    let mut core = RoomCore::create(&setup, Moment::from_millis(1_000), &mut Vec::new()).unwrap();
    for (socket, member) in [(1, "ann"), (2, "bob")] {
        let (member, claims, role) = (member.into(), std::sync::Arc::default(), Role::Player);
        let join = Join { socket: SocketKey(socket), member, claims, role, options: Options::default() };
        core.handle(Input::Join(join), Moment::from_millis(1_000), &mut Vec::new());
    }
    core
}

fn step(core: &mut RoomCore<Arena>, socket: u64, at: u64) {
    let args = Args::new("[ 1,\n{\"$n\":3} ]".into(), Vec::new());
    let event = Event { socket: SocketKey(socket), name: "move".into(), args, number: None, ack: None };
    core.handle(Input::Event(event), Moment::from_millis(at), &mut Vec::new());
}

#[test]
fn a_journal_is_bounded_and_begins_with_a_snapshot() {
    let mut core = bare(2_000);
    for at in (1_000..60_000).step_by(33) {
        step(&mut core, 1 + at % 2, at);
        let journal = core.journal().unwrap();
        // Two halves, a snapshot, and what came until the next patch.
        assert!(journal.len() < 5_000, "{} bytes: {journal}", journal.len());
    }
    let mut again = replay::<Arena>(&core.journal().unwrap()).unwrap();
    assert!(again.now() > Moment::from_millis(50_000));
    assert_eq!(again.finish(), Ok(Ending::State(core.state_hash())));
}

#[test]
fn a_room_without_a_journal_has_none() {
    assert_eq!(bare(0).journal(), None);
}

#[test]
fn how_late_a_room_was_is_replayed_too() {
    let mut core = bare(100_000);
    for at in [1_049, 1_051, 1_130, 1_270, 1_900, 9_000, 9_020, 9_021] {
        core.handle(Input::Wake, Moment::from_millis(at), &mut Vec::new());
        step(&mut core, 1, at);
    }
    assert!(core.journal().unwrap().contains(" late "));
    let mut again = replay::<Arena>(&core.journal().unwrap()).unwrap();
    assert_eq!(again.finish(), Ok(Ending::State(core.state_hash())));
    assert_eq!(again.room().steps, core.room().steps);
}

#[test]
fn a_file_that_cannot_be_replayed_says_why() {
    let mut room = with(&["ann"]);
    room.call("ann", "add", 3).unwrap();
    let good = room.core().journal().unwrap();
    let error = |text: &str| replay::<Table>(text).err().unwrap();
    assert_eq!(error(""), ReplayError::NotAJournal);
    assert_eq!(error("greenroom-journal 2\n{}"), ReplayError::NotAJournal);
    assert_eq!(error("greenroom-journal 1"), ReplayError::NoEnd);
    assert!(matches!(error("greenroom-journal 1\n{}\n0 end 1"), ReplayError::Snapshot(_)));
    assert!(matches!(replay::<Arena>(&good).err(), Some(ReplayError::Snapshot(_))));
    let whole: Vec<_> = good.lines().collect();
    assert_eq!(error(&whole[..3].join("\n")), ReplayError::NoEnd);
    for bad in
        ["x", "x close", "0 jump", "0 join {}", "0 event 1 - \"add\"", "0 event 1 - \"add\" [", "0 end x"]
    {
        let text = [whole[0], whole[1], whole[2], bad, whole[4]].join("\n");
        assert!(matches!(error(&text), ReplayError::Line { line: 4, .. }), "{bad}: {:?}", error(&text));
    }
    let other = good.replace(" end ", " end 1");
    assert!(matches!(
        replay::<Table>(&other).unwrap().finish(),
        Err(ReplayError::OtherState { .. } | ReplayError::Line { .. })
    ));
    let no_panic = [&whole[..4].join("\n"), "\n0 end -\npanic \"on_event\" \"no\"\n"].concat();
    assert!(matches!(replay::<Table>(&no_panic).unwrap().finish(), Err(ReplayError::NoPanic { .. })));
}

#[test]
fn work_that_is_done_or_lost_is_replayed_from_the_file() {
    let mut room = with(&["ann"]);
    room.call("ann", "work", ()).unwrap();
    room.call("ann", "work", ()).unwrap();
    room.finish(Some("done".to_owned()));
    room.finish(None);
    let journal = room.core().journal().unwrap();
    assert!(journal.contains("0 task 0 \"done\"\n") && journal.contains("0 task 1\n"), "{journal}");
    assert_eq!(TaskId(1).0, 1);
}

/// A room that asks another chance than its own.
#[derive(Clone, Serialize, Deserialize)]
struct Cheat {
    rolled: u64,
}

impl Room for Cheat {
    type In = In;
    type Out = Nothing;
    type Timer = Nothing;
    type Internal = Nothing;
    type View = ();

    fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
        Ok(Self { rolled: 0 })
    }

    fn on_event(&mut self, _: &Member, _: In, _: &mut Cx<Self>) -> Result<Reply, Reject> {
        static ROLLS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        self.rolled = ROLLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(Reply::none())
    }

    fn view(&self, _: &Member) {}
}

#[test]
#[should_panic(expected = "not decided by its inputs")]
fn a_room_that_its_inputs_do_not_decide_fails_its_test() {
    let mut room = TestRoom::<Cheat>::new(json!({}));
    room.join("ann").unwrap();
    for _ in 0..2 {
        room.call("ann", "roll", ()).unwrap();
    }
}
