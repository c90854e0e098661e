//! What a presence has not looked at yet, the newest of each kind only.
//!
//! Keeps: bounded by the sockets, and per socket by the rooms that it may be in; whoever puts something
//! in never waits.

use std::collections::{HashMap, VecDeque};

use greenroom_proto::presence::{LeaveReason, Report};
use greenroom_proto::rooms::RoomName;
use smallvec::SmallVec;

use crate::socket::{Socket, SocketId};

/// News of all sockets, oldest first.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    order: VecDeque<SocketId>,
    news: HashMap<SocketId, News>,
    /// Somebody was told that there is news.
    is_announced: bool,
}

/// What happened to one socket since it was looked at.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) connected: Option<Socket>,
    rooms: SmallVec<[Move; 1]>,
    pub(super) activity: Option<Report>,
    pub(super) manual: Option<Report>,
    /// A message was sent; what is in `typing` came after it.
    pub(super) message: bool,
    pub(super) typing: SmallVec<[(Option<RoomName>, bool); 1]>,
    pub(super) ended: Option<LeaveReason>,
}

/// The socket was in a room, or not, and is now, or not.
#[derive(Debug)]
struct Move {
    room: RoomName,
    was_in: bool,
    is_in: bool,
}

impl Inbox {
    /// Notes something of a socket. Returns whether that is to be announced.
    pub(super) fn note(&mut self, socket: &SocketId, note: impl FnOnce(&mut News)) -> bool {
        let news = match self.news.get_mut(socket) {
            Some(news) => news,
            None => {
                self.order.push_back(socket.clone());
                self.news.entry(socket.clone()).or_default()
            }
        };
        note(news);
        !std::mem::replace(&mut self.is_announced, true)
    }

    /// The announcement came, or nobody is left to hear it: the next news are announced again.
    pub(super) fn expects_nobody(&mut self) {
        self.is_announced = false;
    }

    /// Takes the oldest.
    pub(super) fn pop(&mut self) -> Option<(SocketId, News)> {
        let socket = self.order.pop_front()?;
        let news = self.news.remove(&socket)?;
        Some((socket, news))
    }
}

impl News {
    /// The socket joined a room, or left it. There and back again is nothing.
    pub(super) fn moved(&mut self, room: &RoomName, is_in: bool) {
        match self.rooms.iter().position(|before| before.room == *room) {
            Some(place) => {
                let before = self.rooms.remove(place);
                if before.was_in != is_in {
                    self.rooms.push(Move { is_in, ..before });
                }
            }
            None => self.rooms.push(Move { room: room.clone(), was_in: !is_in, is_in }),
        }
    }

    /// What the socket's client says of its user.
    pub(super) fn reported(&mut self, report: Report) {
        match report {
            Report::Online | Report::Idle | Report::Away => self.activity = Some(report),
            Report::Dnd | Report::Invisible | Report::Auto => self.manual = Some(report),
        }
    }

    /// The user types, or no longer does; of more rooms than a socket can be in nothing is kept.
    pub(super) fn types(&mut self, room: Option<RoomName>, on: bool, max_rooms: usize) {
        if let Some(known) = self.typing.iter_mut().find(|(known, _)| *known == room) {
            known.1 = on;
        } else if self.typing.len() <= max_rooms {
            self.typing.push((room, on));
        }
    }

    /// The user has sent a message: what was typed before is over.
    pub(super) fn sent_message(&mut self) {
        self.typing.clear();
        self.message = true;
    }

    /// The rooms that the socket joined (`true`) and left.
    pub(super) fn moves(&mut self) -> impl Iterator<Item = (RoomName, bool)> {
        std::mem::take(&mut self.rooms).into_iter().map(|moved| (moved.room, moved.is_in))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_again_is_nothing_and_the_newest_report_wins() {
        let mut inbox = Inbox::default();
        let socket = SocketId::random();
        let red = RoomName::from("red");
        assert!(inbox.note(&socket, |news| news.moved(&red, true)), "the first is announced");
        for is_in in [false, true, false] {
            assert!(!inbox.note(&socket, |news| news.moved(&red, is_in)));
        }
        for report in [Report::Idle, Report::Invisible, Report::Online] {
            inbox.note(&socket, |news| news.reported(report));
        }
        inbox.note(&socket, |news| news.types(None, true, 8));
        inbox.note(&socket, News::sent_message);
        let (_, mut news) = inbox.pop().unwrap();
        assert_eq!(news.moves().count(), 0);
        assert_eq!((news.activity, news.manual), (Some(Report::Online), Some(Report::Invisible)));
        assert!(news.message && news.typing.is_empty());
        assert!(inbox.pop().is_none());
    }

    #[test]
    fn a_flood_of_room_names_is_kept_as_what_is_true_now() {
        let mut news = News::default();
        for number in 0..10_000 {
            let room = RoomName::from(number.to_string());
            news.moved(&room, true);
            news.moved(&room, false);
            news.types(Some(room), true, 4);
        }
        assert_eq!((news.moves().count(), news.typing.len()), (0, 5));
    }
}
