"""An upload from its bytes to an accepted dataset, its file read by a confined process only."""

from data.depot.depot import Depot, Status
from data.depot.files import Reception
from data.depot.report import Asked, Report

__all__ = ["Asked", "Depot", "Reception", "Report", "Status"]
