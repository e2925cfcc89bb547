"""What to write instead, and patches of it: edits that run on both sides of the upgrade, or after the flip."""

from planner.scanner.fixes.patch import AFTER, NOW, PatchResult, corrected, patch_of

__all__ = ["AFTER", "NOW", "PatchResult", "corrected", "patch_of"]
