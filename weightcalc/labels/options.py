"""What a user says of the classes of masks."""

from typing import NamedTuple


class LabelOptions(NamedTuple):
    """
    Which values are which classes, in the words of the command line.

    Attributes
    ----------
    num_classes : int, optional
        Classes are 0 to ``num_classes - 1``.
    classes : str, optional
        A class list: a file, or the name of a preset.
    ignore_index : tuple of str
        Values that are no class.
    mapping : tuple of str
        ``VALUE:CLASS``, or the names of files that hold such pairs.
    reduce_zero_label : bool
        0 and the largest value of the sample type are ignored, v becomes v - 1.
    rest : str, optional
        Class of what no layer covers, where each class has a file of its own.
    """

    num_classes: int | None = None
    classes: str | None = None
    ignore_index: tuple[str, ...] = ()
    mapping: tuple[str, ...] = ()
    reduce_zero_label: bool = False
    rest: str | None = None

    @property
    def of_values(self) -> bool:
        """Whether they speak of values: in counts files these are classes already."""
        return bool(self.ignore_index or self.mapping or self.reduce_zero_label)
