//! Rooms: who is in which, and the frames that each holds for this turn.
use std::collections::HashMap;

use loadkit::websocket;

/// Every how many broadcasts a fault spoils one.
const FAULT_EVERY: u64 = 100;

/// All rooms, by number and by name.
#[derive(Default)]
pub(crate) struct Rooms {
    numbers: HashMap<Vec<u8>, u32>,
    rooms: Vec<Room>,
    free: Vec<u32>,
    /// Rooms with frames to flush.
    pub(crate) dirty: Vec<u32>,
    fault: Option<Fault>,
    broadcasts: u64,
    /// The frame that [`Fault::Swap`] lets a later one overtake.
    held: Vec<u8>,
}

/// One room.
#[derive(Default)]
pub(crate) struct Room {
    /// Slots of the members.
    pub(crate) members: Vec<u32>,
    /// Frames of this turn, the same bytes for every member.
    pub(crate) batch: Vec<u8>,
    pub(crate) dirty: bool,
}

/// A way to spoil a broadcast, so that the generator's checks can be checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Drop,
    Duplicate,
    Swap,
}

impl Fault {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "drop" => Some(Self::Drop),
            "dup" => Some(Self::Duplicate),
            "swap" => Some(Self::Swap),
            _ => None,
        }
    }
}

impl Rooms {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self { fault, ..Self::default() }
    }

    pub(crate) fn number(&self, name: &[u8]) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    pub(crate) fn room(&mut self, number: u32) -> &mut Room {
        &mut self.rooms[number as usize]
    }

    /// Adds the member to the room of that name, which is made if need be; returns its number.
    pub(crate) fn join(&mut self, name: &[u8], slot: u32) -> u32 {
        let number = self.number(name).unwrap_or_else(|| self.create(name));
        self.room(number).members.push(slot);
        number
    }

    pub(crate) fn leave(&mut self, number: u32, slot: u32) {
        let members = &mut self.room(number).members;
        if let Some(at) = members.iter().position(|member| *member == slot) {
            members.swap_remove(at);
        }
        if members.is_empty() {
            self.numbers.retain(|_, other| *other != number);
            self.free.push(number);
        }
    }

    /// Queues `said` with `arguments` (`,…]`) for the room's members.
    pub(crate) fn broadcast(&mut self, number: u32, arguments: &[u8]) {
        let Some(room) = self.rooms.get_mut(number as usize) else { return };
        self.broadcasts += 1;
        let parts: [&[u8]; 2] = [b"42[\"said\"", arguments];
        if self.fault.is_some() && self.broadcasts.is_multiple_of(FAULT_EVERY) {
            match self.fault {
                Some(Fault::Drop) => return,
                Some(Fault::Duplicate) => websocket::frame(&mut room.batch, websocket::TEXT, &parts),
                Some(Fault::Swap) => return websocket::frame(&mut self.held, websocket::TEXT, &parts),
                None => {}
            }
        }
        websocket::frame(&mut room.batch, websocket::TEXT, &parts);
        room.batch.append(&mut self.held);
        if !room.dirty {
            room.dirty = true;
            self.dirty.push(number);
        }
    }

    fn create(&mut self, name: &[u8]) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.rooms.push(Room::default());
            u32::try_from(self.rooms.len() - 1).expect("fewer rooms than 2^32")
        });
        self.numbers.insert(name.to_vec(), number);
        number
    }
}
