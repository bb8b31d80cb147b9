-- Window functions. functions/window.html
SELECT x, rank() OVER (ORDER BY y), dense_rank() OVER (ORDER BY y), row_number() OVER (ORDER BY x) FROM (VALUES (1, 5), (2, 5), (3, 7)) t(x, y) ORDER BY x
= 1 | 1 | 1 | 1
= 2 | 1 | 1 | 2
= 3 | 3 | 2 | 3

SELECT x, lag(x) OVER (ORDER BY x), lead(x, 2, 0) OVER (ORDER BY x), ntile(2) OVER (ORDER BY x) FROM (VALUES 1, 2, 3) t(x) ORDER BY x
= 1 | null | 3 | 1
= 2 | 1 | 0 | 1
= 3 | 2 | 0 | 2

SELECT x, percent_rank() OVER (ORDER BY x), cume_dist() OVER (ORDER BY x) FROM (VALUES 1, 2, 2, 4) t(x) ORDER BY x
= 1 | 0.0 | 0.25
= 2 | 0.3333333333333333 | 0.75
= 2 | 0.3333333333333333 | 0.75
= 4 | 1.0 | 1.0

SELECT x, first_value(x) OVER (ORDER BY x), last_value(x) OVER (ORDER BY x), nth_value(x, 2) OVER (ORDER BY x) FROM (VALUES 1, 2, 3) t(x) ORDER BY x
= 1 | 1 | 1 | null
= 2 | 1 | 2 | 2
= 3 | 1 | 3 | 2

SELECT y, first_value(x) IGNORE NULLS OVER (ORDER BY y), lag(x) IGNORE NULLS OVER (ORDER BY y) FROM (VALUES (NULL, 1), (2, 2), (NULL, 3), (4, 4)) t(x, y) ORDER BY y
= 1 | null | null
= 2 | 2 | null
= 3 | 2 | 2
= 4 | 2 | 2

SELECT x, rank() OVER () FROM (VALUES 5) t(x)
= 5 | 1

-- Frames. sql/select.html#window-clause, functions/window.html
SELECT x, sum(x) OVER (ORDER BY x) FROM (VALUES 1, 2, 2, 3) t(x) ORDER BY x
= 1 | 1
= 2 | 5
= 2 | 5
= 3 | 8

SELECT x, sum(x) OVER (ORDER BY x ROWS UNBOUNDED PRECEDING) FROM (VALUES 1, 2, 3) t(x) ORDER BY x
= 1 | 1
= 2 | 3
= 3 | 6

SELECT x, sum(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM (VALUES 1, 2, 3) t(x) ORDER BY x
= 1 | 3
= 2 | 6
= 3 | 5

SELECT x, sum(x) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES 1, 2, 4) t(x) ORDER BY x
= 1 | 1
= 2 | 3
= 4 | 4

SELECT x, sum(x) OVER (ORDER BY x GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM (VALUES 1, 2, 2, 3) t(x) ORDER BY x
= 1 | 5
= 2 | 8
= 2 | 8
= 3 | 7

SELECT x, sum(x) OVER (ORDER BY d RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW) FROM (VALUES (1, DATE '2025-01-01'), (2, DATE '2025-01-02'), (4, DATE '2025-01-05')) t(x, d) ORDER BY x
= 1 | 1
= 2 | 3
= 4 | 4

SELECT x, count(*) OVER (ORDER BY d RANGE BETWEEN INTERVAL '1' MONTH PRECEDING AND CURRENT ROW) FROM (VALUES (1, DATE '2025-01-31'), (2, DATE '2025-02-28'), (4, DATE '2025-03-31')) t(x, d) ORDER BY x
= 1 | 1
= 2 | 2
= 4 | 2

SELECT x, avg(x) OVER (ORDER BY x DESC ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM (VALUES 1, 2, 3) t(x) ORDER BY x
= 1 | 1.0
= 2 | 1.5
= 3 | 2.0

SELECT sum(x) OVER w, rank() OVER (w ORDER BY x) FROM (VALUES (1, 'a'), (2, 'a'), (4, 'b')) t(x, k) WINDOW w AS (PARTITION BY k) ORDER BY 1, 2
= 3 | 1
= 3 | 2
= 4 | 1

-- Windows over aggregates. functions/window.html
SELECT k, sum(x), sum(sum(x)) OVER (ORDER BY k), rank() OVER (ORDER BY sum(x) DESC) FROM (VALUES ('a', 1), ('b', 2), ('a', 4)) t(k, x) GROUP BY k ORDER BY k
= a | 5 | 5 | 1
= b | 2 | 7 | 2

SELECT k, 100.0 * sum(x) / sum(sum(x)) OVER () FROM (VALUES ('a', 1), ('b', 3)) t(k, x) GROUP BY k ORDER BY k
= a | 25.0
= b | 75.0

SELECT x FROM (SELECT x, row_number() OVER (PARTITION BY k ORDER BY x DESC) AS n FROM (VALUES ('a', 1), ('a', 2), ('b', 3)) t(k, x)) WHERE n = 1 ORDER BY x
= 2
= 3

SELECT x, sum(x) FILTER (WHERE x > 1) OVER (ORDER BY x) FROM (VALUES 1, 2, 3) t(x) ORDER BY x
= 1 | null
= 2 | 2
= 3 | 5

-- functions/window.html#aggregate-functions
SELECT array_agg(x ORDER BY x) OVER () FROM (VALUES 1) t(x)
! NOT_SUPPORTED
