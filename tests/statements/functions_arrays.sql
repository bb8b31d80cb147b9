-- functions/array.html
SELECT ARRAY[1] || ARRAY[2]
= [1, 2]

SELECT ARRAY[1] || 2
= [1, 2]

SELECT 2 || ARRAY[1]
= [2, 1]

SELECT all_match(ARRAY[1, 2], x -> x > 0)
= true

SELECT all_match(ARRAY[1, null], x -> x > 0)
= null

SELECT all_match(ARRAY[0, null], x -> x > 0)
= false

SELECT any_match(ARRAY[1, null], x -> x > 0)
= true

SELECT any_match(ARRAY[0, null], x -> x > 0)
= null

SELECT any_match(ARRAY[], x -> true)
= false

SELECT none_match(ARRAY[0, 1], x -> x > 1)
= true

SELECT none_match(ARRAY[0, null], x -> x > 1)
= null

SELECT array_distinct(ARRAY[2, 1, null, 2, null])
= [2, 1, null]

SELECT array_intersect(ARRAY[1, 2, null], ARRAY[2, null, 3])
= [2, null]

SELECT array_union(ARRAY[1, 2], ARRAY[2, null, 3])
= [1, 2, null, 3]

SELECT array_except(ARRAY[1, 2, 2, null], ARRAY[1, null])
= [2]

SELECT array_join(ARRAY[1, null, 3], ',')
= 1,3

SELECT array_join(ARRAY[1, null, 3], ',', 'x')
= 1,x,3

SELECT array_join(ARRAY[1.5e0], ',')
= 1.5E0

SELECT array_join(ARRAY[0.5, 1.5], ',')
= 0.5,1.5

SELECT array_max(ARRAY[1, 3, 2])
= 3

SELECT array_max(ARRAY[1, null])
= null

SELECT array_min(ARRAY['b', 'a'])
= a

SELECT array_min(CAST(ARRAY[] AS array(integer)))
= null

SELECT array_position(ARRAY[5, 6, 6], 6)
= 2

SELECT array_position(ARRAY[5, 6], 7)
= 0

SELECT array_position(ARRAY[5, null], null)
= null

SELECT array_remove(ARRAY[1, null, 2, 1], 1)
= [null, 2]

SELECT array_sort(ARRAY[3, null, 1])
= [1, 3, null]

SELECT array_sort(ARRAY[3, 2, 5, 1, 2], (x, y) -> IF(x < y, 1, IF(x = y, 0, -1)))
= [5, 3, 2, 2, 1]

SELECT array_sort(ARRAY['bc', 'ab', 'dc'], (x, y) -> IF(x < y, 1, IF(x = y, 0, -1)))
= [dc, bc, ab]

SELECT array_sort(ARRAY[3, 2, null, 5, null, 1, 2], (x, y) -> CASE WHEN x IS NULL THEN -1 WHEN y IS NULL THEN 1 WHEN x < y THEN 1 WHEN x = y THEN 0 ELSE -1 END)
= [null, null, 5, 3, 2, 2, 1]

SELECT array_sort(ARRAY[3, 2, null, 5, null, 1, 2], (x, y) -> CASE WHEN x IS NULL THEN 1 WHEN y IS NULL THEN -1 WHEN x < y THEN 1 WHEN x = y THEN 0 ELSE -1 END)
= [5, 3, 2, 2, 1, null, null]

SELECT array_sort(ARRAY['a', 'abcd', 'abc'], (x, y) -> IF(length(x) < length(y), -1, IF(length(x) = length(y), 0, 1)))
= [a, abc, abcd]

SELECT array_sort(ARRAY[ARRAY[2, 3, 1], ARRAY[4, 2, 1, 4], ARRAY[1, 2]], (x, y) -> IF(cardinality(x) < cardinality(y), -1, IF(cardinality(x) = cardinality(y), 0, 1)))
= [[1, 2], [2, 3, 1], [4, 2, 1, 4]]

