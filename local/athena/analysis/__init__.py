"""Analysis of a query: its names, types and clauses by Trino's rules, and the same query in DuckDB's SQL.

The SQL leaves nothing to DuckDB's own rules: every relation and column has a unique name, every cast is explicit, and
every order says where nulls are. A construct that no module here handles is refused by name.
"""
