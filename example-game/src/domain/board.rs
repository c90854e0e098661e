//! The board of four in a row: two sides drop discs into seven columns; four in a line win.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Rule;

/// Discs that a column takes.
const ROWS: usize = 6;

/// The lines through a cell: up, across, and the two diagonals.
const DIRECTIONS: [(i8, i8); 4] = [(0, 1), (1, 0), (1, 1), (1, -1)];

/// One of the two sides, and the color of its discs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    Red,
    Yellow,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Red => Self::Yellow,
            Self::Yellow => Self::Red,
        }
    }
}

/// A place on the board, from the left and from the bottom, both from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub(crate) struct Cell {
    pub(crate) column: i8,
    pub(crate) row: i8,
}

/// The discs of every column, the lowest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub(crate) struct Board([Vec<Side>; 7]);

/// What a disc brought about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Landing {
    /// The other side is next.
    Open,
    /// Four or more in a line: the game is won.
    Four(Vec<Cell>),
    /// No cell is left.
    Full,
}

impl Board {
    /// Drops a disc into a column, counted from 0.
    pub(crate) fn drop(&mut self, side: Side, column: i8) -> Result<Landing, Rule> {
        let place = usize::try_from(column).map_err(|_| Rule::NoSuchColumn)?;
        let discs = self.0.get_mut(place).ok_or(Rule::NoSuchColumn)?;
        if discs.len() >= ROWS {
            return Err(Rule::ColumnFull);
        }
        let row = i8::try_from(discs.len()).map_err(|_| Rule::ColumnFull)?;
        discs.push(side);
        let landed = Cell { column, row };
        let four = DIRECTIONS.iter().map(|&direction| self.line(landed, direction, side));
        Ok(match four.into_iter().find(|line| line.len() >= 4) {
            Some(line) => Landing::Four(line),
            None if self.0.iter().all(|discs| discs.len() == ROWS) => Landing::Full,
            None => Landing::Open,
        })
    }

    /// The cells of one side that stand in one line with `cell`, without a gap.
    fn line(&self, cell: Cell, (across, up): (i8, i8), side: Side) -> Vec<Cell> {
        let run = |sign: i8| {
            let step =
                move |n: i8| Cell { column: cell.column + sign * n * across, row: cell.row + sign * n * up };
            (1..4).map(step).take_while(|&cell| self.at(cell) == Some(side))
        };
        let mut line: Vec<Cell> = run(-1).collect();
        line.reverse();
        line.push(cell);
        line.extend(run(1));
        line
    }

    fn at(&self, cell: Cell) -> Option<Side> {
        let discs = self.0.get(usize::try_from(cell.column).ok()?)?;
        discs.get(usize::try_from(cell.row).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Drops discs in turn, red first; the last landing.
    fn play(board: &mut Board, columns: &[i8]) -> Landing {
        let mut side = Side::Red;
        let mut landing = Landing::Open;
        for &column in columns {
            assert_eq!(landing, Landing::Open);
            landing = board.drop(side, column).unwrap();
            side = side.other();
        }
        landing
    }

    fn cells(places: [(i8, i8); 4]) -> Landing {
        Landing::Four(places.map(|(column, row)| Cell { column, row }).to_vec())
    }

    #[test]
    fn four_win_in_every_direction() {
        let won = |columns| play(&mut Board::default(), columns);
        assert_eq!(won(&[0, 1, 0, 1, 0, 1, 0]), cells([(0, 0), (0, 1), (0, 2), (0, 3)]));
        assert_eq!(won(&[3, 3, 4, 4, 6, 6, 5]), cells([(3, 0), (4, 0), (5, 0), (6, 0)]));
        let rising = [0, 1, 1, 2, 2, 3, 2, 3, 3, 6, 3];
        assert_eq!(won(&rising), cells([(0, 0), (1, 1), (2, 2), (3, 3)]));
        let falling = rising.map(|column| 6 - column);
        assert_eq!(won(&falling), cells([(3, 3), (4, 2), (5, 1), (6, 0)]));
    }

    #[test]
    fn more_than_four_are_all_shown() {
        let landing = play(&mut Board::default(), &[0, 0, 1, 1, 2, 2, 4, 4, 5, 5, 6, 6, 3]);
        assert!(matches!(landing, Landing::Four(line) if line.len() == 7));
    }

    #[test]
    fn a_column_takes_six_and_there_are_seven() {
        let mut board = Board::default();
        play(&mut board, &[2, 2, 2, 2, 2, 2]);
        let before = board.clone();
        assert_eq!(board.drop(Side::Red, 2), Err(Rule::ColumnFull));
        assert_eq!(board.drop(Side::Red, 7), Err(Rule::NoSuchColumn));
        assert_eq!(board.drop(Side::Red, -1), Err(Rule::NoSuchColumn));
        assert_eq!(board, before);
    }

    #[test]
    fn a_board_without_a_free_cell_is_full() {
        let mut board = Board::default();
        let mut last = Landing::Open;
        // Pairs of columns in opposite patterns, three rows at a time: no four anywhere.
        for row in 0..6 {
            for column in 0..7 {
                assert_eq!(last, Landing::Open);
                let red = (column / 2 + row) % 2 == 0;
                last = board.drop(if red { Side::Red } else { Side::Yellow }, column).unwrap();
            }
        }
        assert_eq!(last, Landing::Full);
    }

    #[test]
    fn a_board_is_written_as_columns() {
        let mut board = Board::default();
        play(&mut board, &[0, 0, 6]);
        let text = serde_json::to_string(&board).unwrap();
        assert_eq!(text, r#"[["red","yellow"],[],[],[],[],[],["red"]]"#);
        assert_eq!(serde_json::from_str::<Board>(&text).unwrap(), board);
    }
}
