"""Values that masks declare as nodata, and that are counted as classes all the same."""

from __future__ import annotations

from weightcalc import LabelMap
from weightcalc.counts.tally import Counted, Tally
from weightcalc.masks.value_counts import ValueCounts


def test_many_values_of_nodata():
    """Of masks that declare a different value each, the first 1,000 values are held, and counted on."""
    tally = Tally(LabelMap(1 << 16))
    for value in [*range(3000), 7]:
        mask = ValueCounts({value: 2}, 2, "16-bit grey", 65535, nodata=value)
        tally.add(Counted(f"{value}.tif", [mask]))
    remarks = tally.about_set()
    assert len(remarks) == 1000
    assert remarks[7].startswith("2 masks (7.tif is the first) declare 7 as nodata")
    assert tally.so_far().pixels[2999] == 2
