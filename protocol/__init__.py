"""What peers say and sign. Pure: bytes and values in, values and bytes out. No I/O, clock, randomness or trio.

A tour: a member holds a `SigningKey` and comes in by an `Invite` and a `Claim`. What it says is an `Entry`, with a body
of one of ``kinds``, made by `write_entry`. A `Ledger` takes entries unit by unit and knows what they mean: who may
write what (`Authority`), in which order (``ledger.canon``), and the `Story` they tell. On a link a `Session` turns
websocket messages into ``messages``; a `Gossip` says for each what to send and store, an `Exchange` the same for blobs,
both as ``effects``, which the shell performs; it also hands in time and randomness. ``moments`` pass by and are never
stored. A `Verifier` checks a whole story in a ``dwlog`` file. A fault is a `LocalError` (ours) or a `RemoteError`
(theirs, with the `Code` that answers it); every bound a stranger can push on stands in ``limits``. The rules are in
docs/protocol.md.
"""

from __future__ import annotations

from protocol import blobs, dwlog, effects, exchange, kinds, limits, messages, minds, moments
from protocol.addresses import join_address, split_address
from protocol.authority import Authority, Invitation
from protocol.blobs import Manifest
from protocol.body import is_sealed, pack_body, place_of, read_body, seal_body
from protocol.encoding import Value, decode, encode, take_int, take_list, take_text
from protocol.entry import Entry, check_signature, parse_entry, tag_of, write_entry
from protocol.errors import Code, LocalError, ProtocolError, RemoteError
from protocol.exchange import Exchange
from protocol.gossip import Gossip
from protocol.identity import SigningKey, peer_id
from protocol.invite import Claim, Invite, InviteError, format_invite, invite_key, make_claim, parse_invite
from protocol.ledger import Ledger, Unit
from protocol.log import Verdict
from protocol.names import fingerprint, four_words, short_name
from protocol.pace import Pace
from protocol.sealing import SealKey, decrypt_blob, encrypt_blob
from protocol.session import FRAME_ROOM, Role, Session, State
from protocol.shapes import Answer, Clip, Score, Span
from protocol.story import SKIPPED, WENT_BACK, Cue, Passage, Seat, Story, Take
from protocol.verifier import Outcome, Report, Verifier

__all__ = [
    "FRAME_ROOM", "SKIPPED", "WENT_BACK", "Answer", "Authority", "Claim", "Clip", "Code", "Cue", "Entry", "Exchange",
    "Gossip", "Invitation", "Invite", "InviteError", "Ledger", "LocalError", "Manifest", "Outcome", "Pace", "Passage",
    "ProtocolError", "RemoteError", "Report", "Role", "Score", "SealKey", "Seat", "Session", "SigningKey", "Span",
    "State", "Story", "Take", "Unit", "Value", "Verdict", "Verifier", "blobs", "check_signature", "decode",
    "decrypt_blob", "dwlog", "effects", "encode", "encrypt_blob", "exchange", "fingerprint", "format_invite",
    "four_words", "invite_key", "is_sealed", "join_address", "kinds", "limits", "make_claim", "messages", "minds",
    "moments", "pack_body", "parse_entry", "parse_invite", "peer_id", "place_of", "read_body", "seal_body",
    "short_name", "split_address", "tag_of", "take_int", "take_list", "take_text", "write_entry",
]  # fmt: skip
