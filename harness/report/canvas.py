"""A drawing of characters: lines of braille dots (or full stops in ASCII), with letters over them."""

from __future__ import annotations

from dataclasses import dataclass, field

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


@dataclass
class Canvas:
    """A grid of characters. Positions are fractions from the lower left corner.

    Attributes:
        columns: Number of characters in a row.
        rows: Number of rows.
        plain: Whether only ASCII may be used.
    """

    columns: int
    rows: int
    plain: bool = False
    _dots: dict[tuple[int, int], int] = field(default_factory=dict)
    _letters: dict[tuple[int, int], str] = field(default_factory=dict)

    def line(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw a straight line. Parts outside of the canvas are cut off."""
        many = 8 * max(self.columns, self.rows)
        for i in range(many + 1):
            x, y = (a + (b - a) * i / many for a, b in zip(start, end, strict=True))
            if 0 <= x <= 1 and 0 <= y <= 1:
                self._dot(round(x * (2 * self.columns - 1)), round((1 - y) * (4 * self.rows - 1)))

    def _dot(self, x: int, y: int) -> None:
        place = x // 2, y // 4
        self._dots[place] = self._dots.get(place, 0) | _DOTS[y % 4][x % 2]

    def letter(self, place: tuple[float, float], sign: str) -> None:
        """Write one character over the lines. A position that is taken shows how many characters share it."""
        x, y = round(place[0] * (self.columns - 1)), round((1 - place[1]) * (self.rows - 1))
        here = self._letters.get((x, y), "")
        self._letters[x, y] = here + sign if sign not in here else here

    def lines(self) -> list[str]:
        """Return the rows from top to bottom.

        >>> canvas = Canvas(4, 1, plain=True)
        >>> canvas.line((0, 0), (1, 0)); canvas.letter((0, 0), "a"); canvas.lines()
        ['a...']
        """
        found = []
        for y in range(self.rows):
            row = ""
            for x in range(self.columns):
                letters = self._letters.get((x, y), "")
                dots = self._dots.get((x, y), 0)
                row += self._sign(letters, dots)
            found.append(row.rstrip())
        return found

    def _sign(self, letters: str, dots: int) -> str:
        if letters:
            return letters if len(letters) == 1 else str(min(len(letters), 9))
        if not dots:
            return " "
        return "." if self.plain else chr(0x2800 + dots)
