"""Whose address a request has. Nobody outside chooses his own."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tenantry.errors import InvalidInput
from tenantry.kernel import Actor
from tenantry.web.forwarded import HOPS, Proxies

TRUSTED = ["10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48", "unix"]
XFF = Proxies(TRUSTED)
FORWARDED = Proxies(TRUSTED, header="forwarded")


def scope(
    peer: str | None, *headers: tuple[str, str | bytes], scheme: str = "http"
) -> dict[str, Any]:
    lines = [
        (name.encode(), value if isinstance(value, bytes) else value.encode("latin-1"))
        for name, value in headers
    ]
    return {
        "type": "http",
        "scheme": scheme,
        "client": None if peer is None else (peer, 5000),
        "headers": lines,
    }


def xff(peer: str | None, *lines: str) -> str | None:
    return XFF.client(scope(peer, *[("x-forwarded-for", line) for line in lines]))


def forwarded(peer: str | None, *lines: str) -> str | None:
    return FORWARDED.client(scope(peer, *[("forwarded", line) for line in lines]))


# ---- the address ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "lines", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.9, 10.9.9.9", "192.0.2.7"], "203.0.113.9"),
        # All of them are trusted: the one furthest away asked.
        ("10.0.0.1", ["10.0.0.3,10.0.0.2"], "10.0.0.3"),
        # What cannot be read ends the walk.
        ("10.0.0.1", ["203.0.113.9, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4, what, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["1.2.3.4,"], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4, 010.0.0.2"], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4, 10.0.0.2\xa0"], "10.0.0.1"),
        ("10.0.0.1", [", 203.0.113.9"], "203.0.113.9"),
        # Ports, brackets, zones, and IPv4 in IPv6's clothes.
        ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:DB8::5]:4711"], "2001:db8::5"),
        ("10.0.0.1", ["[2001:db8::5]"], "2001:db8::5"),
        ("10.0.0.1", ["2001:db8:0::0:5"], "2001:db8::5"),
        ("10.0.0.1", ["fe80::1%eth0"], "fe80::1"),
        ("10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("::ffff:203.0.113.9", ["1.2.3.4"], "203.0.113.9"),
        ("2001:db8:1::2", ["203.0.113.9"], "203.0.113.9"),
        ("2001:db8:2::2", ["203.0.113.9"], "2001:db8:2::2"),
        ("fe80::1%eth0", [], "fe80::1"),
        (None, ["203.0.113.9"], "203.0.113.9"),
        (None, [], None),
        ("testclient", ["203.0.113.9"], None),
    ],
)
def test_the_client_is_the_last_one_that_is_not_trusted(
    peer: str | None, lines: list[str], client: str | None
) -> None:
    assert xff(peer, *lines) == client


@pytest.mark.parametrize(
    ("lines", "client"),
    [
        (["for=203.0.113.9"], "203.0.113.9"),
        (["For=203.0.113.9;Proto=https;by=10.0.0.1"], "203.0.113.9"),
        (['for="[2001:db8::5]:4711"'], "2001:db8::5"),
        (["for=1.2.3.4, for=203.0.113.9;proto=http", "for=10.0.0.4"], "203.0.113.9"),
        (["for=1.2.3.4, for=unknown"], "10.0.0.1"),
        (["for=1.2.3.4, for=_hidden, for=10.0.0.2"], "10.0.0.2"),
        (["for=1.2.3.4, proto=https"], "10.0.0.1"),
        (["for=203.0.113.9;for=1.2.3.4"], "10.0.0.1"),
        (['for="1.2.3.4, for=203.0.113.9'], "203.0.113.9"),
        (['for=1.2.3.4;host="', 'for="[2001:db8::5]"'], "2001:db8::5"),
        (["203.0.113.9"], "10.0.0.1"),
    ],
)
def test_the_standard_header_is_read_in_the_same_way(lines: list[str], client: str) -> None:
    assert forwarded("10.0.0.1", *lines) == client


def test_only_the_header_that_was_chosen_counts() -> None:
    assert XFF.client(scope("10.0.0.1", ("forwarded", "for=1.2.3.4"))) == "10.0.0.1"
    assert FORWARDED.client(scope("10.0.0.1", ("x-forwarded-for", "1.2.3.4"))) == "10.0.0.1"


def test_without_proxies_nothing_is_believed() -> None:
    asked = scope("127.0.0.1", ("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https"))
    assert Proxies().client(asked) == "127.0.0.1"
    assert Proxies().scheme(asked) == "http"
    assert Proxies(["10.0.0.0/8"]).client(scope(None, ("x-forwarded-for", "1.2.3.4"))) is None


def test_so_many_hops_are_taken_and_no_more() -> None:
    anywhere = ["0.0.0.0/0", "::/0"]
    asked = scope("192.0.2.1", ("x-forwarded-for", "1.1.1.1, 2.2.2.2, 3.3.3.3"))
    assert [Proxies(anywhere, hops=n).client(asked) for n in (1, 2, 3, 4)] == [
        "3.3.3.3",
        "2.2.2.2",
        "1.1.1.1",
        "1.1.1.1",
    ]
    long = ", ".join(f"10.0.{n // 256}.{n % 256}" for n in range(5000, -1, -1))
    assert xff("10.1.1.1", long) == f"10.0.0.{HOPS - 1}"


@pytest.mark.parametrize("wrong", ["10.0.0.1/8", "proxy.internal", "", "10.0.0.0/33", "*"])
def test_what_is_no_network_is_refused_at_once(wrong: str) -> None:
    with pytest.raises(InvalidInput):
        Proxies([wrong])


def test_so_are_other_headers_and_numbers() -> None:
    with pytest.raises(InvalidInput):
        Proxies(header="x-real-ip")  # type: ignore[arg-type]
    for hops in (0, -1, 65, True, "1"):
        with pytest.raises(InvalidInput):
            Proxies("10.0.0.1", hops=hops)  # type: ignore[arg-type]


def test_neither_nobody_nor_everybody_is_believed_by_mistake() -> None:
    with pytest.raises(InvalidInput, match="none is named"):
        Proxies(hops=1)
    for everybody in ("0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96"):
        with pytest.raises(InvalidInput, match="chooses his address"):
            Proxies(["10.0.0.0/8", everybody])
        Proxies([everybody], hops=1)


def test_a_mapped_network_is_that_of_its_addresses() -> None:
    proxies = Proxies(["::ffff:10.0.0.0/104"])
    assert proxies.client(scope("10.1.2.3", ("x-forwarded-for", "203.0.113.9"))) == "203.0.113.9"


# ---- request ids, scheme and host -----------------------------------------------------------


def test_a_proxys_request_id_is_kept() -> None:
    assert XFF.request_id(scope("10.0.0.1", ("x-request-id", "a.B-9_"))) == "a.B-9_"
    assert XFF.request_id(scope("10.0.0.1", ("x-request-id", "x" * 128))) == "x" * 128


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["", "a"],
        ["a", "a"],
        [""],
        ["x" * 129],
        ["a b"],
        ["a\n"],
        ["\xe9"],
        ["a,b"],
        ['"><script>'],
        ["${jndi:x}"],
    ],
)
def test_otherwise_there_is_a_new_one(headers: list[str]) -> None:
    lines = [("x-request-id", value) for value in headers]
    ids = {XFF.request_id(scope("10.0.0.1", *lines)) for _ in range(3)}
    assert len(ids) == 3
    assert all(UUID(new).version == 7 for new in ids)


def test_nobody_outside_names_his_request() -> None:
    assert XFF.request_id(scope("203.0.113.9", ("x-request-id", "mine"))) != "mine"


@pytest.mark.parametrize(
    ("peer", "own", "said", "scheme"),
    [
        ("10.0.0.1", "http", ["https"], "https"),
        ("10.0.0.1", "ws", ["WSS"], "https"),
        ("10.0.0.1", "https", ["http"], "http"),
        ("10.0.0.1", "http", ["https", "https"], "https"),
        ("10.0.0.1", "http", ["https, http"], "http"),
        ("10.0.0.1", "https", ["https", "http"], "https"),
        ("10.0.0.1", "http", ["gopher"], "http"),
        ("10.0.0.1", "wss", [], "https"),
        ("203.0.113.9", "http", ["https"], "http"),
        ("203.0.113.9", "https", ["http"], "https"),
    ],
)
def test_the_scheme_is_what_the_proxy_says(
    peer: str, own: str, said: list[str], scheme: str
) -> None:
    headers = [("x-forwarded-proto", value) for value in said]
    assert XFF.scheme(scope(peer, *headers, scheme=own)) == scheme


def test_with_the_standard_header_it_is_what_the_outermost_proxy_says() -> None:
    line = "for=1.2.3.4;proto=http, for=203.0.113.9;proto=https;host=a.example, for=10.0.0.2;proto=http"
    asked = scope("10.0.0.1", ("forwarded", line), ("x-forwarded-proto", "http"), ("host", "inner"))
    assert FORWARDED.scheme(asked) == "https"
    assert FORWARDED.host(asked) == "a.example"


def test_the_host_is_a_host() -> None:
    assert XFF.host(scope("203.0.113.9", ("host", "API.example:8443"))) == "api.example:8443"
    assert XFF.host(scope("203.0.113.9", ("host", "[::1]:80"))) == "[::1]:80"
    outer = ("x-forwarded-host", "a.example")
    assert XFF.host(scope("10.0.0.1", ("host", "inner"), outer)) == "a.example"
    assert XFF.host(scope("203.0.113.9", ("host", "inner"), outer)) == "inner"
    for wrong in ("a/b", "a@b", "a b", "", "a\n", "\xe9", "a:b"):
        assert XFF.host(scope("203.0.113.9", ("host", wrong))) is None
    assert XFF.host(scope("203.0.113.9", ("host", "a"), ("host", "b"))) is None
    assert XFF.host(scope("203.0.113.9")) is None


# ---- nobody chooses -------------------------------------------------------------------------


def outside(address: IPv4Address | IPv6Address) -> bool:
    return not XFF._trusts(getattr(address, "ipv4_mapped", None) or address)


ANY = st.ip_addresses(v=4) | st.ip_addresses(v=6)
CLIENTS = (ANY | st.just(ip_address("::ffff:203.0.113.9"))).filter(outside)
OURS = st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="2001:db8:1::/48")
#: What a client may send along: likenesses of the truth, and any bytes that a line can hold.
LIES = st.lists(
    st.sampled_from(
        ["10.0.0.1", "192.0.2.7", "1.2.3.4", "for=", "for=10.0.0.1", ",", ";", '"', "\\", " ", "["]
    ).map(str.encode)
    | ANY.map(lambda a: str(a).encode())
    | st.binary(max_size=6).map(lambda b: b.translate(None, b"\r\n\0")),
    max_size=10,
).map(b"".join)


def spelled(address: IPv4Address | IPv6Address, header: str, port: bool) -> bytes:
    """As a proxy writes whom it talked to."""
    text = (
        f"[{address}]" if address.version == 6 and (port or header == "forwarded") else str(address)
    )
    text += ":4711" if port else ""
    if header == "x-forwarded-for":
        return text.encode()
    return (f'for="{text}"' if ":" in text else f"for={text}").encode()


@given(
    header=st.sampled_from(["x-forwarded-for", "forwarded"]),
    client=CLIENTS,
    lies=st.lists(LIES, max_size=3),
    others=st.lists(LIES, max_size=2),
    proxies=st.lists(st.tuples(OURS, st.booleans(), st.booleans()), min_size=1, max_size=4),
    unix=st.booleans(),
)
@example(
    header="forwarded",
    client=ip_address("2001:db8::5"),
    lies=[b'for="'],
    others=[],
    proxies=[(ip_address("10.0.0.1"), False, False)],
    unix=False,
)
def test_no_client_chooses_its_address(
    *,
    header: Literal["x-forwarded-for", "forwarded"],
    client: IPv4Address | IPv6Address,
    lies: list[bytes],
    others: list[bytes],
    proxies: list[tuple[IPv4Address | IPv6Address, bool, bool]],
    unix: bool,
) -> None:
    """Whatever it sends, each proxy adds its line or lengthens the last one, and the client's own
    address comes out."""
    lines = list(lies)
    before = client
    for address, lengthens, port in proxies:
        entry = spelled(before, header, port)
        if lengthens and lines:
            lines[-1] += b", " + entry
        else:
            lines.append(entry)
        before = address
    name = header.encode()
    other = b"forwarded" if name == b"x-forwarded-for" else b"x-forwarded-for"
    asked = {
        "client": None if unix else (str(before), 1),
        "headers": [(name, line) for line in lines] + [(other, line) for line in others],
    }
    if unix:
        asked["headers"].append((name, spelled(before, header, False)))  # type: ignore[union-attr]
    expected = getattr(client, "ipv4_mapped", None) or ip_address(str(client).partition("%")[0])
    assert Proxies(TRUSTED, header=header).client(asked) == str(expected)
    # Nor does one that comes without a proxy.
    direct = {"client": (str(client), 1), "headers": asked["headers"]}
    assert Proxies(TRUSTED, header=header).client(direct) == str(expected)


@given(
    st.none() | st.tuples(st.text(max_size=50) | ANY.map(str), st.integers()),
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "x-forwarded-for",
                    "forwarded",
                    "x-request-id",
                    "x-forwarded-proto",
                    "x-forwarded-host",
                    "host",
                ]
            ).map(str.encode),
            LIES | st.binary(max_size=300),
        ),
        max_size=6,
    ),
    st.sampled_from(["http", "https", "ws", "wss", "", None]),
)
def test_whatever_comes_nothing_is_raised_and_all_of_it_can_be_written_down(
    peer: Any, headers: list[tuple[bytes, bytes]], scheme: str | None
) -> None:
    asked = {"client": peer, "headers": headers, "scheme": scheme}
    for proxies in (XFF, FORWARDED, Proxies(["0.0.0.0/0", "::/0", "unix"], hops=HOPS)):
        request_id, ip = proxies.request_id(asked), proxies.client(asked)
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", request_id)
        actor = Actor(kind="user", ip=ip, request_id=request_id)
        assert (actor.ip, actor.request_id) == (ip, request_id)
        assert proxies.scheme(asked) in ("http", "https")
        proxies.host(asked)


def test_a_scope_may_be_bare() -> None:
    assert XFF.client({}) is None
    assert XFF.scheme({}) == "http"
    assert XFF.host({}) is None
    assert XFF.request_id({})