SELECT arrays_overlap(ARRAY[1, 2], ARRAY[2, 3])
= true

SELECT arrays_overlap(ARRAY[1, null], ARRAY[2])
= null

SELECT arrays_overlap(ARRAY[1, null], ARRAY[1, null])
= true

SELECT arrays_overlap(ARRAY[1], ARRAY[2])
= false

SELECT cardinality(ARRAY[1, null])
= 2

SELECT concat(ARRAY[1], ARRAY[2], ARRAY[3, null])
= [1, 2, 3, null]

SELECT combinations(ARRAY['foo', 'bar', 'baz'], 2)
= [[foo, bar], [foo, baz], [bar, baz]]

SELECT combinations(ARRAY[1, 2, 3], 2)
= [[1, 2], [1, 3], [2, 3]]

SELECT combinations(ARRAY[1, 2, 2], 2)
= [[1, 2], [1, 2], [2, 2]]

SELECT contains(ARRAY[1, 2], 2)
= true

SELECT contains(ARRAY[1, null], 2)
= null

SELECT contains(ARRAY[1], 2)
= false

SELECT contains_sequence(ARRAY[1, 2, 3, 4], ARRAY[2, 3])
= true

SELECT contains_sequence(ARRAY[1, 2, 3, 4], ARRAY[2, 4])
= false

SELECT contains_sequence(ARRAY[1], ARRAY[1, 2])
= false

SELECT element_at(ARRAY[1, 2, 3], -1)
= 3

SELECT element_at(ARRAY[1, 2, 3], 4)
= null

SELECT ARRAY[1, 2][2]
= 2

SELECT filter(ARRAY[], x -> true)
= []

SELECT filter(ARRAY[5, -6, NULL, 7], x -> x > 0)
= [5, 7]

SELECT filter(ARRAY[5, NULL, 7, NULL], x -> x IS NOT NULL)
= [5, 7]

SELECT flatten(ARRAY[ARRAY[1, 2], null, ARRAY[3]])
= [1, 2, 3]

SELECT ngrams(ARRAY['foo', 'bar', 'baz', 'foo'], 2)
= [[foo, bar], [bar, baz], [baz, foo]]

SELECT ngrams(ARRAY['foo', 'bar', 'baz', 'foo'], 3)
= [[foo, bar, baz], [bar, baz, foo]]

SELECT ngrams(ARRAY['foo', 'bar', 'baz', 'foo'], 4)
= [[foo, bar, baz, foo]]

SELECT ngrams(ARRAY['foo', 'bar', 'baz', 'foo'], 5)
= [[foo, bar, baz, foo]]

SELECT ngrams(ARRAY[1, 2, 3, 4], 2)
= [[1, 2], [2, 3], [3, 4]]

SELECT reduce(ARRAY[], 0, (s, x) -> s + x, s -> s)
= 0

SELECT reduce(ARRAY[5, 20, 50], 0, (s, x) -> s + x, s -> s)
= 75

SELECT reduce(ARRAY[5, 20, NULL, 50], 0, (s, x) -> s + x, s -> s)
= null

SELECT reduce(ARRAY[5, 20, NULL, 50], 0, (s, x) -> s + coalesce(x, 0), s -> s)
= 75

SELECT reduce(ARRAY[5, 20, NULL, 50], 0, (s, x) -> IF(x IS NULL, s, s + x), s -> s)
= 75

SELECT reduce(ARRAY[2147483647, 1], BIGINT '0', (s, x) -> s + x, s -> s)
= 2147483648

SELECT reduce(ARRAY[5, 6, 10, 20], CAST(ROW(0.0, 0) AS ROW(sum DOUBLE, count INTEGER)), (s, x) -> CAST(ROW(x + s.sum, s.count + 1) AS ROW(sum DOUBLE, count INTEGER)), s -> IF(s.count = 0, NULL, s.sum / s.count))
= 10.25

SELECT repeat('a', 3)
= [a, a, a]

