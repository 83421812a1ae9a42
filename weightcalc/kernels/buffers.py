"""The type of what kernels read: anything with the buffer protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Bytes: TypeAlias = Any  # the buffer protocol has no name before Python 3.12
