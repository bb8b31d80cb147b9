-- SELECT: aliases, positions and clauses. sql/select.html
SELECT 1 AS a UNION SELECT 2 ORDER BY a DESC LIMIT 1
= 2

SELECT x, sum(y) FROM (VALUES (1, 2), (1, 3)) t(x, y) GROUP BY 1
= 1 | 5

SELECT x + 1, sum(y) FROM (VALUES (1, 2)) t(x, y) GROUP BY x + 1 ORDER BY x + 1
= 2 | 2

SELECT x + 1 + 1 FROM (VALUES (1, 2)) t(x, y) GROUP BY x + 1
= 3

SELECT sum(x) AS s FROM (VALUES 1, 2) t(x) ORDER BY s
= 3

SELECT y FROM (VALUES (1, 2), (3, 2), (4, 5)) t(x, y) GROUP BY y HAVING count(x) > 1
= 2

SELECT count(*) FROM (VALUES 1) t(x) HAVING count(*) > 5

SELECT DISTINCT x FROM (VALUES 1, 1, 2) t(x) ORDER BY x DESC
= 2
= 1

SELECT DISTINCT x + 1 AS z FROM (VALUES 1, 1, 2) t(x) ORDER BY z
= 2
= 3

SELECT abs(x) AS x FROM (VALUES -5, 3) t(x) ORDER BY -x
= 5
= 3

SELECT x FROM (VALUES 1, NULL, 2) t(x) ORDER BY x
= 1
= 2
= null

SELECT x FROM (VALUES 1, NULL, 2) t(x) ORDER BY x DESC
= 2
= 1
= null

SELECT x FROM (VALUES 1, NULL, 2) t(x) ORDER BY x NULLS FIRST
= null
= 1
= 2

SELECT x FROM (VALUES 3, 1, 2) t(x) ORDER BY x OFFSET 1 LIMIT 1
= 2

SELECT x FROM (VALUES 1, 2, 3) t(x) ORDER BY x OFFSET 1 ROW FETCH NEXT 1 ROW ONLY
= 2

SELECT x FROM (VALUES 1, 2, 2, 3) t(x) ORDER BY x FETCH FIRST 2 ROWS WITH TIES
= 1
= 2
= 2

SELECT x FROM (VALUES 1) t(x) LIMIT ALL
= 1

VALUES (1, 'a'), (2, 'b')
= 1 | a
= 2 | b

SELECT 1 INTERSECT SELECT 1 EXCEPT SELECT 2
= 1

SELECT x FROM (VALUES 1, 2, 2) t(x) EXCEPT ALL SELECT 2 ORDER BY x
= 1
= 2

SELECT x FROM (VALUES 1, 1, 2) t(x) INTERSECT ALL VALUES 1, 1, 3
= 1
= 1

SELECT 1 UNION SELECT 2 UNION ALL SELECT 1.5 ORDER BY 1
= 1.0
= 1.5
= 2.0

WITH t(a, b) AS (SELECT 1, 2) SELECT b FROM t
= 2

WITH t AS (SELECT 1 AS x), u AS (SELECT x + 1 AS y FROM t) SELECT * FROM t, u
= 1 | 2

SELECT a.x FROM (VALUES 1) a(x), (VALUES 2) b(y) WHERE a.x < b.y
= 1

SELECT x FROM (VALUES 1) "T"(X)
= 1

-- Names of columns: without a name `_col` and the position, also beside a star and in a subquery. sql/select.html
SELECT * FROM (SELECT max(x), min(x) FROM (VALUES 1, 2) t(x))
: _col0 integer, _col1 integer
= 2 | 1

SELECT * FROM (VALUES (1), (NULL))
: _col0 integer
= 1
= null

SELECT *, x + 1, x FROM (VALUES 1) t(x)
: x integer, _col1 integer, x integer
= 1 | 2 | 1

SELECT 1 AS Abc, 2 "Def", 3
: Abc integer, Def integer, _col2 integer
= 1 | 2 | 3

SELECT t.x, (SELECT 1) FROM (VALUES 1) t(x)
: x integer, _col1 integer
= 1 | 1

SELECT CAST(ROW(1, 2) AS ROW(x integer, y double)).y
: y double
= 2.0

SELECT (CAST(ROW(1, 'b') AS ROW(a integer, b varchar))).*
: a integer, b varchar
= 1 | b

