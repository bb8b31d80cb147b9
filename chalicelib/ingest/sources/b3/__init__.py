"""The source `b3`: official closes, from B3's index statistics or from files of B3."""
