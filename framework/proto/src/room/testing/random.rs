//! Rooms that are told anything at all: [`random_run`].

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::link::Fault;
use super::room::{TestRoom, TestSetup};
use crate::room::core::catch;
use crate::room::rng::Rng;
use crate::room::{MemberId, Role, Room};

/// How a room is tried out by [`random_run`].
#[derive(Clone, Debug)]
pub struct RandomRun {
    /// What the rooms are made of. Each gets chance of its own.
    pub setup: TestSetup,
    /// Steps in all. Default 10,000.
    pub steps: usize,
    /// Steps of one room; then another one is made. Default 500: long enough for a match, and short
    /// enough to be made shorter.
    pub steps_per_room: usize,
    /// How many users come and go. Default 8.
    pub users: u8,
    /// The longest pause between two steps. Default 2 s.
    pub pause: Duration,
    /// Which steps are made. The same number makes the same ones.
    pub seed: u64,
}

impl Default for RandomRun {
    fn default() -> Self {
        Self {
            setup: TestSetup::default(),
            steps: 10_000,
            steps_per_room: 500,
            users: 8,
            pause: Duration::from_secs(2),
            seed: 1,
        }
    }
}

/// What a [`random_run`] has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunReport {
    /// Rooms that were made.
    pub rooms: usize,
    /// Steps that were made; the rest had nobody to make them.
    pub steps: usize,
    /// Events that were answered with a value.
    pub accepted: usize,
    /// Events that were refused.
    pub refused: usize,
    /// Panics of the room, all of them contained.
    pub faults: usize,
}

/// Where a generator of events takes its choices from.
pub struct Chance(Rng);

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Chance {
    /// The same seed makes the same choices.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(Rng::new(bytes))
    }

    /// A number below `end`; zero if there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.below(end)
    }

    /// One of these.
    ///
    /// # Panics
    /// There are none.
    #[expect(clippy::indexing_slicing, reason = "as documented")]
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap_or(0)]
    }
}

/// Something that happens to a room.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Join(u8),
    Spectate(u8),
    Drop(u8),
    Leave(u8),
    Kick(u8),
    Event { who: u8, name: String, args: Vec<Value>, number: Option<u64> },
    Pause(Duration),
    Fail(u8, Fault),
    Heal(u8),
    Work,
}

