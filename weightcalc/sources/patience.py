"""
What servers answer in the place of a mask: what is said of it, and what is asked for again.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from itertools import count
from typing import Any, NamedTuple, TypeVar

from ..errors import AccessError, DecodeError, MaskError, WeightcalcError
from ..text.escape import printable
from .guard import first_line, is_bug

MOST_TRIES = 5
SECONDS_IN_ALL = 300  # for all tries of one request
SECONDS_A_PAGE = 120  # of a listing
_FIRST_WAIT = 0.5  # seconds, doubled from one try to the next
_LONGEST_WAIT = 60  # seconds, also where a server asks for more

# Types by their names, as the packages that define them may not be there: what passes.
_PASSING = {
    "ClientConnectionError",  # aiohttp
    "ClientPayloadError",
    "ConnectionError",
    "HTTPClientError",  # botocore
    "IncompleteReadError",
    "ResponseStreamingError",
    "ServiceRequestError",  # azure
    "ServiceResponseError",
    "TimeoutError",
    "TransportError",  # google.auth
}
_CUT = {"ClientPayloadError", "CutError", "IncompleteReadError", "ResponseStreamingError"}
_UNREACHED = {
    "ClientConnectorError",
    "ConnectionTimeoutError",  # aiohttp
    "ConnectTimeoutError",  # botocore
    "EndpointConnectionError",
}
_HUNG_UP = {"ConnectionClosedError", "ServerDisconnectedError"}  # botocore, aiohttp
_NO_CREDENTIALS = {
    "ClientAuthenticationError",
    "DefaultCredentialsError",
    "NoCredentialsError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "RefreshError",
}
_PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504, 509}
_SLOW_DOWN = {"SlowDown", "RequestTimeout", "Throttling", "InternalError"}  # codes of S3
_CREDENTIALS = {
    "s3": "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, must name who may read "
    "this; FSSPEC_S3='{\"anon\": true}' reads public buckets",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS must name the key of who may read this; "
    'FSSPEC_GS=\'{"token": "anon"}\' reads public buckets',
    "az": "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and one of "
    "AZURE_STORAGE_ACCOUNT_KEY and AZURE_STORAGE_SAS_TOKEN, must be those of who may read this; "
    "AZURE_STORAGE_ANON=true reads public containers",
    "http": "a URL that may be read without a login, such as one with a token in it",
}
_MORE = "; `weightcalc help remote` has more on this"
T = TypeVar("T")


class StatusError(Exception):
    """A server answers with a status that is no success; `wait` is its Retry-After, or ""."""

    def __init__(self, status: int, wait: str = "") -> None:
        super().__init__(status, wait)
        self.status = status
        self.wait = wait


class CutError(ConnectionError):
    """A server stops before the end of what it promised."""


class SlowError(TimeoutError):
    """A server sends, but so slowly that it would never end; with what may help."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


class Trouble(NamedTuple):
    """
    What is wrong with an answer.

    Attributes
    ----------
    reason, hint : str
        What is said of it.
    passes : bool
        Whether the same request may succeed later.
    unreached : bool
        Whether nobody answered at all.
    wait : float
        Seconds that the server asks to wait; 0 if it does not say.
    kind : type of DecodeError, optional
        Of the error of the mask.
    """

    reason: str
    hint: str = ""
    passes: bool = False
    unreached: bool = False
    wait: float = 0.0
    kind: type[DecodeError] | None = None


class Reached:
    """
    How a server, or a bucket, has answered so far in this process.

    Attributes
    ----------
    ever : bool
        Whether it has answered at all, so that no answer is a failure that may pass.
    lost_in_a_row : int
        Requests that failed to the end, since the last one that succeeded.
    """

    def __init__(self) -> None:
        self.ever = False
        self.lost_in_a_row = 0


_REACHED: dict[str, Reached] = {}  # by scheme and host
_MOST_HOSTS = 1000  # that are remembered


def reached_by(url: str) -> Reached:
    """How the server of a URL has answered so far."""
    scheme, _, rest = url.partition("://")
    key = f"{scheme}://{rest.partition('/')[0]}"
    if key not in _REACHED:
        if len(_REACHED) >= _MOST_HOSTS:
            _REACHED.clear()
        _REACHED[key] = Reached()
    return _REACHED[key]


def forget() -> None:
    """Forget how servers have answered."""
    _REACHED.clear()


