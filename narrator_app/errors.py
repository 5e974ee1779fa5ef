"""What the narrator can be told no for. The docstring is the sentence he reads."""

from __future__ import annotations

from dwnet.errors import NodeError


class NothingTold(NodeError):
    """There is nothing in this narration.

    Type what happens, then press Enter; commands begin with a slash, /help lists them.
    """

    exit_code = 2


class TooLong(NodeError):
    """This text has {count} characters; at most {most} fit into one narration.

    It is kept as a draft in {draft}. Tell it in parts.
    """

    exit_code = 2


class NoSuchCharacter(NodeError):
    """Nobody in this story is called {name}.

    The cast: {cast}. Bring somebody in with /cast FILE-or-NAME.
    """

    exit_code = 2


class NobodyCalled(NodeError):
    """Nobody in this story is called {name}, so nothing was told.

    The cast: {cast}. Mend the name, or leave out the @ to tell it as it is.
    """

    exit_code = 2


class NotInTurn(NodeError):
    """{name} was not about to speak, so there is nobody to skip.

    Only who is asked, or waits for a turn after the last narration, can be skipped.
    """

    exit_code = 2


class NoSuchPassage(NodeError):
    """This passage is not part of the story as it stands.

    The story went back to before it. It stays on its branch; /rewind goes back there.
    """

    exit_code = 2


class AlreadyCast(NodeError):
    """{name} is in this story already.

    Invite somebody to play it with /invite {name}, or rename the card.
    """

    exit_code = 2


class NotPlayedYet(NodeError):
    """Nobody plays {name} yet, so nobody would read this.

    Invite somebody with /invite {name}, or play it on this machine with /cast {name} --here.
    """

    exit_code = 2


class NothingToRetake(NodeError):
    """There is no line to take again yet.

    Narrate something first; /retake then asks the last speaker once more.
    """

    exit_code = 2


class NoSuchTake(NodeError):
    """There is no take {number}: {name}'s last line has {count}, and they count from 1.

    /retake asks for another one.
    """

    exit_code = 2


class NothingWaits(NodeError):
    """No line waits for your word.

    Lines wait while review is on: /review on.
    """

    exit_code = 2


class NoSuchPlace(NodeError):
    """There is no checkpoint or branch called {name}.

    There are: {places}. Set one with /checkpoint NAME.
    """

    exit_code = 2


class NothingToAdopt(NodeError):
    """No lines of an earlier evening wait to be joined.

    /status shows the branches of this story.
    """

    exit_code = 2


class CommandUnknown(NodeError):
    """There is no command /{name}.

    /help lists them all.
    """

    exit_code = 2


class CommandIncomplete(NodeError):
    """/{name} is used like this: {usage}

    /help {name} tells more.
    """

    exit_code = 2


class AnotherCopy(NodeError):
    """This story is being told on another machine at the same time, from a copy of this folder.

    Close one of the two. What was told here is kept; if both told something, the next start shows the other part as a
    branch, and /adopt joins it.
    """


class DeskMissing(NodeError):
    """The desk cannot open: {name} is not installed.

    Install the screens with: pip install 'dreamweaver-net[desk]'. Without them: dwnet narrate --headless
    """


class NoName(NodeError):
    """A story needs a name.

    Any name that fits on one line will do.
    """

    exit_code = 2


class NotTheNarrator(NodeError):
    """The key of the narrator of “{name}” is not on this machine, so this story can't be told on here.

    It can be read, searched, checked and exported. To tell it on, put the narrator's keys into {keys}, and open it
    again.
    """
