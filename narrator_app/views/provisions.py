"""Voices, ears and writers as a page of the settings shows them: rows by kind, what is on its way, what can be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dwnet.catalogue import Offer, Standing
from dwnet.fetching import amount
from dwnet.machine import Machine
from narrator_app.phrases import say
from narrator_app.provisions import Coming

GROUPS = ("model", "ear", "voice")


@dataclass(frozen=True)
class ProvisionRow:
    """One thing. ``state``: coming, here, best, fits or large. ``why`` it does not fit. ``used``: new characters write
    with it. ``can_*``: what can be done about it; ``waits``: not now, for something else is on its way. ``terms``: what
    has to be agreed to before it is fetched.
    """

    offer: Offer
    name: str
    state: str
    words: str
    facts: str
    about: str
    why: str = ""
    used: bool = False
    can_fetch: bool = False
    waits: bool = False
    can_remove: bool = False
    can_use: bool = False
    terms: str = ""

    @property
    def key(self) -> str:
        """What tells it from every other."""
        return f"{self.offer.kind}:{self.name}"


@dataclass(frozen=True)
class ProvisionGroup:
    """All of one kind."""

    title: str
    text: str
    rows: tuple[ProvisionRow, ...]


@dataclass(frozen=True)
class ProvisionsView:
    """``machine``: what this computer has to give."""

    machine: str
    groups: tuple[ProvisionGroup, ...]


@dataclass(frozen=True)
class ComingView:
    """How far something is: ``share`` from 0 to 1, None as long as nobody knows."""

    share: float | None
    words: str


def provisions_view(
    standings: Sequence[Standing],
    machine: Machine,
    coming: Coming | None,
    is_agreed: Callable[[Offer], bool],
    is_used: Callable[[Offer], bool],
) -> ProvisionsView:
    """Everything there is, in groups; within one, what is here comes first, what does not fit last."""
    rows = [_row(one, coming, agreed=is_agreed(one.offer), used=is_used(one.offer)) for one in standings]
    groups = tuple(
        ProvisionGroup(
            say(f"settings.provisions_{kind}"),
            say(f"settings.provisions_{kind}_text"),
            tuple(row for row in rows if row.offer.kind == kind),
        )
        for kind in GROUPS
    )
    free = amount(machine.disk_free)
    if machine.memory_free is None:
        return ProvisionsView(say("settings.machine", cores=f"{machine.cores:g}", disk=free), groups)
    memory = amount(machine.memory_free)
    return ProvisionsView(say("settings.machine_memory", cores=f"{machine.cores:g}", memory=memory, disk=free), groups)


def coming_view(coming: Coming) -> ComingView:
    """How far it is."""
    if not coming.total:
        return ComingView(None, say("settings.fetch_asking"))
    have, total = amount(coming.have), amount(coming.total)
    return ComingView(coming.have / coming.total, say("settings.fetch_so_far", have=have, total=total))


def _row(one: Standing, coming: Coming | None, *, agreed: bool, used: bool) -> ProvisionRow:
    offer = one.offer
    on_its_way = coming is not None and coming.offer == offer
    state = (
        "coming" if on_its_way else "here" if one.here else "large" if one.why_not else "best" if one.best else "fits"
    )
    facts = [amount(offer.size), offer.language, offer.licence]
    offered = bool(offer.repository)
    return ProvisionRow(
        offer,
        offer.name,
        state,
        say(f"settings.provision_{state}"),
        " · ".join(fact for fact in facts if fact),
        offer.about if offered else say("settings.provision_own"),
        say("settings.provision_why", why=one.why_not) if one.why_not and not on_its_way else "",
        used=used,
        can_fetch=offered and not one.here and not on_its_way,
        waits=coming is not None and not on_its_way,
        can_remove=offered and one.here and not on_its_way,
        can_use=offer.kind == "model" and one.here and not on_its_way,
        terms="" if agreed else offer.terms,
    )
