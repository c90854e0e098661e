//! Random programs, their model, and their run on the real actors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use greenroom::prelude::*;
use greenroom::testing::{SimulatedClient, Simulation};
use greenroom_tests::random::Random;

const USERS: usize = 4;
const ROOMS: [&str; 3] = ["a", "b", "c"];

/// One thing that the emitter does; users and rooms by number, the emitter is user 0.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// To a selection of rooms (none: everyone), with or without the emitter itself.
    Emit {
        rooms: Vec<usize>,
        except: Option<usize>,
        with_self: bool,
    },
    /// To one user, the emitter included.
    Direct(usize),
    Join(usize, usize),
    Leave(usize, usize),
    /// Ends the handler: the acknowledgement follows, and the next steps run in another one.
    Ack,
}

/// What every user has to receive, and what it did: numbers of steps.
pub(crate) struct Outcome {
    pub(crate) program: Vec<Step>,
    pub(crate) expected: Vec<Vec<usize>>,
    pub(crate) received: Vec<Vec<usize>>,
}

/// Runs the program of a seed, in the schedule of that seed.
pub(crate) async fn run(seed: u64, config: Config) -> Outcome {
    let program = random_program(&mut Random::new(seed));
    let expected = model(&program);
    let io = Server::builder().config(config).build();
    let sockets: Arc<Mutex<Vec<Socket>>> = Arc::default();
    let handlers: Vec<Vec<(usize, Step)>> = split_at_acks(&program);
    register(&io, &sockets, handlers.clone());

    let simulation = Simulation::new(&io, USERS, seed);
    let mut clients = Vec::new();
    for user in 0..USERS {
        let client = simulation.open(user);
        client.send("0").await;
        // One after the other, so that user numbers are known.
        simulation.run().await;
        clients.push(client);
    }
    for number in 0..handlers.len() {
        // No waiting between them: acknowledgements and the next handler's packets overlap.
        clients[0].send(&format!(r#"2{number}["run",{number}]"#)).await;
    }
    simulation.run().await;
    let received = clients.iter().map(received).collect();
    Outcome { program, expected, received }
}

fn register(io: &Server, sockets: &Arc<Mutex<Vec<Socket>>>, handlers: Vec<Vec<(usize, Step)>>) {
    let connected = sockets.clone();
    io.of("/").on_connect(move |socket| connected.lock().unwrap().push(socket));
    let (server, sockets) = (io.clone(), sockets.clone());
    io.of("/").on("run", move |_: Socket, number: usize| {
        let sockets = sockets.lock().unwrap().clone();
        let mut acked = None;
        for (number, step) in &handlers[number] {
            match step {
                Step::Ack => acked = Some(*number),
                Step::Emit { .. } | Step::Direct(_) | Step::Join(..) | Step::Leave(..) => {
                    perform(&server, &sockets, *number, step);
                }
            }
        }
        Ok(acked)
    });
}

fn perform(io: &Server, sockets: &[Socket], number: usize, step: &Step) {
    match step {
        Step::Emit { rooms, except, with_self } => {
            let start = if *with_self { io.of("/").everyone() } else { sockets[0].broadcast() };
            let to = rooms.iter().fold(start, |to, room| to.to(ROOMS[*room]));
            let to = except.iter().fold(to, |to, room| to.except(ROOMS[*room]));
            to.emit("n", number).result().unwrap();
        }
        Step::Direct(user) => sockets[*user].emit("n", number).result().unwrap(),
        Step::Join(user, room) => sockets[*user].join(ROOMS[*room]).unwrap(),
        Step::Leave(user, room) => sockets[*user].leave(ROOMS[*room]),
        Step::Ack => {}
    }
}

/// The numbers in what a client got: events `n` and acknowledgements, in the order of arrival.
fn received(client: &SimulatedClient) -> Vec<usize> {
    let number = |packet: String| -> Option<usize> {
        let start = packet.find('[')?;
        let values: Vec<serde_json::Value> = serde_json::from_str(&packet[start..]).ok()?;
        values.last()?.as_u64().map(|number| usize::try_from(number).unwrap())
    };
    client.received().into_iter().filter_map(number).collect()
}

fn model(program: &[Step]) -> Vec<Vec<usize>> {
    let mut rooms: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut expected = vec![Vec::new(); USERS];
    for (number, step) in program.iter().enumerate() {
        let recipients: Vec<usize> = match step {
            Step::Emit { rooms: to, except, with_self } => {
                let is_in =
                    |user: usize, room: &usize| rooms.get(room).is_some_and(|in_it| in_it.contains(&user));
                let wanted = |user: &usize| {
                    (to.is_empty() || to.iter().any(|room| is_in(*user, room)))
                        && !except.iter().any(|room| is_in(*user, room))
                        && (*with_self || *user != 0)
                };
                (0..USERS).filter(wanted).collect()
            }
            Step::Direct(user) => vec![*user],
            Step::Join(user, room) => {
                rooms.entry(*room).or_default().insert(*user);
                Vec::new()
            }
            Step::Leave(user, room) => {
                rooms.entry(*room).or_default().remove(user);
                Vec::new()
            }
            Step::Ack => vec![0],
        };
        recipients.into_iter().for_each(|user| expected[user].push(number));
    }
    expected
}

fn random_program(random: &mut Random) -> Vec<Step> {
    // Everyone somewhere first, so that there is somebody to reach.
    let mut program: Vec<Step> = (0..USERS).map(|user| Step::Join(user, random.below(ROOMS.len()))).collect();
    let length = 4 + random.below(14);
    program.extend((0..length).map(|_| random_step(random)));
    program.push(Step::Ack);
    program
}

fn random_step(random: &mut Random) -> Step {
    match random.below(12) {
        0..=2 => Step::Emit {
            rooms: vec![random.below(ROOMS.len())],
            except: None,
            with_self: random.below(3) > 0,
        },
        3 | 4 => {
            let (one, other) = (random.below(ROOMS.len()), random.below(ROOMS.len()));
            let except = (random.below(4) == 0).then(|| random.below(ROOMS.len()));
            Step::Emit { rooms: vec![one, other], except, with_self: random.below(3) > 0 }
        }
        5 => Step::Emit { rooms: Vec::new(), except: None, with_self: random.below(3) > 0 },
        6 => Step::Direct(0),
        7 => Step::Direct(random.below(USERS)),
        8 => Step::Join(random.below(USERS), random.below(ROOMS.len())),
        // Leaving often, so that rooms end and begin again.
        9 | 10 => Step::Leave(random.below(USERS), random.below(ROOMS.len())),
        _ => Step::Ack,
    }
}

fn split_at_acks(program: &[Step]) -> Vec<Vec<(usize, Step)>> {
    let numbered: Vec<_> = program.iter().cloned().enumerate().collect();
    let handlers = numbered.split_inclusive(|(_, step)| matches!(step, Step::Ack));
    handlers.map(<[_]>::to_vec).collect()
}
