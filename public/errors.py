"""Every error that penstock raises on purpose: the same as `penstock.core.errors`."""

from penstock.core.errors import *  # noqa: F403  # hands on all of them
from penstock.core.errors import __all__  # noqa: F401  # as above
