"""The merge of B3's files of the market into the table of shares, on Spark, and its commit."""
