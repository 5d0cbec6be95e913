"""Who may come in to the engine: decided from a request's path, query and headers alone."""

import pytest

from engine.doors import Doors, origins_of

PAGE = "http://127.0.0.1:8800"
DOORS = Doors(4566, origins_of(f"{PAGE}, https://Course.Example:443"))
PURGE = "Action=PurgeQueue&QueueUrl=http://localhost:4566/000000000000/orders"
SIGNED = {"authorization": "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/sqs/aws4_request"}


def refusal(path: str = "/", query: str = "", host: str = "127.0.0.1:4566", **headers: str) -> str:
    """Headers with `_` for `-`; no Host where it is empty."""
    named = {**({"host": host} if host else {}), **{name.replace("_", "-"): value for name, value in headers.items()}}
    return DOORS.refusal(path, query.encode(), [(name.encode(), value.encode()) for name, value in named.items()])


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:4566",
        "127.0.0.1",
        "127.8.9.10:4566",
        "localhost:4566",
        "LOCALHOST:4566",
        "localhost:9000",  # a forwarded port
        "[::1]:4566",
        "photos.localhost:4566",
        "photos.s3.localhost:4566",
        "photos.s3.us-east-1.localhost:4566",
        "0a1b2c3d.execute-api.localhost:4566",
        "e1abcdef.cloudfront.localhost:4566",
        "my-balancer.alb.localhost:4566",
        "course.example",  # the page is allowed, so its name is
    ],
)
def test_programs_come_in_by_the_names_of_this_machine(host: str) -> None:
    assert refusal(host=host) == ""
    assert refusal("/_ministack/reset", host=host) == ""
    assert refusal("/", PURGE, host=host, sec_fetch_mode="cors") == ""  # Node's fetch sends this, and only this


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:4566",
        "0.0.0.0:4566",
        "10.0.0.7:4566",
        "169.254.169.254",
        "127.0.0.1.nip.io:4566",
        "127.0.0.1.evil.example:4566",
        "localhost.evil.example:4566",
        "evillocalhost:4566",
        "localhost:4566@evil.example",
        "evil.example@localhost:4566",
        "localhost, evil.example",
        "localhost:4566/../evil.example",
        "[::1",
        "[::ffff:10.0.0.7]:4566",
        "course.example:4566",
        "amazonaws.com.evil.example",
        "evilamazonaws.com",
    ],
)
def test_foreign_names_do_not(host: str) -> None:
    assert "serves the names of this machine" in refusal(host=host)
    assert "serves the names of this machine" in refusal(host=host, origin=f"http://{host}", **SIGNED)


def test_every_name_that_a_request_gives_counts() -> None:
    good, bad = (b"host", b"localhost:4566"), (b"host", b"evil.example")
    assert DOORS.refusal("/", b"", [good, bad]) and DOORS.refusal("/", b"", [bad, good])
    assert DOORS.refusal("/", b"", [good, (b":authority", b"evil.example")])
    assert not DOORS.refusal("/", b"", [(b":authority", b"localhost:4566")])  # HTTP/2
    origins = [(b"origin", PAGE.encode()), (b"origin", b"http://evil.example")]
    assert DOORS.refusal("/", b"", [good, *origins])


def test_names_of_aws_are_for_signed_requests_of_programs() -> None:
    host = "dynamodb.us-east-1.amazonaws.com"
    assert refusal(host=host, **SIGNED) == ""
    assert refusal(host="sts.cn-north-1.amazonaws.com.cn", **SIGNED) == ""
    assert refusal(host=host, x_amz_target="AWSCognitoIdentityProviderService.InitiateAuth") == ""
    assert "an SDK has signed" in refusal(host=host)
    assert "an SDK has signed" in refusal(host=host, origin=f"http://{host}", **SIGNED)
    assert "an SDK has signed" in refusal(host=host, sec_fetch_site="none", **SIGNED)


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:4566",
        "http://localhost:4566",
        "http://[::1]:4566",
        "https://localhost:4566",
        "http://e1abcdef.cloudfront.localhost:4566",
        PAGE,
        "https://course.example",
    ],
)
def test_pages_of_the_engine_and_those_that_are_named_come_in(origin: str) -> None:
    for site in ("same-origin", "same-site", "cross-site"):
        assert refusal("/2015-03-31/functions", origin=origin, sec_fetch_site=site) == ""
        # An image, a link and a frame have no Origin.
        assert refusal(referer=f"{origin}/a/page.html?b", sec_fetch_site=site) == ""
    assert refusal(origin=origin, upgrade="websocket") == ""


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://evil.example:4566",
        "http://127.0.0.1:8801",
        "http://localhost",
        "http://localhost:8800",  # another origin than the one that is named
        "http://course.example",
        "https://course.example:8443",
        "https://evil.course.example",
        "http://localhost:4566.evil.example",
        "http://localhost.evil.example:4566",
        "http://evil.example@localhost:4566",
        "http://127.0.0.1:4566, http://evil.example",
        "http://dynamodb.us-east-1.amazonaws.com:4566",
        "chrome-extension://abcdefgh",
        "file://",
        "null",
        "",
    ],
)
def test_other_pages_do_not(origin: str) -> None:
    assert "takes nothing from" in refusal(origin=origin)
    assert "takes nothing from" in refusal(origin=origin, sec_fetch_site="same-origin")
    for site in ("same-site", "cross-site", "new-site"):
        assert "takes nothing from" in refusal(sec_fetch_site=site)
        assert "takes nothing from" in refusal(referer=f"{origin}/page", sec_fetch_site=site)


def test_a_forwarded_port_has_pages_too() -> None:
    assert refusal(host="localhost:9000", origin="http://localhost:9000") == ""
    assert refusal(host="localhost:4566", origin="http://localhost:9000") != ""


def test_what_a_user_types_may_look_and_not_act() -> None:
    """Where somebody types an address, or opens one from a mail, and it redirects here, this looks the same."""
    typed = {"sec_fetch_site": "none", "sec_fetch_mode": "navigate"}
    assert refusal("/bucket/key", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0", **typed) == ""
    for query in (PURGE, "%41ction=PurgeQueue", "Action=ConfirmSubscription&Action=PurgeQueue", "Action="):
        assert "cannot call an action" in refusal("/", query, **typed)
    assert refusal("/", "Action=ConfirmSubscription&Token=0", **typed) == ""
    assert refusal("/", PURGE, sec_fetch_site="same-origin") == ""  # a page of the engine's own


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://127.0.0.1:4566"},
        {"origin": PAGE},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_mode": "cors"},
        {"sec_fetch_dest": "image"},
    ],
)
def test_what_is_the_engines_own_is_not_for_browsers(headers: dict[str, str]) -> None:
    assert "not for browsers" in refusal("/_ministack/reset", **headers)
    assert "not for browsers" in refusal("/_ministack/health", **headers)


@pytest.mark.parametrize(
    "text", ["*", "null", "evil.example", "http://", "ftp://a", "http://a/b", "http://a b", "http://a:x"]
)
def test_an_allowed_page_is_an_origin(text: str) -> None:
    with pytest.raises(ValueError, match=r"LAB_ALLOWED_ORIGINS: expected addresses like http://127.0.0.1:8800, not"):
        origins_of(text)
    assert origins_of(" ") == frozenset()
    assert origins_of("http://A:80 https://b:443,http://c:81") == {"http://a", "https://b", "http://c:81"}