async def patiently(ask: Callable[[], Awaitable[T]], url: str) -> T:
    """
    Ask a server, and ask again where that may help, with growing pauses.

    Parameters
    ----------
    ask : callable
        Makes one request.
    url : str
        What it is about.

    Raises
    ------
    MaskError
        If it does not answer as it should; faults of our own are raised as they are.
    """
    start = time.monotonic()
    reached = reached_by(url)
    for number in count(1):
        try:
            answer = await ask()
        except DecodeError as error:
            raise MaskError.of(url, error) from error
        except WeightcalcError:
            raise
        except Exception as error:  # file systems raise what they like
            if is_bug(error, StatusError):
                raise
            trouble = trouble_of(error, url)
            reached.ever = reached.ever or not trouble.unreached
            wait = _pause(number, trouble.wait)
            late = time.monotonic() - start + wait > SECONDS_IN_ALL
            if not trouble.passes or number == MOST_TRIES or late or not reached.ever:
                reached.lost_in_a_row += trouble.passes
                raise _mask_error(url, trouble, number) from error
        else:
            reached.ever, reached.lost_in_a_row = True, 0
            return answer
        await asyncio.sleep(wait)
    raise AssertionError  # the loop has no end


async def page_in_time(ask: Callable[[], Awaitable[T]]) -> T:
    """
    Make one request for a page of a listing, which a server may send in drops.

    Raises
    ------
    SlowError
        If it has not come in time.
    Exception
        Whatever the request raises.
    """
    limit = asyncio.timeout(SECONDS_A_PAGE)
    try:
        async with limit:
            return await ask()
    except TimeoutError as error:
        if limit.expired():
            raise SlowError(f"too slow: no page of a listing in {SECONDS_A_PAGE} s") from error
        raise


def _pause(number: int, asked: float) -> float:
    """Seconds to wait after a try; different ones, so that not all masks come back at once."""
    own = _FIRST_WAIT * 2 ** (number - 1) * random.uniform(0.5, 1)
    return min(max(own, asked), _LONGEST_WAIT)


def _mask_error(url: str, trouble: Trouble, tries: int) -> MaskError:
    times = f", in {tries} tries" if tries > 1 else ""
    return MaskError(url, trouble.reason + times, trouble.kind).with_hint(trouble.hint)


def trouble_of(error: Exception, url: str) -> Trouble:
    """What is wrong, by the types and the attributes that the packages of the stores share."""
    chain = list(_chain(error))
    names = {base.__name__ for each in chain for base in type(each).__mro__}
    status = next(filter(None, map(_status, chain)), 0)
    if isinstance(error, SlowError):
        return Trouble(str(error), error.hint, passes=True)
    if status in (401, 403) or names & _NO_CREDENTIALS or isinstance(error, PermissionError):
        return _no_access(url, status)
    if status == 404 or (isinstance(error, FileNotFoundError) and not status):
        return Trouble("not found")
    if status:
        passes = status in _PASSING_STATUS or bool(_codes(chain) & _SLOW_DOWN)
        wait = next(filter(None, map(_retry_after, chain)), 0.0)
        return Trouble(f"the server answers {_in_words(status)}", passes=passes, wait=wait)
    unreached = bool(names & _UNREACHED)
    if any("Timeout" in name for name in names):
        return Trouble("no answer in time", passes=True, unreached=unreached)
    if names & _CUT:
        return Trouble("reading it stopped before its end", passes=True)
    if names & _HUNG_UP:
        return Trouble("the server hung up without an answer", passes=True)
    return Trouble(first_line(error), passes=bool(names & _PASSING), unreached=unreached)


def _no_access(url: str, status: int) -> Trouble:
    reason = f"the server answers {_in_words(status)}" if status else "there are no credentials"
    return Trouble(reason, credentials_hint(url), kind=AccessError)


def credentials_hint(url: str) -> str:
    """What to set so that a store gives what it has."""
    scheme = url.partition("://")[0]
    known = {"gcs": "gs", "abfs": "az", "https": "http"}.get(scheme, scheme)
    return _CREDENTIALS[known] + _MORE


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(8):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _status(error: BaseException) -> int:
    """The status of HTTP that an exception of some package carries, or 0."""
    for name in ("status", "status_code", "code"):
        value = getattr(error, name, None)
        if name == "code" and type(error).__name__ != "HttpError":  # of gcsfs
            continue
        if isinstance(value, int) and 300 <= value < 600:
            return value
    return int(_metadata(error).get("HTTPStatusCode") or 0)


def _metadata(error: BaseException) -> dict[str, Any]:
    """What botocore says of an answer."""
    response = getattr(error, "response", None)
    found = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    return found if isinstance(found, dict) else {}


def _codes(chain: list[BaseException]) -> set[str]:
    responses = [getattr(error, "response", None) for error in chain]
    return {
        str(response.get("Error", {}).get("Code", ""))
        for response in responses
        if isinstance(response, dict)
    }


def _retry_after(error: BaseException) -> float:
    """Seconds that a server asks to wait; dates are not understood, and are 0."""
    headers = _metadata(error).get("HTTPHeaders")
    if headers is None:
        headers = getattr(getattr(error, "response", None), "headers", None)
    text = getattr(error, "wait", "") or (headers.get("retry-after") if headers else "")
    try:
        return min(max(float(text or 0), 0), _LONGEST_WAIT)
    except ValueError:
        return 0.0


def _in_words(status: int) -> str:
    try:
        return f"{status} ({HTTPStatus(status).phrase})"
    except ValueError:
        return printable(str(status))
