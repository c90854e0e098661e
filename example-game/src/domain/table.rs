//! A table: two seats, those who watch, and one game after another.
//!
//! Every method is one thing that happened; a refusal changes nothing. What it holds is what
//! everybody may see, so the table itself is what is shown.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::board::{Board, Cell, Landing, Side};
use super::{Person, Rule};

/// What somebody at the table does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Action {
    /// Takes a seat, or changes to it.
    Sit { side: Side },
    /// Leaves the seat and watches. In a game that is giving up.
    Stand,
    /// Wants to play, or to play again; with both sides ready the game begins.
    Ready { ready: bool },
    /// Drops a disc into a column, counted from 0.
    Drop { column: i8 },
}

/// A seat that is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub(crate) struct Seat {
    pub(crate) person: Person,
    pub(crate) ready: bool,
    /// Without a connection; the seat is kept for a while.
    pub(crate) away: bool,
}

/// How a game ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "name", rename_all = "snake_case")]
pub(crate) enum Outcome {
    Four { winner: Side, cells: Vec<Cell> },
    GaveUp { winner: Side },
    Drawn,
}

/// How far the game is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "name", rename_all = "snake_case")]
pub(crate) enum Phase {
    Waiting,
    Playing { turn: Side },
    Over { outcome: Outcome },
}

/// A table with its game.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) red: Option<Seat>,
    pub(crate) yellow: Option<Seat>,
    /// Who is here without a seat.
    pub(crate) watching: Vec<Person>,
    pub(crate) board: Board,
    pub(crate) phase: Phase,
    /// The column of the last disc.
    pub(crate) last: Option<i8>,
    /// Who begins the next game: they take turns.
    first: Side,
}

impl Table {
    /// A new table, with nobody at it.
    pub(crate) fn new(host: &Person) -> Self {
        Self {
            title: format!("{}’s table", host.name),
            red: None,
            yellow: None,
            watching: Vec::new(),
            board: Board::default(),
            phase: Phase::Waiting,
            last: None,
            first: Side::Red,
        }
    }

    /// Somebody came, or came back to their seat.
    pub(crate) fn join(&mut self, who: &Person) {
        match self.side_of(who) {
            Some(side) => self.change_seat(side, |seat| seat.away = false),
            None if self.watching.contains(who) => {}
            None => self.watching.push(who.clone()),
        }
    }

    /// Somebody's connection is gone. Tells whether there is a seat to be kept for them.
    pub(crate) fn lose(&mut self, who: &Person) -> bool {
        self.watching.retain(|person| person != who);
        let Some(side) = self.side_of(who) else { return false };
        self.change_seat(side, |seat| seat.away = true);
        true
    }

    /// Somebody left.
    pub(crate) fn leave(&mut self, who: &Person) {
        if let Some(side) = self.side_of(who) {
            self.give_up(side);
            *self.seat_mut(side) = None;
        }
        self.watching.retain(|person| person != who);
    }

    /// Somebody who is here does something.
    pub(crate) fn act(&mut self, who: &Person, action: Action) -> Result<(), Rule> {
        match action {
            Action::Sit { side } => self.sit(who, side),
            Action::Stand => {
                self.side_of(who).ok_or(Rule::NotSeated)?;
                self.leave(who);
                self.join(who);
                Ok(())
            }
            Action::Ready { ready } => self.ready(who, ready),
            Action::Drop { column } => self.drop(who, column),
        }
    }

    /// A seat that somebody may take.
    pub(crate) fn free_side(&self) -> Option<Side> {
        [Side::Red, Side::Yellow].into_iter().find(|&side| self.seat(side).is_none())
    }

    /// Where somebody sits.
    pub(crate) fn side_of(&self, who: &Person) -> Option<Side> {
        let sits = |side: &Side| self.seat(*side).as_ref().is_some_and(|seat| seat.person.id == who.id);
        [Side::Red, Side::Yellow].into_iter().find(sits)
    }

    /// Nobody sits here, nobody watches.
    pub(crate) fn is_empty(&self) -> bool {
        self.red.is_none() && self.yellow.is_none() && self.watching.is_empty()
    }

