use super::*;

fn person(name: &str) -> Person {
    Person::new(name.to_lowercase(), name).unwrap()
}

fn floe(players: u32) -> Floe {
    let mut floe = Floe::new();
    for seat in 0..players {
        floe.join(seat, person(&format!("P{seat}")));
    }
    floe
}

/// Steps until the round is as wanted; what happened meanwhile.
fn until(floe: &mut Floe, wanted: impl Fn(&Round) -> bool) -> Vec<Happening> {
    let mut happened = Vec::new();
    for _ in 0..5_000 {
        if wanted(&floe.round) {
            return happened;
        }
        happened.extend(floe.step());
    }
    panic!("it never came to it: {floe:?}");
}

fn is_playing(round: &Round) -> bool {
    matches!(round, Round::Playing { .. })
}

fn is_over(round: &Round) -> bool {
    matches!(round, Round::Over { .. })
}

fn disc(floe: &Floe, seat: SeatNumber) -> Option<Disc> {
    floe.players[&seat].disc
}

#[test]
fn alone_one_slides_about_and_is_put_back() {
    let mut floe = floe(1);
    assert_eq!((floe.round, floe.step(), floe.now), (Round::Waiting, vec![], 0), "nothing moves");
    floe.steer(0, 100, 0);
    let mut farthest = 0;
    for _ in 0..200 {
        assert_eq!(floe.step(), []);
        farthest = farthest.max(disc(&floe, 0).unwrap().x);
    }
    assert!(farthest > LARGEST * 9 / 10);
    assert!(disc(&floe, 0).unwrap().is_on(LARGEST));
}

#[test]
fn a_round_begins_three_seconds_after_the_second_came_with_all_at_their_places() {
    let mut floe = floe(2);
    assert_eq!(floe.round, Round::Starting { until: PAUSE });
    floe.steer(0, 100, 0);
    until(&mut floe, is_playing);
    assert_eq!(floe.now, PAUSE);
    assert_eq!(disc(&floe, 0).map(|disc| (disc.x, disc.y)), Some((LARGEST * 65 / 100, 0)));
    assert_eq!(disc(&floe, 1).map(|disc| (disc.x, disc.y)), Some((-LARGEST * 65 / 100, 0)));
}

#[test]
fn who_slides_off_is_out_and_the_last_one_wins() {
    let mut floe = floe(3);
    until(&mut floe, is_playing);
    floe.steer(0, 100, 0);
    let happened = {
        let mut all = Vec::new();
        while disc(&floe, 0).is_some() {
            all.extend(floe.step());
        }
        all
    };
    assert_eq!(happened, [Happening::Fell(0)]);
    assert!(is_playing(&floe.round));
    floe.steer(1, 0, 100);
    let happened = until(&mut floe, is_over);
    assert_eq!(happened, [Happening::Fell(1), Happening::Won(2)]);
    assert_eq!(
        (floe.players[&2].won, floe.round),
        (1, Round::Over { until: floe.now + PAUSE, winner: Some(2) })
    );
}

#[test]
fn three_rounds_win_the_game_and_the_next_one_begins_at_nothing() {
    let mut floe = floe(2);
    for round in 1..=WIN {
        until(&mut floe, is_playing);
        assert_eq!(floe.players[&1].won, round - 1);
        floe.steer(0, 100, 0);
        let happened = until(&mut floe, is_over);
        assert_eq!(happened.last(), Some(&Happening::Won(1)));
    }
    until(&mut floe, is_playing);
    assert_eq!(floe.players[&1].won, 0);
}

#[test]
fn the_floe_melts_until_a_round_must_end() {
    let mut floe = floe(2);
    until(&mut floe, is_playing);
    let happened = until(&mut floe, is_over);
    assert_eq!(happened, [Happening::Fell(0), Happening::Fell(1)], "both stood equally far from the middle");
    assert!((SMALLEST..LARGEST).contains(&floe.radius));
    assert_eq!(floe.players.values().map(|player| player.won).collect::<Vec<_>>(), [0, 0]);
    until(&mut floe, is_playing);
    assert_eq!(floe.radius, LARGEST);
}

