from local.athena.functions.signature import table
FUNCTIONS = table()
