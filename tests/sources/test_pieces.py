"""Pieces of remote files: bounded, put together right, and never those of two contents."""

from __future__ import annotations

import asyncio
import io
import re

import numpy as np
import pytest
from support.faulty_server import A, counts_of, faulty, made

from weightcalc import MaskError, count_file, count_masks
from weightcalc.sources import fetching
from weightcalc.sources.names import ListedUrl

pytest.importorskip("aiohttp")
pytest.importorskip("fsspec")


pytestmark = pytest.mark.usefixtures("in_haste")


def test_bytes_under_way_are_bounded(monkeypatch):
    """However many requests may be under way, their bodies are read as far as there is room."""
    monkeypatch.setattr(fetching, "ROOM", fetching.Room(3 * len(A)))
    used = []
    take = fetching.Room.try_to_take

    def tried(room, number, ticket):
        fits = take(room, number, ticket)
        used.append(room._used)
        return fits

    monkeypatch.setattr(fetching.Room, "try_to_take", tried)
    with faulty(lambda path, number: [made()]) as (_, url):
        names = [f"{url}/{n:03}.png" for n in range(60)]
        assert count_masks(names, num_requests=30).num_masks == 60
    assert max(used) <= 4 * len(A)  # one more for the mask that is waited for
    assert fetching.ROOM._used == 0


def test_room_that_is_given_while_somebody_begins_to_wait():
    """A request that becomes urgent just after it has found no room goes on all the same."""
    room = fetching.Room(1)
    taken = fetching.Ticket()
    assert room.try_to_take(1, taken)

    class Late(fetching.Ticket):
        """It is not urgent when it is looked at first, and is before anything else happens."""

        looks = 0

        @property
        def is_urgent(self):
            self.looks += 1
            if self.looks == 1:
                room.look_again()
            return self.looks > 1

        @is_urgent.setter
        def is_urgent(self, value):
            pass

    late = Late()
    fetching.run(asyncio.wait_for(room.take(1, late), 10))
    assert late.looks == 2


@pytest.mark.parametrize("ranged", [True, False])
def test_files_above_one_piece(monkeypatch, ranged):
    """A large file comes in pieces of ranges, or in a second request for the whole."""
    values = np.zeros((3000, 3000), np.uint8)
    values[-1, -1] = 7
    data = write_npy(values)
    heads = []

    def answer(path, number):
        wanted = re.search(r"Range: bytes=(\d+)-(\d+)", heads[-1].heads[-1])
        if not ranged or wanted is None:
            return [made(data)]
        start, end = int(wanted[1]), min(int(wanted[2]), len(data) - 1)
        more = f'Content-Range: bytes {start}-{end}/{len(data)}\r\nETag: "x"\r\n'
        return [made(data[start : end + 1], "206 Partial Content", more)]

    with faulty(answer) as (server, url):
        heads.append(server)
        assert counts_of(f"{url}/a.npy") == {0: 8_999_999, 7: 1}
        assert server.asked == {"/a.npy": 3 if ranged else 2}


def write_npy(values):
    """The bytes of a .npy file."""
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def test_a_file_that_changes_between_its_pieces():
    """Pieces of two contents are not put together."""
    data = bytes(6 << 20)

    def answer(path, number):
        start = 0 if number == 1 else 4 << 20
        end = min(start + (4 << 20), len(data)) - 1
        more = f'Content-Range: bytes {start}-{end}/{len(data)}\r\nETag: "{number}"\r\n'
        return [made(data[start : end + 1], "206 Partial Content", more)]

    with faulty(answer) as (_, url), pytest.raises(MaskError, match="changed"):
        count_file(f"{url}/a.npy")


def test_a_whole_file_that_changes_between_its_pieces():
    """A server without parts is asked a second time, and must send the same file."""
    data = bytes(6 << 20)

    def answer(path, number):
        return [made(data if number == 1 else data + bytes(4))]

    with faulty(answer) as (_, url), pytest.raises(MaskError, match="changed"):
        count_file(f"{url}/a.label")


def test_parts_of_a_file_of_unknown_size():
    """Parts that are shorter than asked for are no end, where the server does not say the size."""
    scan = np.arange(10, dtype="<u4").tobytes()

    def answer(path, number):
        start = 8 * (number - 1)
        if start == len(scan):
            return [made(b"", "416 Range Not Satisfiable")]
        more = f"Content-Range: bytes {start}-{start + 7}/*\r\n"
        return [made(scan[start : start + 8], "206 Partial Content", more)]

    with faulty(answer) as (_, url):
        assert counts_of(f"{url}/a.label") == dict.fromkeys(range(10), 1)


def test_an_empty_file_has_not_changed():
    """A file that was listed as empty is called so, though stores send no tag with nothing."""
    nothing = made(b"", "416 Range Not Satisfiable")
    with (
        faulty(lambda path, number: [nothing]) as (_, url),
        pytest.raises(MaskError, match="empty"),
    ):
        count_file(ListedUrl(f"{url}/a.png", 0, '"tag"'))


def test_a_mask_that_is_not_as_listed():
    """A mask of another size or tag than its listing said is refused."""
    with faulty(lambda path, number: [made(more='ETag: "new"\r\n')]) as (_, url):
        right = ListedUrl(f"{url}/a.png", len(A), '"new"')
        assert counts_of(right) == {0: 2, 1: 3, 2: 1}
        for size, tag in [(len(A), '"old"'), (len(A) + 1, '"new"')]:
            with pytest.raises(MaskError, match="changed"):
                count_file(ListedUrl(f"{url}/a.png", size, tag))
