"""
The colours of drawings, on light and on dark paper.

Text and dots have a contrast of 4.5 and more with the paper and with the bands on it.
"""

from __future__ import annotations

LIGHT = {
    "ink": "#1f2328", "soft": "#59636e", "bad": "#b3261e", "paper": "#ffffff", "band": "#f3f5f7",
    "grid": "#d5dbe1",
}  # fmt: skip
DARK = {
    "ink": "#e6edf3", "soft": "#9da7b3", "bad": "#ff8d85", "paper": "#0f141a", "band": "#171d25",
    "grid": "#313a45",
}  # fmt: skip
LIGHT_DOTS = (
    *("#1f66ad", "#a8500b", "#23763a", "#8f3a8f"),
    *("#0f7274", "#b3261e", "#6b5d00", "#57606a"),
)
DARK_DOTS = (
    *("#6cb2f5", "#f2a45c", "#7ccb8a", "#dc97e6"),
    *("#56c7c4", "#ff8d85", "#d4c14a", "#aab4be"),
)
