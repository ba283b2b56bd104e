"""Tables of any dialect → Companies and a report of what was rejected (数据接入)."""

from matcher.intake.cells import read_cells
from matcher.intake.companies import Companies, Intake, from_profiles, read_files
from matcher.intake.frames import Frame, companies_of, read_frame
from matcher.intake.rejects import Reject, write_rejects

__all__ = [
    "Companies", "Frame", "Intake", "Reject", "companies_of", "from_profiles", "read_cells", "read_files", "read_frame", "write_rejects",
]  # fmt: skip
