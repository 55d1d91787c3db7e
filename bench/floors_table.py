# SPDX-License-Identifier: MIT
"""The section of docs/performance.md that holds figures against their floors, and one figure of it."""
import os
import time
from dataclasses import dataclass

import lab as lab_module
import tunnel_section

HEAD = "## Against the floors\n"
COLUMNS = ("figure", "measured", "peer in the same run", "ratio", "floor", "target", "reached", "measured on")
MACHINE = "`sudo bench/floors BUILD` on "
TEXT = """
{machine}.
A floor is what has to be reached, on whatever machine; a target is what we want. A ratio is to the peer of the same row
and run, another program or the least that the task takes, and greater than 1 is better for us; a dash: there is none.
The last column is the day, and the load of the machine before the row was measured: above {busy} something else was
running, or the row before has left that, and times and rates are worse than they would be. What the rows do is in
`bench/floors_*.py`.

"""
NOTES = "\nWhat is behind them:\n\n"
BUSY = 0.7  # of the last minute; the row before this one counts too


@dataclass
class Bound:
    """What a value must reach. least: the more the better."""
    floor: float
    target: float | None = None
    least: bool = True
    unit: str = ""

    def reaches(self, value, bound):
        return value >= bound if self.least else value <= bound

    def judge(self, value):
        if not self.reaches(value, self.floor):
            return "**no**"
        return "target" if self.target is not None and self.reaches(value, self.target) else "floor"

    def text(self, bound):
        if bound is None:
            return "–"
        return ("0" if not self.least and bound == 0 else f"{'≥' if self.least else '≤'} {bound:,g}") + (self.unit and f" {self.unit}")


@dataclass
class Figure:
    """@param value  what the bound judges"""
    what: str
    measured: str
    value: float
    bound: Bound
    peer: str = "–"
    ratio: float | None = None
    note: str = ""

    def cells(self, when):
        ratio = "–" if self.ratio is None else f"{self.ratio:,.{2 if self.ratio < 100 else 0}f} ×"
        return (self.what, self.measured, self.peer, ratio, self.bound.text(self.bound.floor),
                self.bound.text(self.bound.target), self.bound.judge(self.value), when)


def when():
    return f"{time.strftime('%Y-%m-%d')}, load {os.getloadavg()[0]:.1f}"


def machine():
    """What the whole table is of: without the day, which is in the rows."""
    return lab_module.machine().rpartition(", ")[0]


def machine_of(page):
    text = tunnel_section.kept(page, HEAD)
    return text.partition(MACHINE)[2].partition(".\n")[0]


def kept(page):
    """{what: cells} and {what: note} of the page's table."""
    rows, notes = {}, {}
    for line in tunnel_section.kept(page, HEAD).splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
        if line.startswith("| ") and len(cells) == len(COLUMNS) and cells != COLUMNS:
            rows[cells[0]] = cells
        if line.startswith("* **"):
            what, _, note = line.removeprefix("* **").partition("**: ")
            notes[what] = note
    return rows, notes


def section(rows, notes, order, on):
    """@param order  the names of all figures: others are left out, those not measured are said
    @param on  the machine"""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(rows[what]) + " |" for what in order if what in rows]
    text = HEAD + TEXT.format(machine=MACHINE + on, busy=BUSY) + "\n".join(lines) + "\n"
    text += NOTES + "".join(f"* **{what}**: {notes[what]}\n" for what in order if notes.get(what) and what in rows)
    missing = [what for what in order if what not in rows]
    return text + (f"\nNot measured yet: {'; '.join(missing)}.\n" if missing else "") + "\n"


def put(page, figures, order):
    """Rows of another machine go. @param figures  [(figure, when)]"""
    rows, notes = kept(page) if machine_of(page) == machine() else ({}, {})
    for figure, measured_on in figures:
        rows[figure.what] = figure.cells(measured_on)
        notes[figure.what] = figure.note
    tunnel_section.put(page, section(rows, notes, order, machine()), "## Dropping what nobody wants\n", HEAD)


def is_as_written(page, order):
    """Whether the page has the section as it was written, with the figures that there are now."""
    rows, notes = kept(page)
    return tunnel_section.kept(page, HEAD) == section(rows, notes, order, machine_of(page))
