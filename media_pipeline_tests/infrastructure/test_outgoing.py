"""Requests to addresses of strangers, against real sockets."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from media_pipeline.domain.webhook import NotSent, is_public
from media_pipeline.infrastructure import outgoing
from media_pipeline.infrastructure.outgoing import Outgoing, Resolve
from media_pipeline_tests.receiver import Receiver, serving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving(Receiver()) as one:
        yield one


def to(*addresses: str) -> Resolve:
    """Every name means these addresses."""

    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


def post(way: Outgoing, url: str, headers: dict[str, str] | None = None) -> int:
    async def once() -> int:
        async with way.open():
            return await way.post(url, headers or {}, b"{}")

    return asyncio.run(once())


def test_what_is_sent_arrives_as_it_is(receiver: Receiver) -> None:
    url = f"http://hooks.test:{receiver.port}/204#no"
    assert post(Outgoing(private=True, resolve=to("127.0.0.1")), url, {"webhook-id": "7"}) == 204
    ((path, headers, body),) = receiver.got
    assert (path, body, headers["webhook-id"]) == ("/204", b"{}", "7")
    assert headers["host"] == f"hooks.test:{receiver.port}"
    assert headers["content-type"] == "application/json"


def test_a_redirect_is_an_answer_and_an_endless_one_is_not_read(receiver: Receiver) -> None:
    way = Outgoing(private=True, resolve=to("127.0.0.1"))
    for status in (302, 307, 500, 201):
        assert post(way, f"http://hooks.test:{receiver.port}/{status}") == status
    assert [path for path, *_ in receiver.got] == ["/302", "/307", "/500", "/201"]


PRIVATE = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:93.184.216.34", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1",
    "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_of_the_internet_is_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(NotSent, match="private network"):
        post(Outgoing(private=False, resolve=to("93.184.216.34", address)), "https://hooks.test/")


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1"])
def test_what_is_of_the_internet_is_not(address: str) -> None:
    assert is_public(address)


NUMBERS = ["https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://[::1]/"]


@pytest.mark.parametrize("url", [*NUMBERS, "https://localhost/", "https://[::ffff:127.0.0.1]/", "https://127.1/"])
def test_however_this_machine_is_spelt_nobody_connects_to_it(url: str) -> None:
    with pytest.raises(NotSent, match=r"private network|not known|is none"):
        post(Outgoing(private=False), url)


@pytest.mark.parametrize(
    "url",
    ["", "hooks.test", "ftp://hooks.test/", "file:///etc/passwd", "https://", "https://user:word@hooks.test/",
     "http://hooks.test/", "https://hooks.test:99999/", "https://ho\0st/", "https://xn--\udce9/", "javascript:1"],
)  # fmt: skip
def test_what_is_no_address_for_us_is_refused_when_it_is_given(url: str) -> None:
    with pytest.raises(NotSent):
        asyncio.run(Outgoing(private=False, resolve=to("93.184.216.34")).check(url))


def test_a_name_that_changes_its_mind_is_asked_once(receiver: Receiver) -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    way = Outgoing(private=False, resolve=rebinding)
    asyncio.run(way.check("https://hooks.test/"))
    with pytest.raises(NotSent, match="private network"):
        post(way, f"https://hooks.test:{receiver.port}/")
    assert (len(asked), receiver.got) == (2, [])


def test_an_address_that_does_not_answer_gives_way_to_the_next(receiver: Receiver) -> None:
    way = Outgoing(private=True, resolve=to("127.0.0.2", "127.0.0.1"))
    assert post(way, f"http://hooks.test:{receiver.port}/204") == 204
    with pytest.raises(NotSent, match="connected"):
        post(Outgoing(private=True, resolve=to("127.0.0.2")), f"http://hooks.test:{receiver.port}/204")


def test_a_host_that_there_is_not_is_told() -> None:
    async def nobody(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    with pytest.raises(NotSent, match="not known"):
        post(Outgoing(private=True, resolve=nobody), "https://hooks.test/")


@pytest.mark.parametrize(
    "says", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"nonsense\r\n\r\n"], ids=["nothing", "drip", "noise"]
)
def test_who_takes_too_long_or_speaks_nonsense_has_not_answered(says: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "_WHOLE_SECONDS", 0.3)

    async def scene() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(says)
            await writer.drain()
            await asyncio.sleep(2)
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        way = Outgoing(private=True)
        async with way.open():
            with pytest.raises(NotSent, match="did not answer"):
                await way.post(f"http://127.0.0.1:{port}/", {}, b"{}")
        server.close()

    asyncio.run(scene())


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], tuple[ssl.SSLContext, ssl.SSLContext]]:
    """TLS for the name hooks.test, of a server and of who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hooks.test")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("hooks.test")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    made = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return lambda: _contexts(file)


def _contexts(file: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))


def test_tls_is_checked_for_the_name_and_not_for_the_address(
    certified: Callable[[], tuple[ssl.SSLContext, ssl.SSLContext]],
) -> None:
    server, trusting = certified()
    receiver = Receiver()
    receiver.socket = server.wrap_socket(receiver.socket, server_side=True)
    with serving(receiver):
        way = Outgoing(private=True, resolve=to("127.0.0.1"), tls=trusting)
        assert post(way, f"https://hooks.test:{receiver.port}/204") == 204
        for refused in (f"https://other.test:{receiver.port}/", f"https://127.0.0.1:{receiver.port}/"):
            with pytest.raises(NotSent, match="connected"):
                post(way, refused)
        with pytest.raises(NotSent, match="connected"):
            post(Outgoing(private=True, resolve=to("127.0.0.1")), f"https://hooks.test:{receiver.port}/")
