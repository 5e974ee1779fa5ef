"""Where friends reach the narrator: what an address is good for, and listening somewhere else from now on."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from ipaddress import ip_address, ip_network

import trio

from dwnet.doctor import why_not_listening
from dwnet.errors import NodeError
from dwnet.settings import Settings
from dwnet.told import host_and_port
from narrator_app.config_file import keep_in_config
from protocol.addresses import split_address
from protocol.errors import LocalError

ANYWHERE = ("0.0.0.0", "::")
_CARRIERS = ip_network("100.64.0.0/10")  # RFC 6598: shared by a provider's customers; overlay networks use it too


class CannotListen(NodeError):
    """This computer cannot listen at {address}: {why}. Nothing was changed.

    Choose another port (0 takes any free one), or 0.0.0.0 as the host for every address of this computer.
    """

    exit_code = 2


class Reach(Enum):
    """Who can be expected to reach an address. Only a hint: nobody was asked."""

    SELF = "self"  # programs on this computer
    HOME = "home"  # the same network: a home, an office, a private overlay
    WORLD = "world"  # anybody, where no firewall stands in between
    NAME = "name"  # whoever can look that name up


def reach(address: str) -> Reach:
    """Who can be expected to reach ``host:port``."""
    try:
        host, _ = split_address(address)
    except LocalError:
        return Reach.NAME
    if host == "localhost":
        return Reach.SELF
    try:
        ip = ip_address(host)
    except ValueError:
        return Reach.NAME
    if ip.is_loopback:
        return Reach.SELF
    return Reach.HOME if ip.is_private or ip.is_link_local or (ip.version == 4 and ip in _CARRIERS) else Reach.WORLD


async def listen_at(settings: Settings, wanted: str, port_now: int) -> Settings:
    """Write another HOST:PORT into config.toml, and nothing else of it; the settings to open the story with.

    ``port_now``: where this very program listens, which is free once it has closed.

    :raises BadSetting, CannotListen, ConfigUnclear, FileNotRead, FileNotWritten: and nothing was changed.
    """
    host, port = host_and_port(wanted.strip(), "the address")
    why = await trio.to_thread.run_sync(why_not_listening, host, 0 if port == port_now else port)
    if why is not None:
        raise CannotListen(address=wanted.strip(), why=why)
    told: dict[str, str | int] = {"host": host, "port": port}
    await trio.to_thread.run_sync(keep_in_config, settings.config_file, told)
    return replace(settings, host=host, ports=(port,))
