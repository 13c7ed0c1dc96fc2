"""What a program needs and the library OS has not, told before it is built: docs/reference/refusals.md."""

from converter.analyze.refusal.gpu import without_its_driver
from converter.analyze.refusal.model import Refusal
from converter.analyze.refusal.rules import evidence_lines, refusal_error, refusals

__all__ = ["Refusal", "evidence_lines", "refusal_error", "refusals", "without_its_driver"]