    fn sit(&mut self, who: &Person, side: Side) -> Result<(), Rule> {
        let before = self.side_of(who);
        if before == Some(side) {
            return Ok(());
        }
        if before.is_some() && self.is_playing() {
            return Err(Rule::Playing);
        }
        if self.seat(side).is_some() {
            return Err(Rule::SeatTaken);
        }
        self.leave(who);
        *self.seat_mut(side) = Some(Seat { person: who.clone(), ready: false, away: false });
        Ok(())
    }

    fn ready(&mut self, who: &Person, ready: bool) -> Result<(), Rule> {
        let side = self.side_of(who).ok_or(Rule::NotSeated)?;
        if self.is_playing() {
            return Err(Rule::Playing);
        }
        self.change_seat(side, |seat| seat.ready = ready);
        let all = [&self.red, &self.yellow];
        if all.into_iter().all(|seat| seat.as_ref().is_some_and(|seat| seat.ready)) {
            self.begin();
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.board = Board::default();
        self.last = None;
        self.phase = Phase::Playing { turn: self.first };
        self.first = self.first.other();
        for side in [Side::Red, Side::Yellow] {
            self.change_seat(side, |seat| seat.ready = false);
        }
    }

    fn drop(&mut self, who: &Person, column: i8) -> Result<(), Rule> {
        let side = self.side_of(who).ok_or(Rule::NotSeated)?;
        let Phase::Playing { turn } = self.phase else { return Err(Rule::NotPlaying) };
        if turn != side {
            return Err(Rule::NotYourTurn);
        }
        self.phase = match self.board.drop(side, column)? {
            Landing::Open => Phase::Playing { turn: side.other() },
            Landing::Four(cells) => Phase::Over { outcome: Outcome::Four { winner: side, cells } },
            Landing::Full => Phase::Over { outcome: Outcome::Drawn },
        };
        self.last = Some(column);
        Ok(())
    }

    /// In a game, the other side wins.
    fn give_up(&mut self, side: Side) {
        if self.is_playing() {
            self.phase = Phase::Over { outcome: Outcome::GaveUp { winner: side.other() } };
        }
    }

    fn is_playing(&self) -> bool {
        matches!(self.phase, Phase::Playing { .. })
    }

    fn seat(&self, side: Side) -> &Option<Seat> {
        match side {
            Side::Red => &self.red,
            Side::Yellow => &self.yellow,
        }
    }

    fn seat_mut(&mut self, side: Side) -> &mut Option<Seat> {
        match side {
            Side::Red => &mut self.red,
            Side::Yellow => &mut self.yellow,
        }
    }

    fn change_seat(&mut self, side: Side, change: impl FnOnce(&mut Seat)) {
        if let Some(seat) = self.seat_mut(side) {
            change(seat);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> Person {
        Person::new(name.to_lowercase(), name).unwrap()
    }

    /// Ada (red) and Grace (yellow) sit, Edsger watches.
    fn full() -> Table {
        let mut table = Table::new(&person("Ada"));
        for name in ["Ada", "Grace", "Edsger"] {
            table.join(&person(name));
        }
        table.act(&person("Ada"), Action::Sit { side: Side::Red }).unwrap();
        table.act(&person("Grace"), Action::Sit { side: Side::Yellow }).unwrap();
        table
    }

    fn ready(table: &mut Table) {
        for name in ["Ada", "Grace"] {
            table.act(&person(name), Action::Ready { ready: true }).unwrap();
        }
    }

    fn playing() -> Table {
        let mut table = full();
        ready(&mut table);
        table
    }

    fn drops(table: &mut Table, columns: &[i8]) {
        for &column in columns {
            let Phase::Playing { turn } = table.phase else { panic!("the game is over") };
            let who = table.seat(turn).clone().unwrap().person;
            table.act(&who, Action::Drop { column }).unwrap();
        }
    }

    #[test]
    fn who_sits_no_longer_watches_and_the_other_way_round() {
        let mut table = full();
        assert_eq!(table.watching, [person("Edsger")]);
        table.act(&person("Ada"), Action::Stand).unwrap();
        assert_eq!(table.watching, [person("Edsger"), person("Ada")]);
        assert_eq!(table.free_side(), Some(Side::Red));
        table.act(&person("Grace"), Action::Sit { side: Side::Red }).unwrap();
        assert_eq!(
            (table.side_of(&person("Grace")), table.free_side()),
            (Some(Side::Red), Some(Side::Yellow))
        );
    }

    #[test]
    fn a_game_begins_when_both_are_ready() {
        let mut table = full();
        table.act(&person("Ada"), Action::Ready { ready: true }).unwrap();
        assert_eq!(table.phase, Phase::Waiting);
        table.act(&person("Ada"), Action::Ready { ready: false }).unwrap();
        table.act(&person("Grace"), Action::Ready { ready: true }).unwrap();
        assert_eq!(table.phase, Phase::Waiting);
        table.act(&person("Ada"), Action::Ready { ready: true }).unwrap();
        assert_eq!(table.phase, Phase::Playing { turn: Side::Red });
    }

    #[test]
    fn sides_take_turns_until_four_stand_in_a_line() {
        let mut table = playing();
        drops(&mut table, &[0, 1, 0, 1, 0, 1]);
        assert_eq!(table.phase, Phase::Playing { turn: Side::Red });
        drops(&mut table, &[0]);
        let Phase::Over { outcome: Outcome::Four { winner: Side::Red, cells } } = &table.phase else {
            panic!("red has four: {table:?}")
        };
        assert_eq!((cells.len(), table.last), (4, Some(0)));
    }

    #[test]
    fn the_next_game_begins_with_the_other_side_on_an_empty_board() {
        let mut table = playing();
        drops(&mut table, &[0, 1, 0, 1, 0, 1, 0]);
        ready(&mut table);
        assert_eq!(table.phase, Phase::Playing { turn: Side::Yellow });
        assert_eq!((&table.board, table.last), (&Board::default(), None));
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let (ada, grace, edsger) = (person("Ada"), person("Grace"), person("Edsger"));
        let drop = Action::Drop { column: 0 };
        let refusals = [
            (full(), &edsger, Action::Sit { side: Side::Red }, Rule::SeatTaken),
            (full(), &edsger, Action::Stand, Rule::NotSeated),
            (full(), &edsger, Action::Ready { ready: true }, Rule::NotSeated),
            (full(), &ada, drop, Rule::NotPlaying),
            (playing(), &edsger, drop, Rule::NotSeated),
            (playing(), &grace, drop, Rule::NotYourTurn),
            (playing(), &ada, Action::Drop { column: 7 }, Rule::NoSuchColumn),
            (playing(), &ada, Action::Ready { ready: true }, Rule::Playing),
            (playing(), &ada, Action::Sit { side: Side::Yellow }, Rule::Playing),
        ];
        for (mut table, who, action, rule) in refusals {
            let before = table.clone();
            assert_eq!(table.act(who, action), Err(rule), "{action:?}");
            assert_eq!(table, before);
        }
    }

    #[test]
    fn who_leaves_a_game_gives_it_up() {
        for stand in [true, false] {
            let mut table = playing();
            if stand {
                table.act(&person("Ada"), Action::Stand).unwrap();
            } else {
                table.leave(&person("Ada"));
            }
            assert_eq!(table.phase, Phase::Over { outcome: Outcome::GaveUp { winner: Side::Yellow } });
            assert_eq!((table.red, table.watching.len()), (None, if stand { 2 } else { 1 }));
        }
    }

    #[test]
    fn a_seat_is_kept_while_its_person_is_away() {
        let mut table = playing();
        assert!(table.lose(&person("Ada")));
        assert!(table.red.as_ref().unwrap().away);
        table.join(&person("Ada"));
        assert!(!table.red.as_ref().unwrap().away);
        assert_eq!(table.phase, Phase::Playing { turn: Side::Red });
        assert!(!table.lose(&person("Edsger")), "who watches has nothing to keep");
        assert!(table.watching.is_empty());
    }

    #[test]
    fn a_table_is_empty_when_all_have_left() {
        let mut table = full();
        for name in ["Ada", "Edsger"] {
            table.leave(&person(name));
            assert!(!table.is_empty());
        }
        table.leave(&person("Grace"));
        assert!(table.is_empty());
    }

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let mut table = playing();
        drops(&mut table, &[3, 3]);
        let text = serde_json::to_string(&table).unwrap();
        assert_eq!(serde_json::from_str::<Table>(&text).unwrap(), table);
    }
}
