//! A table: two seats, and one game of four in a row after another.
//!
//! Every method is one thing that happened; a refusal changes nothing. What it holds is what
//! everybody may see, so the table itself is what is shown.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::board::{Board, Cell, Landing, Side};
use super::{Person, Rule};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub(crate) red: Option<Seat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub(crate) yellow: Option<Seat>,
    pub(crate) board: Board,
    pub(crate) phase: Phase,
    /// The column of the last disc.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub(crate) last: Option<i8>,
    /// Who begins the next game: they take turns.
    first: Side,
}

impl Table {
    /// A new table, with nobody at it.
    pub(crate) fn new() -> Self {
        Self {
            red: None,
            yellow: None,
            board: Board::default(),
            phase: Phase::Waiting,
            last: None,
            first: Side::Red,
        }
    }

    /// Somebody takes a free seat.
    pub(crate) fn sit(&mut self, who: Person) -> Result<(), Rule> {
        let is_free = |side: &Side| self.seat(*side).is_none();
        let side = SIDES.into_iter().find(is_free).ok_or(Rule::SeatTaken)?;
        *self.seat_mut(side) = Some(Seat { person: who, ready: false, away: false });
        Ok(())
    }

    /// Somebody is gone. In a game that is giving up.
    pub(crate) fn leave(&mut self, who: &str) {
        if let Ok(side) = self.side_of(who) {
            self.lose(side);
            *self.seat_mut(side) = None;
        }
    }

    /// Somebody's connection is gone, or back.
    pub(crate) fn set_away(&mut self, who: &str, away: bool) {
        if let Ok(side) = self.side_of(who) {
            self.change_seat(side, |seat| seat.away = away);
        }
    }

    /// Somebody wants to play, or to play again; with both sides ready the game begins.
    pub(crate) fn ready(&mut self, who: &str, ready: bool) -> Result<(), Rule> {
        let side = self.side_of(who)?;
        if self.is_playing() {
            return Err(Rule::Playing);
        }
        self.change_seat(side, |seat| seat.ready = ready);
        let is_ready = |seat: &Option<Seat>| seat.as_ref().is_some_and(|seat| seat.ready);
        if is_ready(&self.red) && is_ready(&self.yellow) {
            self.begin();
        }
        Ok(())
    }

    /// Somebody drops a disc into a column, counted from 0.
    pub(crate) fn drop(&mut self, who: &str, column: i8) -> Result<(), Rule> {
        let side = self.side_of(who)?;
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

    /// Somebody gives the game up, and stays.
    pub(crate) fn give_up(&mut self, who: &str) -> Result<(), Rule> {
        let side = self.side_of(who)?;
        if !self.is_playing() {
            return Err(Rule::NotPlaying);
        }
        self.lose(side);
        Ok(())
    }

    pub(crate) fn is_playing(&self) -> bool {
        matches!(self.phase, Phase::Playing { .. })
    }

    /// Those who sit here, red first.
    pub(crate) fn seated(&self) -> impl Iterator<Item = &Person> {
        self.red.iter().chain(&self.yellow).map(|seat| &seat.person)
    }

    fn begin(&mut self) {
        self.board = Board::default();
        self.last = None;
        self.phase = Phase::Playing { turn: self.first };
        self.first = self.first.other();
        for side in SIDES {
            self.change_seat(side, |seat| seat.ready = false);
        }
    }

    /// In a game, the other side wins.
    fn lose(&mut self, side: Side) {
        if self.is_playing() {
            self.phase = Phase::Over { outcome: Outcome::GaveUp { winner: side.other() } };
        }
    }

    fn side_of(&self, who: &str) -> Result<Side, Rule> {
        let sits = |side: &Side| self.seat(*side).as_ref().is_some_and(|seat| seat.person.id == who);
        SIDES.into_iter().find(sits).ok_or(Rule::NotSeated)
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

const SIDES: [Side; 2] = [Side::Red, Side::Yellow];

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> Person {
        Person::new(name.to_lowercase(), name).unwrap()
    }

    /// Ada (red) and Grace (yellow) sit.
    fn full() -> Table {
        let mut table = Table::new();
        for name in ["Ada", "Grace"] {
            table.sit(person(name)).unwrap();
        }
        table
    }

    fn ready(table: &mut Table) {
        for who in ["ada", "grace"] {
            table.ready(who, true).unwrap();
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
            let who = table.seat(turn).clone().unwrap().person.id;
            table.drop(&who, column).unwrap();
        }
    }

    #[test]
    fn there_are_two_seats() {
        let mut table = full();
        assert_eq!(table.sit(person("Edsger")), Err(Rule::SeatTaken));
        table.leave("ada");
        table.sit(person("Edsger")).unwrap();
        assert_eq!(table.seated().map(|person| &*person.name).collect::<Vec<_>>(), ["Edsger", "Grace"]);
    }

    #[test]
    fn a_game_begins_when_both_are_ready() {
        let mut table = full();
        table.ready("ada", true).unwrap();
        assert_eq!(table.phase, Phase::Waiting);
        table.ready("ada", false).unwrap();
        table.ready("grace", true).unwrap();
        assert_eq!(table.phase, Phase::Waiting);
        table.ready("ada", true).unwrap();
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
        type Act = fn(&mut Table) -> Result<(), Rule>;
        let refusals: [(Table, Act, Rule); 9] = [
            (full(), |table| table.sit(person("Edsger")), Rule::SeatTaken),
            (full(), |table| table.ready("edsger", true), Rule::NotSeated),
            (full(), |table| table.drop("ada", 0), Rule::NotPlaying),
            (full(), |table| table.give_up("ada"), Rule::NotPlaying),
            (playing(), |table| table.drop("edsger", 0), Rule::NotSeated),
            (playing(), |table| table.give_up("edsger"), Rule::NotSeated),
            (playing(), |table| table.drop("grace", 0), Rule::NotYourTurn),
            (playing(), |table| table.drop("ada", 7), Rule::NoSuchColumn),
            (playing(), |table| table.ready("ada", true), Rule::Playing),
        ];
        for (mut table, act, rule) in refusals {
            let before = table.clone();
            assert_eq!((act(&mut table), &table), (Err(rule), &before));
        }
    }

    #[test]
    fn who_leaves_a_game_gives_it_up() {
        let over = Phase::Over { outcome: Outcome::GaveUp { winner: Side::Yellow } };
        let (mut left, mut gave_up) = (playing(), playing());
        left.leave("ada");
        gave_up.give_up("ada").unwrap();
        assert_eq!((&left.phase, &left.red), (&over, &None));
        assert_eq!((&gave_up.phase, gave_up.red.is_some()), (&over, true));
    }

    #[test]
    fn a_seat_is_kept_while_its_person_is_away() {
        let mut table = playing();
        table.set_away("ada", true);
        assert!(table.red.as_ref().unwrap().away);
        table.set_away("ada", false);
        assert!(!table.red.as_ref().unwrap().away);
        assert_eq!(table.phase, Phase::Playing { turn: Side::Red });
    }

    #[test]
    fn a_table_is_read_as_it_was_written_and_has_no_null() {
        let mut table = playing();
        drops(&mut table, &[3, 3]);
        for table in [Table::new(), table] {
            let text = serde_json::to_string(&table).unwrap();
            assert_eq!(serde_json::from_str::<Table>(&text).unwrap(), table);
            assert!(!text.contains("null"), "{text}");
        }
    }
}