-- Joins. sql/select.html#joins
SELECT a.*, b.x FROM (VALUES 1, 2) a(x) LEFT JOIN (VALUES 2, 3) b(x) ON a.x = b.x ORDER BY a.x
= 1 | null
= 2 | 2

SELECT a.x, b.x FROM (VALUES 1, 2) a(x) RIGHT JOIN (VALUES 2, 3) b(x) ON a.x = b.x ORDER BY b.x
= 2 | 2
= null | 3

SELECT x FROM (VALUES 1, 2) a(x) FULL JOIN (VALUES 2, 3) b(x) USING (x) ORDER BY x
= 1
= 2
= 3

SELECT * FROM (VALUES (1, 2)) a(x, z) JOIN (VALUES (1, 3)) b(x, y) USING (x)
= 1 | 2 | 3

SELECT x, a.*, b.y FROM (VALUES (1, 2)) a(x, z) JOIN (VALUES (1, 3)) b(x, y) USING (x)
= 1 | 2 | 3

SELECT count(*) FROM (VALUES 1, 2) a(x) CROSS JOIN (VALUES 2, 3) b(x)
= 4

SELECT t.x, u.m FROM (VALUES 1, 2) t(x) CROSS JOIN LATERAL (SELECT t.x * 10 AS m) u ORDER BY 1
= 1 | 10
= 2 | 20

SELECT a.x FROM (VALUES 1, 2) a(x) JOIN ((VALUES 2) b(x) JOIN (VALUES 2) c(x) ON b.x = c.x) ON a.x = c.x
= 2

-- Subqueries. sql/select.html#subqueries
SELECT x FROM (VALUES 1, 2) t(x) WHERE EXISTS (SELECT 1 FROM (VALUES 1) u(y) WHERE y = x)
= 1

SELECT x, (SELECT max(y) FROM (VALUES 1, 5) u(y) WHERE y > x) FROM (VALUES 1, 7) t(x) ORDER BY x
= 1 | 5
= 7 | null

SELECT x FROM (VALUES 1, 2) t(x) WHERE x > (SELECT avg(y) FROM (VALUES 1, 2) u(y))
= 2

SELECT x FROM (VALUES 1, 2) t(x) WHERE x IN (SELECT y FROM (VALUES 2, 3) u(y))
= 2

SELECT x FROM (VALUES 1, 2) t(x) WHERE x NOT IN (SELECT y FROM (VALUES 2, NULL) u(y))

SELECT 1 = ANY (VALUES 1, 2), 3 > ALL (SELECT 2), 3 > SOME (VALUES 4)
= true | true | false

SELECT (1, 2) IN (SELECT 1, 2), (1, 2) IN (SELECT 1, NULL)
= true | null

SELECT x, count(*) FROM (VALUES 1, 1, 2) t(x) GROUP BY x HAVING count(*) > (SELECT 1)
= 1 | 2

SELECT (SELECT x) FROM (VALUES 1) t(x)
= 1

SELECT (SELECT 1 WHERE false)
= null

-- Grouping sets. sql/select.html#group-by-clause
SELECT x, grouping(x), count(*) FROM (VALUES 1, 1, 2) t(x) GROUP BY ROLLUP(x) ORDER BY x
= 1 | 0 | 2
= 2 | 0 | 1
= null | 1 | 3

SELECT x, y, count(*) FROM (VALUES (1, 1)) t(x, y) GROUP BY GROUPING SETS ((x, y), (x), ()) ORDER BY 1, 2
= 1 | 1 | 1
= 1 | null | 1
= null | null | 1

SELECT x, y, grouping(x, y) FROM (VALUES (1, 2)) t(x, y) GROUP BY CUBE(x, y) ORDER BY 3
= 1 | 2 | 0
= 1 | null | 1
= null | 2 | 2
= null | null | 3

SELECT count(DISTINCT x), count(*) FILTER (WHERE x > 1), count(x), sum(DISTINCT x) FROM (VALUES 1, 1, 2, NULL) t(x)
= 2 | 1 | 3 | 3

-- Aggregates with an order. functions/aggregate.html
SELECT listagg(x, ',') WITHIN GROUP (ORDER BY x) FROM (VALUES 'b', 'a') t(x)
= a,b

SELECT listagg(x) WITHIN GROUP (ORDER BY y DESC) FROM (VALUES ('b', 1), ('a', 2)) t(x, y)
= ab

