"""policywire: what a payer's coverage policy will do to a claim line or a booked procedure, said while one can act."""

from importlib.metadata import version

__version__ = version("policywire")
