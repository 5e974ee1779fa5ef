"""What is shown of an ear: on the stage, how it stands with what the narrator says; under Settings, how he is heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from narrator_app.ear.catalogue import EarRow
from narrator_app.ear.dictation import Hearing, State
from narrator_app.ear.spoken import CALL, SPOKEN
from narrator_app.phrases import say
from narrator_app.preferences import TALKS, Preferences
from narrator_app.views.setup import Choice


@dataclass(frozen=True)
class HearingView:
    """``words`` say how it stands, "" when there is nothing to say. ``partial`` is what is understood so far; ``level``
    whether a meter belongs beside them; ``left`` the part of the time that is left before it is told, None without a
    clock.
    """

    words: str = ""
    partial: str = ""
    level: bool = False
    left: float | None = None


def hearing_view(hearing: Hearing, *, opening: bool, hands_free: bool, whole: float) -> HearingView:
    """``opening``: microphone and ear are being opened. ``whole``: seconds that what was heard is shown."""
    if opening and hearing.state in (State.OFF, State.WAITING):
        return HearingView(say("stage.ear_opening"))
    match hearing.state:
        case State.OFF:
            return HearingView()
        case State.WAITING:
            return HearingView(say("stage.ear_waiting"), level=True)
        case State.TAKING:
            return HearingView(
                say("stage.ear_heard" if hands_free else "stage.ear_taking"), hearing.partial, level=True
            )
        case State.RECOGNISING:
            return HearingView(say("stage.ear_recognising"), hearing.partial)
        case State.SHOWN if hearing.seconds is not None:
            left = min(1.0, hearing.seconds / whole) if whole > 0 else 0.0
            return HearingView(say("stage.ear_shown", seconds=round(hearing.seconds)), left=left)
    return HearingView(say("stage.ear_unsure" if hearing.unsure else "stage.ear_mending"))


def joined(typed: str, heard: str) -> str:
    """What was heard, behind what was typed before it."""
    return f"{typed.rstrip()} {heard}" if typed.strip() else heard


@dataclass(frozen=True)
class HearingChoices:
    """How the narrator is heard. ``missing`` says why an ear that was chosen can't be used, "" when it can; ``lost``
    the same of a microphone.
    """

    talks: tuple[Choice, ...]
    talk_words: str
    ears: tuple[Choice, ...]
    missing: str
    microphones: tuple[Choice, ...]
    lost: str
    glance: str
    countdown: str
    commands: str


def hearing_choices(habit: Preferences, ears: Sequence[EarRow], microphones: Sequence[str]) -> HearingChoices:
    """``ears``: those that are known, ``microphones``: those that are plugged in."""
    here = [one.ear for one in ears if not one.missing]
    chosen = next((one for one in ears if one.ear == habit.ear), None)
    missing = "" if chosen is None or not chosen.missing else say("settings.ear_missing", why=chosen.missing)
    own = habit.microphone
    lost = say("settings.microphone_lost", name=own) if own and own not in microphones else ""
    names = ["", *dict.fromkeys([*microphones, *([own] if own else [])])]
    usual = say("settings.microphone_usual")
    said = ", ".join(f"“{CALL}, {one}{' …' if typed.endswith(' ') else ''}”" for one, typed in SPOKEN.items())
    return HearingChoices(
        tuple(Choice(one, say(f"settings.talk_{one.replace('-', '_')}"), one == habit.talk) for one in TALKS),
        say(f"settings.talking_{habit.talk.replace('-', '_')}"),
        tuple(Choice(one, one, one == habit.ear) for one in dict.fromkeys([*here, habit.ear])),
        missing,
        tuple(Choice(one, one or usual, one == own) for one in names),
        lost,
        say("settings.glance", seconds=f"{habit.glance:g}") if habit.glance else say("settings.glance_none"),
        say("settings.countdown", seconds=f"{habit.countdown:g}"),
        say("settings.spoken_words", said=said),
    )