SELECT repeat(null, 2)
= [null, null]

SELECT reverse(ARRAY[1, null, 2])
= [2, null, 1]

SELECT sequence(1, 5)
= [1, 2, 3, 4, 5]

SELECT sequence(3, 1)
= [3, 2, 1]

SELECT sequence(1, 10, 4)
= [1, 5, 9]

SELECT sequence(DATE '2025-01-30', DATE '2025-02-01')
= [2025-01-30, 2025-01-31, 2025-02-01]

SELECT sequence(DATE '2025-01-31', DATE '2025-04-30', INTERVAL '1' MONTH)
= [2025-01-31, 2025-02-28, 2025-03-31, 2025-04-30]

SELECT sequence(DATE '2025-01-05', DATE '2025-01-01', INTERVAL '-2' DAY)
= [2025-01-05, 2025-01-03, 2025-01-01]

SELECT sequence(TIMESTAMP '2025-01-01 00:00:00.000', TIMESTAMP '2025-01-01 05:00:00.000', INTERVAL '3' HOUR)
= [2025-01-01 00:00:00.000, 2025-01-01 03:00:00.000]

SELECT slice(ARRAY[1, 2, 3, 4], 2, 2)
= [2, 3]

SELECT slice(ARRAY[1, 2, 3, 4], -3, 2)
= [2, 3]

SELECT slice(ARRAY[1, 2], 3, 1)
= []

SELECT trim_array(ARRAY[1, 2, 3, 4], 1)
= [1, 2, 3]

SELECT trim_array(ARRAY[1, 2, 3, 4], 2)
= [1, 2]

SELECT trim_array(ARRAY[1, 2], 2)
= []

SELECT transform(ARRAY[], x -> x + 1)
= []

SELECT transform(ARRAY[5, 6], x -> x + 1)
= [6, 7]

SELECT transform(ARRAY[5, NULL, 6], x -> coalesce(x, 0) + 1)
= [6, 1, 7]

SELECT transform(ARRAY['x', 'abc', 'z'], x -> x || '0')
= [x0, abc0, z0]

SELECT transform(ARRAY[ARRAY[1, NULL, 2], ARRAY[3, NULL]], a -> filter(a, x -> x IS NOT NULL))
= [[1, 2], [3]]

SELECT zip(ARRAY[1, 2], ARRAY['1b', null, '3b'])
= [{field0=1, field1=1b}, {field0=2, field1=null}, {field0=null, field1=3b}]

SELECT zip_with(ARRAY[1, 3, 5], ARRAY['a', 'b', 'c'], (x, y) -> (y, x))
= [{field0=a, field1=1}, {field0=b, field1=3}, {field0=c, field1=5}]

SELECT zip_with(ARRAY[1, 2], ARRAY[3, 4], (x, y) -> x + y)
= [4, 6]

SELECT zip_with(ARRAY['a', 'b', 'c'], ARRAY['d', 'e', 'f'], (x, y) -> concat(x, y))
= [ad, be, cf]

SELECT zip_with(ARRAY['a'], ARRAY['d', null, 'f'], (x, y) -> coalesce(x, y))
= [a, null, f]

SELECT ARRAY[1, 2][3]
! INVALID_FUNCTION_ARGUMENT

SELECT element_at(ARRAY[1], 0)
! INVALID_FUNCTION_ARGUMENT

SELECT combinations(ARRAY[1], 6)
! INVALID_FUNCTION_ARGUMENT

SELECT ngrams(ARRAY[1], 0)
! INVALID_FUNCTION_ARGUMENT

SELECT repeat(1, -1)
! INVALID_FUNCTION_ARGUMENT

SELECT sequence(1, 5, -1)
! INVALID_FUNCTION_ARGUMENT

SELECT sequence(1, 10002)
! INVALID_FUNCTION_ARGUMENT

SELECT slice(ARRAY[1], 0, 1)
! INVALID_FUNCTION_ARGUMENT

