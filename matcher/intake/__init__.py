"""Tables of any dialect → Companies and a report of what was rejected (数据接入)."""

from matcher.intake.cells import read_cells
from matcher.intake.companies import Companies, Intake, from_profiles, read_files
from matcher.intake.rejects import Reject, write_rejects

__all__ = ["Companies", "Intake", "Reject", "from_profiles", "read_cells", "read_files", "write_rejects"]