#[test]
fn who_comes_in_the_middle_of_a_round_plays_in_the_next() {
    let mut floe = floe(2);
    until(&mut floe, is_playing);
    floe.join(7, person("Late"));
    assert_eq!(disc(&floe, 7), None);
    floe.steer(7, 100, 0);
    floe.steer(0, 100, 0);
    until(&mut floe, is_over);
    until(&mut floe, is_playing);
    assert!(floe.players.values().all(|player| player.disc.is_some()));
}

#[test]
fn who_leaves_a_round_of_two_gives_it_up_and_the_other_one_waits() {
    let mut floe = floe(2);
    until(&mut floe, is_playing);
    assert_eq!(floe.leave(0), Some(1));
    until(&mut floe, |round| *round == Round::Waiting);
    assert_eq!((disc(&floe, 1), floe.players[&1].won), (Some(Disc::default()), 0));
    assert_eq!((floe.leave(1), floe.leave(1)), (None, None));
    assert!(floe.players.is_empty());
}

#[test]
fn who_is_away_steers_no_more_and_keeps_the_seat() {
    let mut floe = floe(2);
    until(&mut floe, is_playing);
    floe.steer(0, -100, 0);
    floe.set_away(0, true);
    let player = &floe.players[&0];
    assert!(player.away && player.disc.unwrap().rests());
    floe.set_away(0, false);
    assert!(!floe.players[&0].away);
}

#[test]
fn a_floe_is_read_as_it_was_written() {
    let mut floe = floe(2);
    until(&mut floe, is_playing);
    floe.steer(0, 100, 0);
    until(&mut floe, is_over);
    let text = serde_json::to_string(&floe).unwrap();
    assert_eq!(serde_json::from_str::<Floe>(&text).unwrap(), floe);
    assert!(!text.contains("null"), "{text}");
}

/// What the page's own step is compared with.
#[derive(Serialize)]
struct Recording {
    /// In each step somebody is steered: which disc, and where.
    steering: Vec<(usize, i8, i8)>,
    /// The discs at first, and after every tenth step.
    discs: Vec<Vec<Disc>>,
}

const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../client-demo/web/test/floe.recorded.json");

/// Six discs that are steered about by chance, and towards the middle, where they meet.
fn record() -> Recording {
    let places = PLACES[..6].iter();
    let mut discs: Vec<Disc> = places.map(|&(x, y)| Disc::at(x * LARGEST / 200, y * LARGEST / 200)).collect();
    let mut recording = Recording { steering: Vec::new(), discs: vec![discs.clone()] };
    let mut chance: u32 = 7;
    let mut roll = |below: u32| {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (chance >> 8) % below
    };
    for step in 1..=400 {
        let seat = roll(6) as usize;
        let mut towards_the_middle = |place: i64| {
            let home = (-place / (2 * POINT)).clamp(-60, 60);
            i8::try_from(home + i64::from(roll(101)) - 50).unwrap()
        };
        let (x, y) = (towards_the_middle(discs[seat].x), towards_the_middle(discs[seat].y));
        discs[seat].steer(x.into(), y.into());
        ice::step(&mut discs.iter_mut().collect::<Vec<_>>());
        recording.steering.push((seat, x, y));
        if step % 10 == 0 {
            recording.discs.push(discs.clone());
        }
    }
    recording
}

#[test]
fn the_page_has_a_recording_of_these_rules() {
    let text = serde_json::to_string(&record()).unwrap() + "\n";
    if std::env::var_os("WRITE_TYPES").is_some() {
        std::fs::write(RECORDING, &text).unwrap();
    }
    let committed = std::fs::read_to_string(RECORDING).unwrap_or_default();
    assert!(committed == text, "the page's recording is old: run `make types`");
}