SELECT slice(ARRAY[1], 1, -1)
! INVALID_FUNCTION_ARGUMENT

SELECT trim_array(ARRAY[1], 2)
! INVALID_FUNCTION_ARGUMENT

SELECT array_sort(ARRAY[1, 2], (x, y) -> 5)
! INVALID_FUNCTION_ARGUMENT

SELECT array_max(ARRAY[1e0, nan()])
! NOT_SUPPORTED

SELECT reduce(ARRAY[1.5], 0, (s, x) -> s + x, s -> s)
! NOT_SUPPORTED

SELECT transform(ARRAY[1], (x, y) -> x)
! FUNCTION_NOT_FOUND

SELECT cardinality('abc')
! FUNCTION_NOT_FOUND

SELECT shuffle(ARRAY[1])
! FUNCTION_NOT_FOUND

-- functions/map.html
SELECT map()
= {}

SELECT map(ARRAY[1, 3], ARRAY[2, 4])
= {1=2, 3=4}

SELECT map_from_entries(ARRAY[(1, 'x'), (2, 'y')])
= {1=x, 2=y}

SELECT multimap_from_entries(ARRAY[(1, 'x'), (2, 'y'), (1, 'z')])
= {1=[x, z], 2=[y]}

SELECT map_entries(MAP(ARRAY[1, 2], ARRAY['x', 'y']))
= [{field0=1, field1=x}, {field0=2, field1=y}]

SELECT map_concat(MAP(ARRAY['a'], ARRAY[1]), MAP(ARRAY['a', 'b'], ARRAY[5, 6]))
= {a=5, b=6}

SELECT map_filter(MAP(ARRAY[], ARRAY[]), (k, v) -> true)
= {}

SELECT map_filter(MAP(ARRAY[10, 20, 30], ARRAY['a', NULL, 'c']), (k, v) -> v IS NOT NULL)
= {10=a, 30=c}

SELECT map_filter(MAP(ARRAY['k1', 'k2', 'k3'], ARRAY[20, 3, 15]), (k, v) -> v > 10)
= {k1=20, k3=15}

SELECT map_keys(MAP(ARRAY['a', 'b'], ARRAY[1, 2]))
= [a, b]

SELECT map_values(MAP(ARRAY['a', 'b'], ARRAY[1, null]))
= [1, null]

SELECT map_zip_with(MAP(ARRAY[1, 2, 3], ARRAY['a', 'b', 'c']), MAP(ARRAY[1, 2, 3], ARRAY['d', 'e', 'f']), (k, v1, v2) -> concat(v1, v2))
= {1=ad, 2=be, 3=cf}

SELECT map_zip_with(MAP(ARRAY['k1', 'k2'], ARRAY[1, 2]), MAP(ARRAY['k2', 'k3'], ARRAY[4, 9]), (k, v1, v2) -> (v1, v2))
= {k1={field0=1, field1=null}, k2={field0=2, field1=4}, k3={field0=null, field1=9}}

SELECT map_zip_with(MAP(ARRAY['a', 'b', 'c'], ARRAY[1, 8, 27]), MAP(ARRAY['a', 'b', 'c'], ARRAY[1, 2, 3]), (k, v1, v2) -> k || CAST(v1 / v2 AS VARCHAR))
= {a=a1, b=b4, c=c9}

SELECT transform_keys(MAP(ARRAY[], ARRAY[]), (k, v) -> k + 1)
= {}

SELECT transform_keys(MAP(ARRAY[1, 2, 3], ARRAY['a', 'b', 'c']), (k, v) -> k + 1)
= {2=a, 3=b, 4=c}

SELECT transform_keys(MAP(ARRAY['a', 'b', 'c'], ARRAY[1, 2, 3]), (k, v) -> v * v)
= {1=1, 4=2, 9=3}