/// Tells rooms anything at all, and looks at what must hold whatever they are told:
///
/// * no panic escapes, and a refused event leaves no trace;
/// * nobody has two seats, and no seat two users; there are never more players than allowed;
/// * who is seated in the state is in the room, and the other way round, if [`Room::seated`] tells;
/// * clients whose link works have the state that was sent, and in the end all of them have what
///   [`Room::view`] says;
/// * everything replays, twice, to the same state.
///
/// `event` makes the events: name and arguments. Some that do not fit are added. What fails is made
/// shorter until nothing can be left out, and shown.
///
/// ```
/// # use greenroom_proto::reject::Reject;
/// # use greenroom_proto::room::{Cx, Member, Nothing, Options, Reply, Room};
/// # #[derive(Clone, serde::Serialize, serde::Deserialize)] struct Counter { count: i64 }
/// # #[derive(serde::Deserialize)] #[serde(rename_all = "snake_case")] enum In { Add(i64) }
/// # impl Room for Counter {
/// #     type In = In; type Out = Nothing; type Timer = Nothing; type Internal = Nothing; type View = Self;
/// #     fn create(_: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> { Ok(Self { count: 0 }) }
/// #     fn on_event(&mut self, _: &Member, In::Add(number): In, _: &mut Cx<Self>) -> Result<Reply, Reject> {
/// #         self.count += number;
/// #         Ok(self.count.into())
/// #     }
/// #     fn view(&self, _: &Member) -> Self { self.clone() }
/// # }
/// # extern crate greenroom_proto as greenroom;
/// use greenroom::testing::{RandomRun, random_run};
/// use serde_json::json;
///
/// let run = RandomRun { steps: 2_000, ..RandomRun::default() };
/// let report = random_run::<Counter>(&run, |chance| ("add", vec![json!(chance.below(10))]));
/// assert!(report.accepted > 100 && report.faults == 0);
/// ```
///
/// # Panics
/// Something does not hold.
#[expect(clippy::panic, reason = "a test fails")]
pub fn random_run<R: Room>(
    run: &RandomRun,
    event: impl Fn(&mut Chance) -> (&'static str, Vec<Value>),
) -> RunReport {
    let mut chance = Chance::new(run.seed);
    let mut report = RunReport::default();
    while report.steps < run.steps {
        let count = run.steps_per_room.min(run.steps - report.steps).max(1);
        let steps: Vec<_> = (0..count).map(|_| any_step(run, &mut chance, &event)).collect();
        let mut setup = run.setup.clone();
        setup.seed[..8].copy_from_slice(&chance.below(u64::MAX).to_le_bytes());
        match play::<R>(&setup, &steps) {
            Ok(played) => report.add(&played, count),
            Err(message) => {
                let (steps, message) = shorten::<R>(&setup, steps, message);
                panic!("{message}\nafter {} steps: {steps:#?}", steps.len());
            }
        }
    }
    report
}

impl RunReport {
    fn add(&mut self, other: &Self, steps: usize) {
        self.rooms += 1;
        self.steps += steps;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.faults += other.faults;
    }
}

fn any_step(
    run: &RandomRun,
    chance: &mut Chance,
    event: &impl Fn(&mut Chance) -> (&'static str, Vec<Value>),
) -> Step {
    let who = u8::try_from(chance.below(run.users.max(1).into())).unwrap_or(0);
    match chance.below(64) {
        0..10 => Step::Join(who),
        10 => Step::Spectate(who),
        11..14 => Step::Drop(who),
        14 => Step::Leave(who),
        15 if chance.below(4) == 0 => Step::Kick(who),
        15..25 => Step::Pause(Duration::from_millis(chance.below(as_millis(run.pause).max(1)))),
        25 => Step::Fail(who, any_fault(chance)),
        26 | 27 => Step::Heal(who),
        28 => Step::Work,
        29 => {
            let name = (*chance.pick(&["resync", "hash"])).to_owned();
            Step::Event { who, name, args: Vec::new(), number: None }
        }
        30 | 31 => {
            let made = event(chance);
            let (name, args) = bad_event(chance, made);
            Step::Event { who, name, args, number: None }
        }
        _ => {
            let (name, args) = event(chance);
            let number = (chance.below(4) == 0).then(|| chance.below(1_000));
            Step::Event { who, name: name.to_owned(), args, number }
        }
    }
}

fn as_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn any_fault(chance: &mut Chance) -> Fault {
    let delay = Fault::Delay(Duration::from_millis(chance.below(3_000)));
    *chance.pick(&[
        Fault::Drop,
        Fault::Duplicate,
        Fault::Reorder,
        delay,
        Fault::Slow,
        Fault::Slow,
        Fault::HalfOpen,
    ])
}

/// Something that a client of another version, or an angry one, might send.
fn bad_event(chance: &mut Chance, (name, mut args): (&str, Vec<Value>)) -> (String, Vec<Value>) {
    let junk =
        [json!(null), json!(-1), json!(1e300), json!("\u{0}\u{1F47B}"), json!([[]]), json!({ "$n": "x" })];
    match chance.below(4) {
        0 => return (format!("{name}x"), args),
        1 => args.push(chance.pick(&junk).clone()),
        2 => args = vec![chance.pick(&junk).clone()],
        _ => drop(args.pop()),
    }
    (name.to_owned(), args)
}

/// Plays steps in a new room.
fn play<R: Room>(setup: &TestSetup, steps: &[Step]) -> Result<RunReport, String> {
    catch(|| {
        let mut report = RunReport::default();
        let Ok(mut room) = TestRoom::<R>::with(setup.clone()) else { return report };
        let mut most = room.listing().players;
        for (place, step) in steps.iter().enumerate() {
            // To look at everything after every step would take most of the time.
            take(&mut room, step, place % 8 == 0, &mut report);
            look(&room, &mut most);
            if room.closed().is_some() {
                break;
            }
        }
        settle_down(&mut room);
        report.faults = room.faults().len();
        report
    })
}

fn name(who: u8) -> String {
    format!("user{who}")
}

fn take<R: Room>(room: &mut TestRoom<R>, step: &Step, closely: bool, report: &mut RunReport) {
    match step {
        Step::Join(who) => drop(room.join(&name(*who))),
        Step::Spectate(who) => drop(room.spectate(&name(*who))),
        Step::Drop(who) => room.drop(&name(*who)),
        Step::Leave(who) => room.leave(&name(*who)),
        Step::Kick(who) => room.kick(&name(*who)),
        Step::Pause(time) => room.advance(*time),
        Step::Fail(who, fault) => room.fail(&name(*who), *fault),
        Step::Heal(who) => room.heal(&name(*who)),
        Step::Work => drop(room.work()),
        Step::Event { who, name: event, args, number } => {
            let who = name(*who);
            if !room.member(&who).is_some_and(|member| member.online) {
                return;
            }
            let before = closely.then(|| room.core().state_hash());
            match room.try_event(&who, event, args, *number) {
                Some(Err(_)) => {
                    report.refused += 1;
                    let same = before.is_none_or(|before| before == room.core().state_hash());
                    assert!(
                        same || room.closed().is_some(),
                        "`{event}` of {who} was refused and left a trace"
                    );
                }
                Some(Ok(_)) | None => report.accepted += 1,
            }
        }
    }
}

fn look<R: Room>(room: &TestRoom<R>, most: &mut usize) {
    let listing = room.listing();
    let allowed = listing.max_players.max(*most);
    assert!(listing.players <= allowed, "{} players, and {allowed} are allowed", listing.players);
    *most = listing.players;
    let members: Vec<_> = room.core().members().collect();
    let mut ids: Vec<&MemberId> = members.iter().map(|member| &member.id).collect();
    let mut seats: Vec<_> = members.iter().map(|member| member.seat).collect();
    ids.sort_unstable();
    seats.sort_unstable();
    ids.dedup();
    seats.dedup();
    assert!(ids.len() == members.len() && seats.len() == members.len(), "two seats of one, or one of two");
    if room.closed().is_some() {
        return;
    }
    if let Ok(Some(mut seated)) = catch(|| room.state().seated()) {
        seated.sort_unstable();
        let mut players: Vec<_> =
            members.iter().filter(|member| member.role == Role::Player).map(|member| &member.id).collect();
        players.sort_unstable();
        assert!(players.into_iter().eq(&seated), "state and room differ on who plays: {seated:?}");
    }
}

/// Mends what is broken; then everybody has to see what there is.
fn settle_down<R: Room>(room: &mut TestRoom<R>) {
    if room.closed().is_none() {
        room.settle_down();
    }
    room.check_views();
}

/// Leaves out what is not needed for it to fail: halves, quarters, single steps.
fn shorten<R: Room>(setup: &TestSetup, mut steps: Vec<Step>, mut message: String) -> (Vec<Step>, String) {
    let mut part = steps.len() / 2;
    while part > 0 {
        let mut start = 0;
        while start < steps.len() {
            let rest = steps.iter().enumerate().filter(|(place, _)| !(start..start + part).contains(place));
            let fewer: Vec<_> = rest.map(|(_, step)| step.clone()).collect();
            match play::<R>(setup, &fewer) {
                Err(why) => (steps, message) = (fewer, why),
                Ok(_) => start += part,
            }
        }
        part /= 2;
    }
    (steps, message)
}
