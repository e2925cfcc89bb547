"""A source tree → what is in it. Usable with neither Django nor a database."""

from planner.scanner.from_git import scan_git
from planner.scanner.result import ScanFailed, ScanResult
from planner.scanner.scan import scan_folder, scan_tree
from planner.scanner.write import write_report

__all__ = ["ScanFailed", "ScanResult", "scan_folder", "scan_git", "scan_tree", "write_report"]