-- UNNEST. sql/select.html#unnest
SELECT n, o FROM UNNEST(ARRAY['a', 'b']) WITH ORDINALITY AS t(n, o)
= a | 1
= b | 2

SELECT u.y, u.o FROM (VALUES (ARRAY[1, 2]), (ARRAY[3])) t(x) CROSS JOIN UNNEST(t.x) WITH ORDINALITY AS u(y, o) ORDER BY 1
= 1 | 1
= 2 | 2
= 3 | 1

SELECT * FROM UNNEST(ARRAY[1, 2], ARRAY['a']) AS t(n, s)
= 1 | a
= 2 | null

SELECT * FROM UNNEST(ARRAY[ROW(1, 'a'), ROW(2, 'b')]) AS t(n, s)
= 1 | a
= 2 | b

SELECT id, x FROM (VALUES (1, ARRAY[1, 2]), (2, ARRAY[]), (3, NULL)) t(id, a) LEFT JOIN UNNEST(a) u(x) ON true ORDER BY 1, 2
= 1 | 1
= 1 | 2
= 2 | null
= 3 | null

SELECT id, x FROM (VALUES (1, ARRAY[1, 2]), (2, NULL)) t(id, a), UNNEST(a) u(x) ORDER BY 2
= 1 | 1
= 1 | 2

-- More of SELECT: TABLE, nested WITH, quantifiers and names in quotes. sql/select.html
WITH t AS (SELECT 1 AS x UNION ALL SELECT 2) TABLE t
= 1
= 2

WITH t AS (WITH u AS (SELECT 3 AS z) SELECT z FROM u) SELECT z FROM t
= 3

(SELECT 1 AS x) UNION ALL (SELECT 2 ORDER BY 1 LIMIT 1) ORDER BY x DESC
= 2
= 1

SELECT ALL x FROM (VALUES 1, 1) t(x)
= 1
= 1

SELECT "a""b" FROM (SELECT 1 AS "a""b")
= 1

SELECT count(*) FROM (SELECT 1 WHERE false)
= 0

SELECT x, count(*) AS c FROM (VALUES 'a', 'b', 'a') t(x) GROUP BY x ORDER BY count(*) DESC, x
= a | 2
= b | 1

SELECT x FROM (VALUES (1, 'b'), (2, 'a')) t(x, y) ORDER BY y
= 2
= 1

SELECT x AS y, y AS x FROM (VALUES (1, 9), (2, 8)) t(x, y) ORDER BY x
= 2 | 8
= 1 | 9

SELECT -x AS x FROM (VALUES 1, 2) t(x) ORDER BY t.x DESC
= -2
= -1

SELECT max(x) AS m FROM (VALUES (1, 'a'), (5, 'b'), (3, 'a')) t(x, k) GROUP BY k ORDER BY m DESC
= 5
= 3

SELECT k FROM (VALUES (1, 'a'), (5, 'b')) t(x, k) GROUP BY k ORDER BY sum(x) DESC
= b
= a

SELECT sum(x) FROM (VALUES 1, 2) t(x) GROUP BY ()
= 3

SELECT a.x, b.x FROM (VALUES 1, 2) a(x) JOIN (VALUES 1, 2) b(x) ON a.x < b.x AND a.x = 1
= 1 | 2

SELECT t.x FROM (VALUES 1) t(x) JOIN (VALUES 1e0) u(y) ON t.x = u.y
= 1

SELECT 1 -- a comment; with ? and 'text'
= 1

SELECT /* another */ 2;
= 2

SELECT 1 ISNULL
= 1

-- A literal in ORDER BY has no effect, unless it is an integer. sql/select.html#order-by-clause
SELECT x FROM (VALUES 2, 1) t(x) ORDER BY 'a', x
= 1
= 2

SELECT x, 'b' FROM (VALUES 2, 1) t(x) ORDER BY 2, 1
= 1 | b
= 2 | b

-- LEFT JOIN UNNEST keeps the elements in order, and has a row of nulls for an empty array, an empty map and null. sql/select.html#unnest
SELECT runner, checkpoint FROM (VALUES ('Joe', ARRAY[10, 20, 30, 42]), ('Roger', ARRAY[10]), ('Dave', ARRAY[]), ('Levi', NULL)) AS marathon (runner, checkpoints) LEFT JOIN UNNEST(checkpoints) AS t(checkpoint) ON TRUE
= Joe | 10
= Joe | 20
= Joe | 30
= Joe | 42
= Roger | 10
= Dave | null
= Levi | null

