"""
What values are to whoever adds masks up: a byte for each; 0 where neither of these is so.
"""

IS_CLASS = 1  # of the class of its number
IS_IGNORED = 2  # of none
