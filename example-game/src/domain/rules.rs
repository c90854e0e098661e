//! The rules that an input can break, with a code for programs and a sentence for people.

/// A rule that an input broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    BadName,
    BadRoom,
    Empty,
    TooLong,
    NotConnected,
    NotInRoom,
    SeatTaken,
    NotSeated,
    Playing,
    NotPlaying,
    NotYourTurn,
    NoSuchColumn,
    ColumnFull,
    NotHost,
    NoDebugRoom,
}

impl Rule {
    /// What the page looks at.
    pub(crate) fn code(self) -> &'static str {
        self.words().0
    }

    /// What the page may show.
    pub(crate) fn message(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::BadName => {
                ("bad_name", "A name has 1 to 24 characters, and none of them is a control character.")
            }
            Self::BadRoom => ("bad_room", "A room is named by 1 to 32 of a-z, 0-9 and -."),
            Self::Empty => ("empty", "There is nothing to say in an empty message."),
            Self::TooLong => ("too_long", "A message has at most 2,000 characters."),
            Self::NotConnected => ("not_connected", "You have left already."),
            Self::NotInRoom => ("not_in_room", "Enter the room first."),
            Self::SeatTaken => ("seat_taken", "Both seats are taken."),
            Self::NotSeated => ("not_seated", "Take a seat first."),
            Self::Playing => ("playing", "Not while a game is played."),
            Self::NotPlaying => ("not_playing", "No game is played."),
            Self::NotYourTurn => ("not_your_turn", "It is not your turn."),
            Self::NoSuchColumn => ("no_such_column", "There are seven columns."),
            Self::ColumnFull => ("column_full", "This column is full."),
            Self::NotHost => ("not_host", "Only who has been here longest may do that."),
            Self::NoDebugRoom => ("no_debug_room", "This room was not made to be crashed."),
        }
    }
}
