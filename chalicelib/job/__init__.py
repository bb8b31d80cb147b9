"""The merge of all of raw into refined, and its commit."""
