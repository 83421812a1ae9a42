"""What the allocator of the system is told before many masks are counted."""

from __future__ import annotations

from functools import cache

_LARGE = 16 << 20  # bytes; more than any piece of a mask


@cache  # a second block would be one that has been freed, and be made zeros
def keep_freed_memory() -> None:
    """
    Let glibc keep the pieces that are freed while masks are counted.

    It gives pieces of this size back to the system when they are freed, and fetches them again
    page by page, until a larger block has been freed once. This one is never touched, so it
    costs nothing; other allocators do not mind.
    """
    bytes(_LARGE)
