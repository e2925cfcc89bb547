"""Findings as scans see them, made up so that many are alike."""

from __future__ import annotations

from hypothesis import strategies as st

from planner.domain.identity import Trace

TRACE = st.builds(
    Trace,
    st.sampled_from(["a.py", "b.py", "d/a.py"]),
    st.sampled_from(["AIR301", "AIR311"]),
    st.sampled_from(["x", "y"]),
    st.integers(1, 12),
    st.integers(1, 3),
    st.sampled_from(["", "p", "q"]),
)
