"""The words on screen that several places share: what the commands are."""

from __future__ import annotations

COMMANDS: dict[str, tuple[str, str]] = {
    "cast": ("/cast FILE-or-NAME [--here]", "Bring a character into the story; --here plays it on this machine."),
    "card": ("/card NAME FILE", "Save a character's card (.json or .png), and beside it what it has learned."),
    "invite": ("/invite NAME [--role listener|reader]", "Make a one-use code for whoever shall play this seat."),
    "review": ("/review on|off", "With review on, lines wait for your /accept, /edit or /discard."),
    "accept": ("/accept", "The line that waits becomes part of the story."),
    "edit": (
        "/edit TEXT",
        "The line that waits, or else the last one, gets your wording; the original stays in the log.",
    ),
    "discard": ("/discard", "The line that waits does not become part of the story."),
    "adopt": ("/adopt", "Join the lines of an earlier evening that came to light again."),
    "cue": ("/cue all|NAME …", "Ask these to answer now."),
    "skip": ("/skip NAME", "Pass over one who would speak next, or who is asked and does not answer."),
    "hold": ("/hold on|off", "While it is on, nobody is asked; who was asked may finish."),
    "whisper": ("/whisper NAME TEXT", "Tell something to one character alone; only its machine can read it."),
    "retake": ("/retake", "Ask the last speaker for another take."),
    "take": ("/take NUMBER", "Of the last line's takes, let this one stand."),
    "scene": ("/scene TEXT", "A change of time or place; nobody is asked to answer."),
    "status": ("/status", "Who is here, and how everyone is."),
    "probe": ("/probe NAME", "Ask a member to test its model now and say how it is."),
    "evolve": (
        "/evolve NAME [gentle|normal|strong|stop]",
        "Let a character learn from its own lines while nobody speaks.",
    ),
    "mind": (
        "/mind NAME [VERSION|base] [pin]",
        "What a character has learned; let one of its versions speak, pinned for good.",
    ),
    "checkpoint": ("/checkpoint NAME", "Give this place in the story a name to go back to."),
    "rename": ("/rename NAME", "Call the story otherwise; its tag and all that was told stay."),
    "rewind": ("/rewind NAME", "Go back to a checkpoint or to a branch; what is left stays as a branch."),
    "export": (
        "/export dwlog|json|txt|ogg|wav|audiobook PATH [--with-whispers] [--from PLACE] [--to PLACE] [--beat]",
        "Write the story to a file; of its sound also one beat, or what lies between two checkpoints.",
    ),
    "reader": ("/reader on [VOICE]|off", "Let a voice on this machine read aloud what you tell."),
    "voice": (
        "/voice NAME FILE|off --consent 'WHO ALLOWS IT' [--from SECOND] [--to SECOND]",
        "Let a character speak with the voice of a recording; off takes it back.",
    ),
    "deactivate": ("/deactivate NAME", "Close a seat: its machine counts no longer. /invite opens it again."),
    "hush": ("/hush", "Stop everybody at once: sound, speech and writing."),
    "listen": (
        "/listen on|hold|off|mend|send [TEXT]|drop",
        "Hear what you say, hands-free or until /listen off. It is shown, then told; mend stops the clock.",
    ),
    "help": ("/help [COMMAND]", "This list, or more about one command."),
    "quit": ("/quit", "Leave; everything is saved. Ctrl-D does the same."),
}
