//! What rooms cost: bytes and CPU per patch, rooms per core, an hour of simulated play.
//!
//!     cargo run --release -p greenroom-proto --example room_cost
//!
//! An argument such as `OwnOfParts` picks the rows of an audience alone.
//!
//! CPU is that of this thread, so neighbours on the machine disturb little. Every figure is the least of
//! several runs.

#![expect(clippy::print_stdout, reason = "it is what the program is for")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use greenroom_proto::reject::Reject;
use greenroom_proto::room::testing::TestRoom;
use greenroom_proto::room::{
    Audience, Cx, Effect, Event, Input, Join, LeaveReason, Member, MemberId, Moment, Nothing, Options, Part,
    Reply, Role, Room, RoomCore, Secret, Setup, SocketKey,
};
use greenroom_proto::socketio::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Players on a plane, some of whom move with every tick.
#[derive(Clone, Serialize, Deserialize)]
struct Plane {
    players: BTreeMap<MemberId, Player>,
    /// All that is shown, for those who see all of it in one part.
    all: Part<BTreeMap<MemberId, Shown>>,
    moving: usize,
    audiences: Audiences,
}

#[derive(Clone, Serialize, Deserialize)]
struct Player {
    shown: Part<Shown>,
    wants: (f32, f32),
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Audiences {
    One,
    Four,
    Own,
    /// A view of its own for everybody, of the twenty players around it.
    OwnOfTwenty,
    /// The same two, where each player is a part of the state that views share.
    OwnOfParts,
    OwnOfTwentyParts,
    /// A view of its own for everybody, of all players as one part and of something else.
    OwnAndOnePart,
    /// One view, and for everybody a secret that changes with every tick.
    OneAndSecrets,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum In {
    Steer(f32, f32),
}

#[derive(Serialize)]
struct View {
    players: Players,
    #[serde(skip_serializing_if = "Option::is_none")]
    own: Option<[f32; 2]>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Players {
    Values(BTreeMap<MemberId, Shown>),
    Parts(BTreeMap<MemberId, Part<Shown>>),
    Part(Part<BTreeMap<MemberId, Shown>>),
}

#[derive(Clone, Serialize, Deserialize)]
struct Shown {
    x: f32,
    y: f32,
    hp: u8,
    name: String,
}

#[derive(Serialize)]
struct Hand {
    hand: [f32; 2],
}

impl Room for Plane {
    type In = In;
    type Out = Nothing;
    type Timer = Nothing;
    type Internal = Nothing;
    type View = View;

    const TICK: Option<Duration> = Some(Duration::from_millis(50));
    const MAX_PLAYERS: usize = 1_000;

    fn create(options: &Options, _: &mut Cx<Self>) -> Result<Self, Reject> {
        let (moving, audiences) = options.get("made").unwrap_or((usize::MAX, Audiences::One));
        Ok(Self { players: BTreeMap::new(), all: Part::default(), moving, audiences })
    }

    fn on_join(&mut self, who: &Member, _: &mut Cx<Self>) -> Result<(), Reject> {
        let shown = Shown { x: 100.5, y: 200.5, hp: 100, name: format!("Player {}", who.id) };
        self.players.insert(who.id.clone(), Player { shown: shown.into(), wants: (1.1, 0.7) });
        Ok(())
    }

    fn on_event(&mut self, who: &Member, In::Steer(x, y): In, _: &mut Cx<Self>) -> Result<Reply, Reject> {
        let Some(player) = self.players.get_mut(&who.id) else { return Err(Reject::new("gone", "gone")) };
        player.wants = (x, y);
        Ok(Reply::none())
    }

    fn on_leave(&mut self, who: &Member, _: LeaveReason, _: &mut Cx<Self>) {
        self.players.remove(&who.id);
    }

    fn on_tick(&mut self, _: Duration, _: &mut Cx<Self>) {
        for player in self.players.values_mut().take(self.moving) {
            let shown = &mut *player.shown;
            shown.x = round((shown.x + player.wants.0) % 1_000.0);
            shown.y = round((shown.y + player.wants.1) % 1_000.0);
        }
        if let Audiences::OwnAndOnePart = self.audiences {
            let shown = |(id, player): (&MemberId, &Player)| (id.clone(), (*player.shown).clone());
            self.all = Part::new(self.players.iter().map(shown).collect());
        }
    }

    fn view(&self, who: &Member) -> View {
        use Audiences::{OwnAndOnePart, OwnOfParts, OwnOfTwenty, OwnOfTwentyParts};
        let few = matches!(self.audiences, OwnOfTwenty | OwnOfTwentyParts);
        let (skip, take) = if few { (who.seat.0 as usize, 20) } else { (0, usize::MAX) };
        let seen = self.players.iter().skip(skip).take(take);
        if let OwnAndOnePart = self.audiences {
            let own = self.players.get(&who.id).map(|own| [own.shown.x, own.shown.y]);
            return View { players: Players::Part(self.all.clone()), own };
        }
        let players = if matches!(self.audiences, OwnOfParts | OwnOfTwentyParts) {
            Players::Parts(seen.map(|(id, player)| (id.clone(), player.shown.clone())).collect())
        } else {
            Players::Values(seen.map(|(id, player)| (id.clone(), Shown::clone(&player.shown))).collect())
        };
        View { players, own: None }
    }

    fn secret(&self, who: &Member) -> Secret {
        match (self.audiences, self.players.get(&who.id)) {
            (Audiences::OneAndSecrets, Some(player)) => {
                Secret::of(Hand { hand: [player.shown.x, player.shown.y] })
            }
            _ => Secret::none(),
        }
    }

    fn audience(&self, who: &Member) -> Audience {
        match self.audiences {
            Audiences::One | Audiences::OneAndSecrets => Audience::Shared,
            Audiences::Four => Audience::Group(u64::from(who.seat.0 % 4)),
            Audiences::Own
            | Audiences::OwnOfTwenty
            | Audiences::OwnOfParts
            | Audiences::OwnOfTwentyParts
            | Audiences::OwnAndOnePart => Audience::Own(who.id.clone()),
        }
    }
}

/// To a tenth: what a page can show.
fn round(number: f32) -> f32 {
    (number * 10.0).round() / 10.0
}

/// A core whose clients read everything at once.
struct Hosted {
    core: RoomCore<Plane>,
    now: Moment,
    effects: Vec<Effect<Plane>>,
    frames: usize,
    bytes: usize,
}

impl Hosted {
    fn with(members: u64, moving: usize, audiences: Audiences) -> Self {
        let options = json!({ "made": (moving, audiences) }).into();
        let setup = Setup { id: "plane".into(), options, seed: [0; 32], limits: Arc::default() };
        let (now, mut effects) = (Moment::default(), Vec::new());
        let Ok(core) = RoomCore::create(&setup, now, &mut effects) else { std::process::exit(1) };
        let mut hosted = Self { core, now, effects, frames: 0, bytes: 0 };
        for number in 0..members {
            let (socket, member) = (SocketKey(number), MemberId::from(format!("p{number}")));
            let (claims, role, options) = (Arc::default(), Role::Player, Options::default());
            hosted.tell(Input::Join(Join { socket, member, claims, role, options }));
        }
        hosted.ticks(3);
        hosted
    }

    fn tell(&mut self, input: Input<Plane>) {
        self.core.handle(input, self.now, &mut self.effects);
        let mut flushed = Vec::new();
        for effect in self.effects.drain(..) {
            if let Effect::Frame { to, event, items } = effect {
                self.frames += 1;
                self.bytes += "42[\"\",]".len() + event.len() + items.len();
                flushed.extend(to);
            }
        }
        if !flushed.is_empty() {
            self.core.handle(Input::Flushed(flushed), self.now, &mut self.effects);
        }
    }

    fn ticks(&mut self, count: u32) {
        for _ in 0..count {
            self.now = self.core.next_deadline().unwrap_or(self.now);
            self.tell(Input::Wake);
        }
    }

    fn steer(&mut self, member: u64) {
        let args = Args::new("[1.1,0.7,{\"$n\":17}]".into(), Vec::new());
        let (socket, name) = (SocketKey(member), "steer".into());
        self.tell(Input::Event(Event { socket, name, args, number: None, ack: None }));
    }
}

/// What this thread has used.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0))
}

fn least(runs: u32, mut run: impl FnMut()) -> Duration {
    let once = |run: &mut dyn FnMut()| {
        let before = cpu();
        run();
        cpu().saturating_sub(before)
    };
    (0..runs).map(|_| once(&mut run)).min().unwrap_or_default()
}

fn patches() {
    println!("| members | moved | audiences | frames written | bytes of one | µs per patch |");
    println!("|---|---|---|---|---|---|");
    let rows = [
        (8, 1, Audiences::One),
        (8, 8, Audiences::One),
        (8, 8, Audiences::Four),
        (8, 8, Audiences::Own),
        (64, 64, Audiences::One),
        (64, 64, Audiences::Four),
        (64, 64, Audiences::Own),
        (400, 400, Audiences::One),
        (400, 400, Audiences::Four),
        (400, 400, Audiences::Own),
        (400, 400, Audiences::OwnOfParts),
        (400, 400, Audiences::OwnOfTwenty),
        (400, 400, Audiences::OwnOfTwentyParts),
        (400, 400, Audiences::OwnAndOnePart),
        (400, 400, Audiences::OneAndSecrets),
        (500, 500, Audiences::One),
    ];
    let picked = std::env::args().nth(1);
    let is_picked = |audiences| picked.as_ref().is_none_or(|picked| *picked == format!("{audiences:?}"));
    for (members, moved, audiences) in rows.into_iter().filter(|row| is_picked(row.2)) {
        let mut room = Hosted::with(members, moved, audiences);
        let ticks = match (members, audiences) {
            (8, _) => 4_000,
            (64, Audiences::One | Audiences::Four) => 400,
            (64, _) | (_, Audiences::One) => 100,
            _ => 10,
        };
        (room.frames, room.bytes) = (0, 0);
        let time = least(5, || room.ticks(ticks));
        let patches = f64::from(ticks);
        let each = room.bytes / room.frames.max(1);
        let frames = room.frames / 5 / usize::try_from(ticks).unwrap_or(1);
        let micros = time.as_secs_f64() * 1e6 / patches;
        println!("| {members} | {moved} | {audiences:?} | {frames} | {each} | {micros:.1} |");
    }
}

fn rooms_per_core() {
    // Eight members who steer with every tick: what a shooter sends.
    let mut room = Hosted::with(8, 8, Audiences::One);
    let time = least(5, || {
        for _ in 0..20 * 100 {
            (0..8).for_each(|member| room.steer(member));
            room.ticks(1);
        }
    });
    let each = time.as_secs_f64() / 100.0;
    println!("\nA room of 8 at 20 Hz, each sending 20 events a second: {:.0} µs a second", each * 1e6);
    println!("rooms per core: {:.0}", 1.0 / each);
}

fn an_hour() {
    let time = least(3, || Hosted::with(8, 8, Audiences::One).ticks(72_000));
    println!("\nAn hour of 20 Hz, 8 members, all moving: {:.2} s of CPU", time.as_secs_f64());
    let time = least(3, || {
        let mut room = TestRoom::<Plane>::new(json!({}));
        (0..8).for_each(|member| drop(room.join(&format!("p{member}"))));
        room.advance(Duration::from_secs(3_600));
    });
    println!(
        "the same as a test, whose clients apply every patch, and replayed twice: {:.2} s",
        time.as_secs_f64()
    );
}

fn main() {
    patches();
    if std::env::args().len() == 1 {
        rooms_per_core();
        an_hour();
    }
}
