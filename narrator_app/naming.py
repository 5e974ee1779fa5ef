"""What a seat may be called: one visible line, its own, and nothing that a typed command would mistake."""

from __future__ import annotations

from dwnet.card_reading import Finding, Sheet
from dwnet.errors import NodeError
from narrator_app.errors import AlreadyCast
from protocol.story import Story

COMMAND_WORDS = ("all",)  # what /cue takes in place of names
COMMAND_SIGNS = ("/", "@")  # what a typed line may begin with


class NameUnfit(NodeError):
    """Nobody can be called “{name}”: the name {what}.

    {remedy}
    """

    exit_code = 2


def fitting_name(name: str, story: Story, seat: int | None = None) -> str:
    """The name as it is written into the story. ``seat``: the one that is renamed.

    :raises NameUnfit, AlreadyCast: also when only a retired character has the name: its lines stand under it.
    """
    findings: list[Finding] = []
    read = Sheet({"name": name}, findings).name("name")
    fault = name_fault(read)
    for finding in findings:
        raise NameUnfit(name=name.strip(), what=finding.what, remedy=finding.remedy)
    if fault:
        raise NameUnfit(name=read, what=fault[0], remedy=fault[1])
    if any(one.name.casefold() == read.casefold() and one.number != seat for one in story.seats.values()):
        raise AlreadyCast(name=read)
    return read


def name_fault(name: str) -> tuple[str, str] | None:
    """What commands would mistake in a name, and the remedy; None when it is good."""
    if name.casefold() in COMMAND_WORDS:
        return "means everybody in commands", "Choose another name."
    if name[:1] in COMMAND_SIGNS:
        return f"begins with {name[0]}, as commands do", "Choose one that begins with a letter."
    return None


def free_name(name: str, story: Story) -> str:
    """``name``, or ``name 2`` and so on when somebody has it already."""
    taken = {one.name.casefold() for one in story.seats.values()}
    numbers = (f"{name[: 64 - 4]} {number}" for number in range(2, 1_000))
    return next(one for one in (name, *numbers) if one.casefold() not in taken)
