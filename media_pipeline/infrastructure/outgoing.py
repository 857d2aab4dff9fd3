"""Requests to addresses that strangers gave us: to the internet only, once, and without believing what comes back."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Self

import httpx

from media_pipeline.domain.webhook import NotSent, is_public

_CONNECT_SECONDS, _WHOLE_SECONDS = 5.0, 15.0
_MOST_ADDRESSES = 3
_LAST_PORT = 65535
_PORTS = {"http": 80, "https": 443}
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The IP addresses of a host, best first. Raises OSError."""


async def resolved(host: str, port: int) -> list[str]:
    """As the system has it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Outgoing:
    """`private` allows this machine and its network, and http without TLS: for receivers of one's own.

    A name is resolved once, and what was looked at is what is connected to: a name that means something else a moment
    later changes nothing. TLS is checked for the name. No redirect is followed, and of an answer only the status is
    read."""

    def __init__(self, *, private: bool, resolve: Resolve = resolved, tls: ssl.SSLContext | None = None) -> None:
        self._private, self._resolve, self._tls = private, resolve, tls

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        # No connection is kept: one to an address must not serve another name that has the same address.
        limits = httpx.Limits(max_keepalive_connections=0)
        timeout = httpx.Timeout(_WHOLE_SECONDS, connect=_CONNECT_SECONDS)
        tls = self._tls or ssl.create_default_context()
        async with httpx.AsyncClient(verify=tls, limits=limits, timeout=timeout, trust_env=False) as self._client:
            yield self

    async def check(self, url: str) -> None:
        """Raises NotSent where nothing would ever be sent to an address."""
        await self._addresses(_parsed(url))

    async def post(self, url: str, headers: Mapping[str, str], content: bytes) -> int:
        """See application.ports.webhooks.Post."""
        try:
            async with asyncio.timeout(_WHOLE_SECONDS):
                return await self._posted(_parsed(url), headers, content)
        except TimeoutError as error:
            raise NotSent("It did not answer in time.") from error

    async def _posted(self, url: httpx.URL, headers: Mapping[str, str], content: bytes) -> int:
        named = {"Host": url.netloc.decode(), "Content-Type": "application/json", "User-Agent": "media-pipeline"}
        trouble: Exception | None = None
        for address in (await self._addresses(url))[:_MOST_ADDRESSES]:
            try:
                async with self._client.stream(
                    "POST", url.copy_with(host=address), content=content, headers={**headers, **named},
                    extensions={"sni_hostname": url.host},
                ) as response:  # fmt: skip
                    return response.status_code
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                trouble = error  # the next address may do
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise NotSent(f"It did not answer: {type(error).__name__}.") from error
        raise NotSent("It could not be connected to.") from trouble

    async def _addresses(self, url: httpx.URL) -> list[str]:
        """Where a URL leads, all of it allowed. Raises NotSent."""
        if url.scheme not in _PORTS or not url.host or url.userinfo or (url.port or 0) > _LAST_PORT:
            raise NotSent("The address must be https://host/path, without a name or a password.")
        if url.scheme == "http" and not self._private:
            raise NotSent("The address must be https.")
        try:
            found = await self._resolve(url.host, url.port or _PORTS[url.scheme])
        except (OSError, UnicodeError) as error:
            raise NotSent("The host of the address is not known.") from error
        if not self._private and not all(map(is_public, found)):
            raise NotSent("The address leads into a private network.")
        return [f"[{a}]" if ipaddress.ip_address(a.partition("%")[0]).version == 6 else a for a in found]


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise NotSent("The address is none.") from error
