from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from dwnet.errors import NodeError
from dwnet.log_file import verify_file
from narrator_app import casting, commands, errors, forms
from narrator_app.narrator import Narrator
from narrator_app.wording import COMMANDS
from protocol import limits
from protocol.kinds import NARRATOR
from protocol.moments import Tokens
from protocol.story import SKIPPED
from protocol.verifier import Outcome
from tests.kit.company import Evening, open_desk, plain_lines
from tests.kit.scripted_writer import ScriptedWriter

USAGE = [
    "/cast", "/cast Pim Tock", "/cast --here", '/cast "Pim', "/invite", '/invite ""', "/invite --role", "/review",
    "/review maybe", "/edit", "/cue", "/skip", "/hold", "/hold on to it", "/whisper", "/whisper Pim", "/take",
    "/take one", "/take -1", "/probe", "/checkpoint", "/rename", "/rewind", "/export", "/export json", "/deactivate",
]  # fmt: skip


async def play(evening: Evening, name: str = "Pim", *lines: str) -> None:
    person = await evening.play(name)
    await evening.company.perform(person, ScriptedWriter(lines or ("Aye.", "Nay.")))
    await evening.until("status", member=name, status="Online_Responsive")


def told(evening: Evening) -> list[str]:
    """The story as it stands: the text of each passage."""
    story = evening.narrator.story
    return [" ".join(span.text for span in story.spans_of(one.take)) for one in story.path()]


def lines_came(evening: Evening, number: int) -> bool:
    return len(evening.events("line")) == number


async def refused(evening: Evening, line: str, kind: type[NodeError]) -> NodeError:
    """The error a line meets. Nothing was written."""
    before = len(evening.narrator.node.ledger.log)
    with pytest.raises(kind) as caught:
        await evening.type(line)
    assert len(evening.narrator.node.ledger.log) == before
    assert caught.value.exit_code == 2 and caught.value.hint
    return caught.value


def test_every_command_has_a_usage_and_is_obeyed() -> None:
    assert set(COMMANDS) == {*commands._HANDLERS, "quit"}
    for name, (usage, meaning) in COMMANDS.items():
        assert usage.split()[0] == f"/{name}" and meaning.endswith(".")


