-- functions/aggregate.html
SELECT array_agg(x ORDER BY y DESC) FROM (VALUES (1, 1), (null, 2), (3, 3)) t(x, y)
= [3, null, 1]

SELECT array_agg(x ORDER BY x) FILTER (WHERE x IS NOT NULL) FROM (VALUES 2, null, 1) t(x)
= [1, 2]

SELECT array_agg(x) FROM (VALUES 1) t(x) WHERE x > 1
= null

SELECT any_value(x), arbitrary(x) FROM (VALUES null, 7) t(x)
= 7 | 7

SELECT avg(x), avg(y) FROM (VALUES (1, 1.0), (2, 2.5)) t(x, y)
= 1.5 | 1.8

SELECT bool_and(x > 1), bool_or(x > 1), every(x > 0) FROM (VALUES 1, 2) t(x)
= false | true | true

SELECT count(*), count(x), count_if(x > 1), count(DISTINCT x) FROM (VALUES 1, 2, 2, null) t(x)
= 4 | 3 | 2 | 2

SELECT geometric_mean(x) FROM (VALUES 1, 4) t(x)
= 2.0

SELECT listagg(value, ',') WITHIN GROUP (ORDER BY value) csv_value FROM (VALUES 'a', 'c', 'b') t(value)
= a,b,c

SELECT listagg(value, ',' ON OVERFLOW ERROR) WITHIN GROUP (ORDER BY value) csv_value FROM (VALUES 'a', 'b', 'c') t(value)
= a,b,c

SELECT id, LISTAGG(value, ',') WITHIN GROUP (ORDER BY o) csv_value FROM (VALUES (100, 1, 'a'), (200, 3, 'c'), (200, 2, 'b')) t(id, o, value) GROUP BY id ORDER BY id
= 100 | a
= 200 | b,c

SELECT max(x), max(x, 2), min(x), min(x, 2) FROM (VALUES 1, 3, 2, null) t(x)
= 3 | [3, 2] | 1 | [1, 2]

SELECT max_by(x, y), max_by(x, y, 2), min_by(x, y), min_by(x, y, 2) FROM (VALUES ('a', 1), ('b', 3), ('c', 2), ('d', null)) t(x, y)
= b | [b, c] | a | [a, c]

SELECT bitwise_and_agg(x), bitwise_or_agg(x), bitwise_xor_agg(x) FROM (VALUES 6, 3) t(x)
= 2 | 7 | 5

SELECT histogram(x) FROM (VALUES 1, 2, 2, null) t(x)
= {1=1, 2=2}

SELECT map_agg(k, v) FROM (VALUES ('a', 1), ('b', null), (null, 3)) t(k, v)
= {a=1, b=null}

SELECT multimap_agg(k, v) FROM (VALUES ('a', 1), ('b', 2), ('a', 3)) t(k, v)
= {a=[1, 3], b=[2]}

SELECT map_agg(k, v) FROM (VALUES ('a', 1)) t(k, v) WHERE v > 1
= null

SELECT n, map_agg(k, v) FROM (VALUES (1, 'a', 1), (2, 'b', 2), (1, 'c', 3)) t(n, k, v) GROUP BY n ORDER BY n
= 1 | {a=1, c=3}
= 2 | {b=2}

SELECT corr(y, x), covar_pop(y, x), covar_samp(y, x), regr_slope(y, x), regr_intercept(y, x) FROM (VALUES (1, 1), (3, 2), (5, 3)) t(y, x)
= 1.0 | 1.3333333333333333 | 2.0 | 2.0 | -1.0

SELECT stddev(x), stddev_pop(x), var_samp(x), var_pop(x), variance(x) FROM (VALUES 1, 3) t(x)
= 1.4142135623730951 | 1.0 | 2.0 | 1.0 | 2.0

SELECT stddev(x), variance(x), corr(x, x) FROM (VALUES 1) t(x)
= null | null | null

SELECT sum(x), sum(DISTINCT x), sum(x) FILTER (WHERE x > 1) FROM (VALUES 1, 2, 2) t(x)
= 5 | 3 | 4

SELECT array_agg(x) OVER (ORDER BY x) FROM (VALUES 1, 2) t(x) ORDER BY x
= [1]
= [1, 2]

SELECT slice(array_agg(x ORDER BY x), 2, 2), contains(array_agg(x), 3), transform(array_agg(x ORDER BY x), e -> e * 2) FROM (VALUES 1, 2, 3) t(x)
= [2, 3] | true | [2, 4, 6]

SELECT max(x, 0) FROM (VALUES 1) t(x)
! INVALID_FUNCTION_ARGUMENT

SELECT checksum(x) FROM (VALUES 1) t(x)
! FUNCTION_NOT_FOUND

SELECT approx_set(x) FROM (VALUES 1) t(x)
! FUNCTION_NOT_FOUND

SELECT numeric_histogram(2, x) FROM (VALUES 1e0) t(x)
! FUNCTION_NOT_FOUND

SELECT skewness(x) FROM (VALUES 1e0) t(x)
! FUNCTION_NOT_FOUND

SELECT sum(x) FROM (VALUES 'a') t(x)
! FUNCTION_NOT_FOUND

SELECT bool_and(x) FROM (VALUES 1) t(x)
! FUNCTION_NOT_FOUND

