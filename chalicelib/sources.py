"""The names that bars give as their source, in the column `fonte`, and which source wins a session."""

from __future__ import annotations

SYNTHETIC = "sample"
"""The source of generated bars. A lake holds these or real ones, never both."""

CORRECTION = "correcao"
"""The source of bars that were given to correct others, whatever source they were read from."""

RANKS = {SYNTHETIC: 0, "csv": 1, "yahoo": 2, CORRECTION: 3}
"""The source with the greater rank wins a session: a file of old history fills gaps and never overrides Yahoo; a
correction overrides both."""