SELECT id, n, m FROM (VALUES (1, ARRAY[3, 1], ARRAY['a']), (2, ARRAY[], ARRAY['q', 'r']), (3, NULL, ARRAY[])) t(id, a, b) LEFT JOIN UNNEST(a, b) AS u(n, m) ON true
= 1 | 3 | a
= 1 | 1 | null
= 2 | null | q
= 2 | null | r
= 3 | null | null

SELECT id, n, o FROM (VALUES (1, ARRAY[3, 1]), (2, ARRAY[]), (3, NULL)) t(id, a) LEFT JOIN UNNEST(a) WITH ORDINALITY AS u(n, o) ON true
= 1 | 3 | 1
= 1 | 1 | 2
= 2 | null | null
= 3 | null | null

SELECT id, k, v FROM (VALUES (1, MAP(ARRAY['b'], ARRAY[1])), (2, MAP())) t(id, m) LEFT JOIN UNNEST(m) AS u(k, v) ON true
= 1 | b | 1
= 2 | null | null

SELECT id, x, y FROM (VALUES (1, ARRAY[ROW(1, 'q')]), (2, ARRAY[])) t(id, m) LEFT JOIN UNNEST(m) AS u(x, y) ON true
= 1 | 1 | q
= 2 | null | null

SELECT n FROM UNNEST(CAST(NULL AS array(integer))) u(n) LEFT JOIN (VALUES 1) b(id) ON true

-- CROSS JOIN UNNEST keeps the order too, also before another join.
SELECT numbers, animals, n, a FROM (VALUES (ARRAY[2, 5], ARRAY['dog', 'cat', 'bird']), (ARRAY[7, 8, 9], ARRAY['cow', 'pig'])) AS x (numbers, animals) CROSS JOIN UNNEST(numbers, animals) AS t (n, a)
= [2, 5] | [dog, cat, bird] | 2 | dog
= [2, 5] | [dog, cat, bird] | 5 | cat
= [2, 5] | [dog, cat, bird] | null | bird
= [7, 8, 9] | [cow, pig] | 7 | cow
= [7, 8, 9] | [cow, pig] | 8 | pig
= [7, 8, 9] | [cow, pig] | 9 | null

SELECT a.id, n, w FROM (VALUES (1, ARRAY[3, 1, 2]), (2, ARRAY[9, 8])) a(id, x) CROSS JOIN UNNEST(x) AS u(n) JOIN (VALUES (1, 'q'), (2, 'r')) b(id, w) ON a.id = b.id
= 1 | 3 | q
= 1 | 1 | q
= 1 | 2 | q
= 2 | 9 | r
= 2 | 8 | r

-- Rows without ORDER BY are in order of appearance, each time. sql/select.html#set-operations
SELECT 13 UNION SELECT 42
= 13
= 42

SELECT 13 UNION SELECT * FROM (VALUES 42, 13)
= 13
= 42

SELECT a.x, b.y FROM (VALUES 1, 2, 3) a(x) LEFT JOIN (VALUES (3, 'z'), (1, 'y')) b(x, y) ON a.x = b.x
= 1 | y
= 2 | null
= 3 | z

-- sql/select.html#select-expressions, #lateral and #window-clause
SELECT (CAST(ROW(1, true) AS ROW(field1 bigint, field2 boolean))).* AS (alias1, alias2)
: alias1 bigint, alias2 boolean
= 1 | true

SELECT name, x, y FROM (VALUES 'a', 'b') nation(name) CROSS JOIN LATERAL (SELECT name || ' :-' AS x) CROSS JOIN LATERAL (SELECT x || ')' AS y) ORDER BY 1
= a | a :- | a :-)
= b | b :- | b :-)

SELECT orderkey, rank() OVER w AS rnk FROM (VALUES (1, 'a', 5), (2, 'a', 7), (3, 'b', 1)) orders(orderkey, clerk, totalprice) WINDOW w AS (PARTITION BY clerk ORDER BY totalprice DESC) ORDER BY count() OVER w, clerk, rnk
= 2 | 1
= 3 | 1
= 1 | 2