-- functions/window.html
SELECT x, row_number() OVER (ORDER BY x DESC), rank() OVER (ORDER BY y), dense_rank() OVER (ORDER BY y) FROM (VALUES (1, 1), (2, 1), (3, 2)) t(x, y) ORDER BY x
= 1 | 3 | 1 | 1
= 2 | 2 | 1 | 1
= 3 | 1 | 3 | 2

SELECT percent_rank() OVER (ORDER BY x), cume_dist() OVER (ORDER BY x), ntile(2) OVER (ORDER BY x) FROM (VALUES 1, 2, 3) t(x) ORDER BY x
= 0.0 | 0.3333333333333333 | 1
= 0.5 | 0.6666666666666666 | 1
= 1.0 | 1.0 | 2

SELECT first_value(x) OVER w, last_value(x) OVER w, nth_value(x, 2) OVER w FROM (VALUES 1, 2, 3) t(x) WINDOW w AS (ORDER BY x ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
= 1 | 3 | 2
= 1 | 3 | 2
= 1 | 3 | 2

SELECT lag(x) OVER (ORDER BY y), lead(x, 1, 0) OVER (ORDER BY y), lag(x) IGNORE NULLS OVER (ORDER BY y) FROM (VALUES (1, 1), (null, 2), (3, 3)) t(x, y) ORDER BY y
= null | null | null
= 1 | 3 | 1
= null | 0 | 1

SELECT last_value(x) IGNORE NULLS OVER (ORDER BY y) FROM (VALUES (1, 1), (null, 2), (3, 3)) t(x, y) ORDER BY y
= 1
= 1
= 3

SELECT ntile(0) OVER (ORDER BY x) FROM (VALUES 1) t(x)
! INVALID_FUNCTION_ARGUMENT

SELECT nth_value(x, 0) OVER (ORDER BY x) FROM (VALUES 1) t(x)
! INVALID_FUNCTION_ARGUMENT

SELECT lag(x, -1) OVER (ORDER BY x) FROM (VALUES 1) t(x)
! INVALID_FUNCTION_ARGUMENT

-- functions/aggregate.html and functions/regexp.html: lambdas
SELECT id, reduce_agg(value, 0, (a, b) -> a + b, (a, b) -> a + b) FROM (VALUES (1, 3), (1, 4), (1, 5), (2, 6), (2, 7)) AS t(id, value) GROUP BY id ORDER BY id
= 1 | 12
= 2 | 13

SELECT id, reduce_agg(value, 1, (a, b) -> a * b, (a, b) -> a * b) FROM (VALUES (1, 3), (1, 4), (1, 5), (2, 6), (2, 7)) AS t(id, value) GROUP BY id ORDER BY id
= 1 | 60
= 2 | 42

SELECT regexp_replace('new york', '(\w)(\w*)', x -> upper(x[1]) || lower(x[2]))
= New York

SELECT array_agg(DISTINCT x) FROM (VALUES 3, 1, 3, 2) t(x)
= [3, 1, 2]

-- functions/aggregate.html#approximate-aggregate-functions; exact here
SELECT approx_percentile(x, ARRAY[0.5, 0.9]) FROM (VALUES 1, 2, 3) t(x)
= [2, 3]

SELECT approx_percentile(x, ARRAY[-0.5]) FROM (VALUES 1, 2, 3) t(x)
! INVALID_FUNCTION_ARGUMENT

-- DISTINCT. functions/aggregate.html
SELECT histogram(DISTINCT x), bitwise_xor_agg(DISTINCT x), geometric_mean(DISTINCT x), max(DISTINCT x, 2) FROM (VALUES 1, 4, 4) t(x)
! NOT_SUPPORTED

SELECT histogram(DISTINCT x), bitwise_xor_agg(DISTINCT x), geometric_mean(DISTINCT x) FROM (VALUES 1, 4, 4) t(x)
= {1=1, 4=1} | 5 | 2.0

-- functions/aggregate.html#map-aggregate-functions and #approximate-aggregate-functions
SELECT k, map_union(m) FROM (VALUES (1, MAP(ARRAY[1], ARRAY['a'])), (2, NULL), (1, MAP(ARRAY[2], ARRAY[NULL]))) t(k, m) GROUP BY k ORDER BY k
= 1 | {1=a, 2=null}
= 2 | null

SELECT map_union(m) FROM (VALUES MAP(), MAP()) t(m)
= {}

SELECT approx_distinct(x, 0.05) FROM (VALUES 1, 2, 2) t(x)
= 2

-- A text within the limit of listagg is not truncated; beyond it, the query fails. functions/aggregate.html#listagg
SELECT listagg(v, ',' ON OVERFLOW TRUNCATE '.....' WITH COUNT) WITHIN GROUP (ORDER BY v DESC) FROM (VALUES 'a', 'b', null) t(v)
= b,a

SELECT length(listagg(v) WITHIN GROUP (ORDER BY v)) FROM (SELECT rpad('x', 600000, 'x') FROM (VALUES 1, 2) q(z)) t(v)
! EXCEEDED_FUNCTION_MEMORY_LIMIT

SELECT listagg(v, ',' ON OVERFLOW TRUNCATE WITHOUT COUNT) WITHIN GROUP (ORDER BY v) FROM (SELECT rpad('x', 600000, 'x') FROM (VALUES 1, 2) q(z)) t(v)
! NOT_SUPPORTED
