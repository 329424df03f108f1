"""A small terminal: what a program writes to it becomes a screen of characters, as a VT100 would show it.

Knows what a full-screen program needs: cursor moves, erasing, attributes, the private modes of xterm; anything
else is remembered in `unknown`, so that a test can say that there was none.
"""

import codecs
import re
import unicodedata

CSI = re.compile(r"\x1b\[([?>]?)([0-9;]*)([@-~])")


class Screen:
    def __init__(self, columns, rows):
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.rest = ""
        self.modes = set()       # private modes that are on: 1049 the alternate screen, 25 ...
        self.cursor_visible = True
        self.attributes = set()  # SGR parameters that were ever used
        self.unknown = []
        self.resize(columns, rows)

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.inverted = [[False] * columns for _ in range(rows)]
        self.x = self.y = 0
        self.inverse = False

    @property
    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]

    @property
    def text(self):
        return "\n".join(self.lines)

    def inverted_text(self):
        """What stands out without colour."""
        return "\n".join("".join(c if i else " " for c, i in zip(row, marks))
                         for row, marks in zip(self.cells, self.inverted))

    def feed(self, data):
        text = self.rest + self.decoder.decode(data)
        at = 0
        while at < len(text):
            if text[at] != "\x1b":
                self.put(text[at])
                at += 1
                continue
            found = CSI.match(text, at)
            if not found:
                if len(text) - at > 40:
                    self.unknown.append(text[at:at + 8])
                    at += 1
                    continue
                break  # the rest of it comes later
            self.control(*found.groups())
            at = found.end()
        self.rest = text[at:]

    def line_feed(self):
        if self.y < self.rows - 1:
            self.y += 1
            return
        self.cells = self.cells[1:] + [[" "] * self.columns]
        self.inverted = self.inverted[1:] + [[False] * self.columns]

    def put(self, character):
        if character == "\r":
            self.x = 0
        elif character == "\n":
            self.line_feed()
        elif character >= " ":
            width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
            if self.x + width > self.columns:  # the last column holds the cursor until something follows
                self.x = 0
                self.line_feed()
            if self.x < self.columns:
                self.cells[self.y][self.x] = character
                self.inverted[self.y][self.x] = self.inverse
                if width == 2 and self.x + 1 < self.columns:
                    self.cells[self.y][self.x + 1] = ""
            self.x += width

    def control(self, private, parameters, final):
        numbers = [int(n or 0) for n in parameters.split(";")]
        if private == "?" and final in "hl":
            for number in numbers:
                (self.modes.add if final == "h" else self.modes.discard)(number)
                if number == 25:
                    self.cursor_visible = final == "h"
        elif final == "H":
            self.y = min(max(numbers[0], 1), self.rows) - 1
            self.x = min(max(numbers[1] if len(numbers) > 1 else 1, 1), self.columns) - 1
        elif final == "J" and numbers[0] == 2:
            self.cells = [[" "] * self.columns for _ in range(self.rows)]
            self.inverted = [[False] * self.columns for _ in range(self.rows)]
        elif final == "m":
            for number in numbers:
                self.attributes.add(number)
                if number in (0, 7, 27):
                    self.inverse = number == 7
        else:
            self.unknown.append(private + parameters + final)
