"""From B3's files of the whole market (COTAHIST) to the rows of the table of shares. Pure: no AWS library."""