@pytest.mark.parametrize("line", USAGE)
async def test_used_wrongly_a_command_says_how_it_is_used(line: str, tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        error = await refused(evening, line, errors.CommandIncomplete)
        assert COMMANDS[line.split()[0][1:]][0] in error.what


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("/cast Nobody", casting.CardNotFound),
        ("/invite Nobody", errors.NoSuchCharacter),
        ("/invite Vera --role king", casting.UnknownRole),
        ("/cue Nobody", errors.NothingTold),
        ("/skip Nobody", errors.NoSuchCharacter),
        ("Hello, @Nobody!", errors.NobodyCalled),
        ("/whisper Nobody psst", errors.NoSuchCharacter),
        ("/deactivate Nobody", errors.NoSuchCharacter),
        ("/rewind nowhere", errors.NoSuchPlace),
        ("/export docx story.docx", forms.UnknownForm),
        ("/dance", errors.CommandUnknown),
        ("/", errors.CommandUnknown),
        ("/accept", errors.NothingWaits),
        ("/discard", errors.NothingWaits),
        ("/retake", errors.NothingToRetake),
        ("/take 1", errors.NothingToRetake),
        ("/adopt", errors.NothingToAdopt),
        ("/scene", errors.NothingTold),
        ("  \x00\x1b[2J ", errors.NothingTold),
        ("/checkpoint \u202e", errors.CommandIncomplete),
    ],
)
async def test_what_is_not_there_is_named(
    line: str, kind: type[NodeError], tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        await refused(evening, line, kind)


async def test_a_character_comes_and_answers(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening)
        await evening.type("Night fell.")
        await evening.until("accepted", member="Pim")
        assert told(evening) == ["Night fell.", "Aye."]
        assert [one["event"] for one in evening.happened if one["event"] in ("narrated", "line", "accepted")] == [
            "narrated",
            "line",
            "accepted",
        ]
        assert "".join(one["text"] for one in evening.events("token")) == "Aye."
        invite = evening.events("invite")[0]
        assert invite["code"].startswith("dw1") and invite["member"] == "Pim" and invite["role"] == "character"
        joined = evening.events("joined")[0]
        assert len(joined["words"].split()) == 4
        for one in evening.happened:
            assert one["at"].endswith("Z") and json.dumps(one)


async def test_a_code_used_by_somebody_else_is_refused_in_words(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.play("Pim")
        thief = await evening.company.stranger("Thief", 9)
        code = evening.events("invite")[0]["code"]
        with pytest.raises(trio.TooSlowError), trio.fail_after(30):
            await evening.company.accept_invite(code, "Thief", 8)
        assert thief.node.ledger.authority.member(thief.member.public) is None
        assert "used this invite already" in evening.events("notice")[-1]["what"]


async def test_inviting_a_seat_that_is_taken_moves_it(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        first = await evening.play("Pim")
        await evening.type("/invite Pim")
        second = await evening.company.accept_invite(evening.events("invite")[-1]["code"], "Pim", 8)
        authority = evening.narrator.node.ledger.authority
        occupant = authority.occupant(1)
        assert occupant is not None and occupant.key == second.member.public
        assert first.member.public in authority.revoked


async def test_listeners_get_a_seat_of_their_own(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("/invite Vera Stone --role listener")
        vera = await evening.company.accept_invite(evening.events("invite")[0]["code"], "Vera", 1)
        member = evening.narrator.node.ledger.authority.member(vera.member.public)
        assert member is not None and member.role == "listener"
        assert evening.narrator.name_of(member.seat) == "Vera Stone"
        await refused(evening, "/invite Vera Stone --role reader", errors.AlreadyCast)


async def test_casting_twice_is_refused(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("/cast pim")
        await refused(evening, "/cast Pim", errors.AlreadyCast)


async def test_closing_a_seat(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening)
        pim = evening.company.people[1]
        await evening.type("/deactivate pi")
        await evening.until("status", member="Pim", status="Deactivated")
        assert evening.narrator.node.ledger.authority.occupant(1) is None
        await evening.company.until(lambda: not pim.node.links)
        await evening.type("Night fell, Pim.")
        assert "Nobody plays Pim" in evening.events("notice")[-1]["what"]
        await refused(evening, "/cue Pim", errors.NotPlayedYet)
        await refused(evening, "/cue all", errors.NotPlayedYet)
        await refused(evening, "/whisper Pim psst", errors.NotPlayedYet)


async def test_review_lets_a_line_wait_for_yes_other_words_or_no(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening, "Pim", "One.", "Two.", "Three.")
        await evening.type("/review on")
        for number, (command, after) in enumerate(
            [("/accept", "One."), ("/edit  Quite so.", "Quite so."), ("/discard", "")]
        ):
            await evening.type(f"Beat {number}.")
            await evening.company.until(partial(lines_came, evening, number + 1))
            assert evening.events("line")[-1]["waits"] is True
            assert told(evening)[-1] == f"Beat {number}."
            await evening.type(command)
            await trio.sleep(1)
            assert told(evening)[-1] == (after or f"Beat {number}.")
        await refused(evening, "/accept", errors.NothingWaits)
        await evening.type("/review off")
        await evening.type("Beat 3.")
        await evening.company.until(lambda: told(evening)[-1] == "One.")


async def test_a_line_that_waits_is_not_let_in_by_a_restart_and_not_forgotten(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening, "Pim", "One.", "Two.")
        await evening.type("/review on")
        await evening.type("Night fell.")
        await evening.company.until(partial(lines_came, evening, 1))
        await trio.sleep(3600)
        assert evening.events("missed") == []
        again = Narrator(evening.narrator.node, evening.narrator.mesh)
        assert again.review, "as a restart would find it"
        await evening.type("Morning came.")
        assert "One." in evening.events("notice")[-1]["what"]
        await evening.type("/accept")
        await evening.company.until(partial(lines_came, evening, 2))
        assert told(evening) == ["Night fell.", "Morning came.", "One."]


async def test_an_edit_without_review_changes_the_last_wording(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("Night fell.")
        await evening.type("/edit Night fell slowly.")
        assert told(evening) == ["Night fell slowly."]


async def test_takes(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening, "Pim", "One.", "Two.")
        await evening.type("Night fell.")
        await evening.company.until(lambda: told(evening)[-1] == "One.")
        await evening.type("/retake")
        await evening.company.until(lambda: told(evening)[-1] == "Two.")
        await evening.type("/take 1")
        assert told(evening) == ["Night fell.", "One."]
        await refused(evening, "/take 3", errors.NoSuchTake)
        await refused(evening, "/take 0", errors.NoSuchTake)


async def test_cues_by_hand(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening, "Pim", "One.")
        await play(evening, "Tock", "Two.")
        await evening.type("/scene A room.")
        await trio.sleep(5)
        assert told(evening) == ["A room."] and evening.events("narrated")[-1]["mode"] == "scene"
        await evening.type("/cue Tock")
        await evening.company.until(lambda: told(evening)[-1] == "Two.")
        await evening.type("/cue all")
        await evening.company.until(lambda: len(evening.events("accepted")) == 3)
        await refused(evening, "/cue Nobody", errors.NoSuchCharacter)


async def test_names_in_a_command_may_hold_anything(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        for name in ("Brother Anselm", "O'Brien", "Ann"):
            await evening.company.join(name)
        await evening.type("/scene A room.")
        await evening.type("/cue O'Brien brother anselm Ann")
        await trio.sleep(1)
        story = evening.narrator.story
        asked = [story.name_of(one.seat or 0) for one in story.cues.values()]
        waiting = [story.name_of(seat) for _, seat in evening.narrator.forced]
        assert [*asked, *waiting] == ["O'Brien", "Brother Anselm", "Ann"]


async def test_while_held_nobody_is_asked(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening, "Pim", "One.")
        await evening.type("/hold on")
        await evening.type("Night fell.")
        await trio.sleep(60)
        assert told(evening) == ["Night fell."] and [one.state for one in evening.narrator.queue()] == ["held"]
        await evening.type("/hold off")
        await evening.company.until(lambda: told(evening)[-1] == "One.")
        assert [one["on"] for one in evening.events("held")] == [True, False]


async def test_a_planned_speaker_is_skipped_in_this_beat_alone(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening, "Pim", "One.")
        await play(evening, "Tock", "Two.")
        await evening.type("/hold on")
        await evening.type("Night fell.")
        await evening.type("/skip pi")
        assert evening.events("skipped")[-1]["member"] == "Pim"
        await refused(evening, "/skip Pim", errors.NotInTurn)
        await evening.type("/hold off")
        await trio.sleep(60)
        assert told(evening) == ["Night fell.", "Two."]
        await evening.type("Pim woke.")
        await evening.company.until(lambda: told(evening)[-1] == "One.")


async def test_who_is_asked_is_skipped_stops_writing_and_what_it_wrote_is_not_taken(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        for name, line in (("Pim", "One two three four five six seven."), ("Tock", "Tick.")):
            person = await evening.play(name)
            await evening.company.perform(person, ScriptedWriter([line], seconds=1))
            await evening.until("status", member=name, status="Online_Responsive")
        await evening.type("Night fell, Pim and Tock.")
        await evening.company.until(lambda: len(evening.events("token")) == 3)
        await evening.type("/skip Pim")
        await evening.until("missed", member="Pim", why=SKIPPED)
        await trio.sleep(60)
        assert told(evening) == ["Night fell, Pim and Tock.", "Tick."]
        tokens = [one["text"] for one in evening.events("token") if one["member"] == "Pim"]
        assert "seven" not in "".join(tokens), "it has stopped"
        await evening.type("/cue Pim")
        await evening.company.until(lambda: told(evening)[-1].startswith("One two three four five"))


async def test_a_line_that_waits_for_a_word_can_be_skipped(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening, "Pim", "One.")
        await evening.type("/review on")
        await evening.type("Night fell.")
        await evening.company.until(partial(lines_came, evening, 1))
        await evening.type("/skip Pim")
        await evening.type("/review off")
        await trio.sleep(60)
        assert told(evening) == ["Night fell."]


async def test_a_whisper_is_between_two(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening, "Pim", "I know.")
        await play(evening, "Tock")
        await evening.type("/whisper Pim The key is under the stone.")
        await evening.until("accepted", member="Pim")
        assert told(evening) == ["The key is under the stone.", "I know."]
        tock = evening.company.people[2]
        await evening.company.until(lambda: len(list(tock.node.ledger.story.path())) == 2)
        assert [one.take.spans for one in tock.node.ledger.story.path()] == [(), ()]
        await evening.type("/retake")
        await evening.company.until(lambda: len(evening.events("accepted")) == 2)
        for one in evening.narrator.story.path():
            assert all(take.audience == (NARRATOR, 1) for take in one.takes)


async def test_a_checkpoint_is_a_file_and_a_place_to_go_back_to(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("Night fell.")
        await evening.type("/checkpoint the ../dark door")
        (file,) = evening.settings.checkpoints.glob("*")
        assert verify_file(file, evening.company.tag).outcome is Outcome.WHOLE
        await evening.type("Morning came.")
        await evening.type("/rewind the ../dark door")
        assert told(evening) == ["Night fell."]
        branch = evening.events("branch")[0]["name"]
        await evening.type(f"/rewind {branch}")
        assert told(evening) == ["Night fell.", "Morning came."]
        assert len(evening.events("branch")) == 1, "nothing was left, so there is no branch to go back to"


async def test_a_branch_never_hides_behind_a_checkpoint_of_its_name(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("Night fell.")
        await evening.type("/checkpoint before rewind 1")
        await evening.type("Morning came.")
        await evening.type("/REWIND before rewind 1")
        branch = evening.events("branch")[0]["name"]
        await evening.type(f"/rewind {branch}")
        assert told(evening) == ["Night fell.", "Morning came."]


async def test_exports(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("Night fell.")
        for form in ("dwlog", "json", "txt"):
            await evening.type(f'/export {form} "{tmp_path}/a story.{form}"')
        assert [one["format"] for one in evening.events("exported")] == ["dwlog", "json", "txt"]
        assert "Night fell." in (tmp_path / "a story.txt").read_text("utf-8")
        assert json.loads((tmp_path / "a story.json").read_text("utf-8"))["passages"][0]["text"] == "Night fell."
        assert verify_file(tmp_path / "a story.dwlog", evening.company.tag).outcome is Outcome.WHOLE


async def test_hush_stops_the_one_who_writes_and_whoever_would_come_next(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        for name in ("Pim", "Tock"):
            person = await evening.play(name)
            await evening.company.perform(person, ScriptedWriter(["One two three four five six."], seconds=1))
            await evening.until("status", member=name, status="Online_Responsive")
        await evening.type("Night fell, Pim and Tock.")
        await evening.type("/cue all")
        await evening.company.until(lambda: len(evening.events("token")) == 3)
        await evening.type("/hush")
        await evening.until("accepted")
        await trio.sleep(60)
        assert told(evening) == ["Night fell, Pim and Tock.", "One two three"]
        assert evening.events("missed") == [] and len(evening.events("accepted")) == 1


async def test_status_and_help_tell(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type("/cast Pim")
        await evening.type("/status")
        assert evening.events("status")[-1]["member"] == "Pim"
        assert evening.events("story")[-1]["tag"] == evening.company.tag.hex()
        await evening.type("/help")
        said = plain_lines(evening.events("notice"))
        assert all(usage in said for usage, _ in COMMANDS.values())
        await evening.type("/help /cast")
        assert evening.events("notice")[-1]["what"].startswith("/cast")


async def test_quit_leaves_and_nothing_else_does(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        assert await evening.type("Night fell.") is True
        assert await evening.type("  /quit ") is False


# --- odd narrations -------------------------------------------------------------------------------------------------


async def test_a_narration_too_long_is_refused_with_its_count_and_kept(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        error = await refused(evening, "x" * 100_000, errors.TooLong)
        assert "100,000" in error.what and f"{limits.TEXT:,}" in error.what
        draft = evening.desk.intents.draft
        assert str(draft) in error.hint and draft.read_text("utf-8") == "x" * 100_000
        await evening.type("y" * limits.TEXT)
        assert told(evening) == ["y" * limits.TEXT]


@pytest.mark.parametrize(
    ("typed", "stands"),
    [
        ("Ein Löwe 🦁 brüllt 👩‍👩‍👧.", "Ein Löwe 🦁 brüllt 👩‍👩‍👧."),
        ("שלום עולם", "שלום עולם"),
        ("new emoji \U0001fae8", "new emoji \U0001fae8"),
        ("a\x00b\x07c", "abc"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07", "red"),
        ("abc\u202etxt.exe\u2066", "abctxt.exe"),
        ("[red]markup[/red]", "[red]markup[/red]"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
    ],
)
async def test_odd_narrations_are_told_as_text(
    typed: str, stands: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.type(typed)
        assert told(evening) == [stands]


# --- hostile members ------------------------------------------------------------------------------------------------


async def test_a_moment_that_does_not_read_ends_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        await play(evening)
        pim = evening.company.people[1]
        for kind in ("tokens", "clip", "timing", "health", "hush", "unknown"):
            pim.node.say(kind, b"\xff\x00rubbish")
        await evening.type("Night fell.")
        await evening.until("accepted", member="Pim")


async def test_tokens_for_anothers_cue_count_for_nothing_and_codes_in_them_are_gone(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        pim, tock = await evening.play("Pim"), await evening.play("Tock")
        await evening.type("Night fell, @Pim.")
        await evening.company.until(lambda: pim.node.ledger.story.cues)
        await evening.company.until(lambda: tock.node.ledger.story.cues)
        cue = next(iter(pim.node.ledger.story.cues))
        tock.node.say(Tokens.kind, Tokens(cue, 0, "I am Pim", 0).pack())
        pim.node.say(Tokens.kind, Tokens(cue, 0, "\x1b[2JWho\x9b31m \u202eis", 0).pack())
        await evening.until("token")
        await trio.sleep(1)
        assert [one["text"] for one in evening.events("token")] == ["Who31m is"]


async def test_who_is_not_there_is_missed_and_the_beat_goes_on(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path) as evening:
        pim = await evening.play("Pim")
        await play(evening, "Tock", "Here.")
        await pim.kill()
        await evening.type("Night fell, Pim and Tock.")
        await evening.until("missed", member="Pim")
        await evening.until("accepted", member="Tock")
        assert told(evening) == ["Night fell, Pim and Tock.", "Here."]


async def test_a_narrator_who_is_killed_in_mid_beat_goes_on_where_it_was(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path) as evening:
        company = evening.company
        pim = await evening.play("Pim")
        await evening.type("Night fell.")
        await company.until(lambda: pim.node.ledger.story.cues)
        narrator = await company.restart(company.narrator)
        company.link(pim, narrator)
        await company.perform(pim, ScriptedWriter(["Still here."]))
        await company.until(lambda: pim.lines and pim.lines[0].id in narrator.node.ledger.story.offered)
        assert [one.state for one in narrator.node.ledger.story.cues.values()] == ["open"]