SELECT transform_keys(MAP(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> k || CAST(v as VARCHAR))
= {a1=1, b2=2}

SELECT transform_keys(MAP(ARRAY[1, 2], ARRAY[1.0, 1.4]), (k, v) -> MAP(ARRAY[1, 2], ARRAY['one', 'two'])[k])
= {one=1.0, two=1.4}

SELECT transform_values(MAP(ARRAY[], ARRAY[]), (k, v) -> v + 1)
= {}

SELECT transform_values(MAP(ARRAY[1, 2, 3], ARRAY[10, 20, 30]), (k, v) -> v + k)
= {1=11, 2=22, 3=33}

SELECT transform_values(MAP(ARRAY[1, 2, 3], ARRAY['a', 'b', 'c']), (k, v) -> k * k)
= {1=1, 2=4, 3=9}

SELECT transform_values(MAP(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> k || CAST(v as VARCHAR))
= {a=a1, b=b2}

SELECT transform_values(MAP(ARRAY[1, 2], ARRAY[1.0, 1.4]), (k, v) -> MAP(ARRAY[1, 2], ARRAY['one', 'two'])[k] || '_' || CAST(v AS VARCHAR))
= {1=one_1.0, 2=two_1.4}

SELECT element_at(MAP(ARRAY['a'], ARRAY[1]), 'b')
= null

SELECT cardinality(MAP(ARRAY['a'], ARRAY[1]))
= 1

SELECT MAP(ARRAY['a'], ARRAY[1])['a']
= 1

SELECT MAP(ARRAY['a'], ARRAY[1])['b']
! INVALID_FUNCTION_ARGUMENT

SELECT map(ARRAY[1, 1], ARRAY[2, 3])
! INVALID_FUNCTION_ARGUMENT

SELECT map(ARRAY[1, 2], ARRAY[3])
! INVALID_FUNCTION_ARGUMENT

SELECT map(ARRAY[1, null], ARRAY[2, 3])
! INVALID_FUNCTION_ARGUMENT

SELECT transform_keys(MAP(ARRAY[1, 2], ARRAY[1, 2]), (k, v) -> 1)
! INVALID_FUNCTION_ARGUMENT

-- functions/lambda.html
SELECT transform(numbers, n -> n * 2) FROM (VALUES (ARRAY[1, 2]), (ARRAY[3, 4]), (ARRAY[5, 6])) AS t(numbers)
= [2, 4]
= [6, 8]
= [10, 12]

SELECT xvalues, a, b, transform(xvalues, x -> a * x + b) FROM (VALUES (ARRAY[1, 2], 10, 5), (ARRAY[3, 4], 4, 2)) AS t(xvalues, a, b)
= [1, 2] | 10 | 5 | [15, 25]
= [3, 4] | 4 | 2 | [14, 18]

SELECT numbers FROM (VALUES (ARRAY[1, NULL, 3]), (ARRAY[10, 200, 30]), (ARRAY[100, 20, 300])) AS t(numbers) WHERE any_match(numbers, n -> COALESCE(n, 0) > 100)
= [10, 200, 30]
= [100, 20, 300]

-- Equal lambdas are equal in GROUP BY, and a parameter hides that of the lambda around it. functions/lambda.html
SELECT transform(a, x -> x + 1), count(*) FROM (VALUES ARRAY[1], ARRAY[1]) t(a) GROUP BY transform(a, x -> x + 1)
= [2] | 2

SELECT transform(ARRAY[1, 2], x -> reduce(ARRAY[10], x, (s, y) -> s + y, s -> reduce(ARRAY[x], s, (x, z) -> x * z, x -> x)))
= [11, 24]

SELECT transform(ARRAY[ARRAY[1, 2]], x -> transform(x, x -> transform(ARRAY[x], y -> x + y)))
= [[[2], [4]]]

-- Bounds.
SELECT sequence(1, 9223372036854775807)
! INVALID_FUNCTION_ARGUMENT

SELECT combinations(sequence(1, 200), 5)
! INVALID_FUNCTION_ARGUMENT
