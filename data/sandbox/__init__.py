"""A function run in a process of its own that takes neither the memory nor the time nor the network of the server."""

from data.sandbox.messages import Stopped, stopped
from data.sandbox.parent import Limits, prepare, release, run

__all__ = ["Limits", "Stopped", "prepare", "release", "run", "stopped"]
