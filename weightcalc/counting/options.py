"""Who counts the masks of a run, and what becomes of those that cannot be read."""

from typing import NamedTuple

ON_ERROR = ("fail", "skip")  # what to do about masks that cannot be read


class RunOptions(NamedTuple):
    """
    How the masks of a run are counted.

    Attributes
    ----------
    jobs : int, optional
        Processes. Default is one for each core, or one where that is sooner done.
    dask : str, optional
        Address of the scheduler of a Dask cluster, which counts instead.
    cache : str, optional
        File that keeps the counts of masks from one run to the next.
    requests : int
        Requests for masks behind URLs that are under way at a time, in all processes together.
    on_error : str
        "fail", or "skip" to leave out masks that cannot be read.
    """

    jobs: int | None = None
    dask: str | None = None
    cache: str | None = None
    requests: int = 64
    on_error: str = "fail"
