-- Literals and their types. language/types.html, functions/conversion.html#typeof
SELECT 1, 2147483648, 1.5, .5, 1e0, 'abc', true, NULL
: _col0 integer, _col1 bigint, _col2 decimal(2,1), _col3 decimal(1,1), _col4 double, _col5 varchar(3), _col6 boolean, _col7 unknown
= 1 | 2147483648 | 1.5 | 0.5 | 1.0 | abc | true | null

SELECT DATE '2025-01-02', TIMESTAMP '2025-01-02 03:04:05', TIMESTAMP '2025-01-02 03:04:05.678', TIME '01:02:03.5'
: _col0 date, _col1 timestamp(0), _col2 timestamp(3), _col3 time(1)
= 2025-01-02 | 2025-01-02 03:04:05.000 | 2025-01-02 03:04:05.678 | 01:02:03.5

-- A time has the digits of its type, and the milliseconds of an interval that is added. language/types.html#time-p, Trino's TimeOperators
SELECT TIME '13:24:11', TIME '13:24:11' + INTERVAL '1' SECOND, INTERVAL '1' DAY + TIME '13:24:11.5', TIME '01:02:03.123456' - INTERVAL '1' SECOND
: _col0 time(0), _col1 time(3), _col2 time(3), _col3 time(6)
= 13:24:11 | 13:24:12.000 | 13:24:11.500 | 01:02:02.123456

SELECT TIMESTAMP '2025-01-02 03:04:05 UTC' + INTERVAL '1' SECOND, TIMESTAMP '2025-01-02 03:04:05 UTC' + INTERVAL '1' MONTH
: _col0 timestamp(3) with time zone, _col1 timestamp(0) with time zone
= 2025-01-02 03:04:06.000 UTC | 2025-02-02 03:04:05.000 UTC

SELECT TIMESTAMP '2025-01-02 03:04:05 UTC', TIMESTAMP '2025-01-02 03:04:05.6 America/Sao_Paulo'
: _col0 timestamp(0) with time zone, _col1 timestamp(1) with time zone
= 2025-01-02 03:04:05.000 UTC | 2025-01-02 03:04:05.600 America/Sao_Paulo

SELECT REAL '1.1', DOUBLE '1.1', BIGINT '5', SMALLINT '3', TINYINT '1', DECIMAL '1.230', X'65 68', U&'d\0061ta'
: _col0 real, _col1 double, _col2 bigint, _col3 smallint, _col4 tinyint, _col5 decimal(4,3), _col6 varbinary, _col7 varchar(4)
= 1.1 | 1.1 | 5 | 3 | 1 | 1.230 | 65 68 | data

SELECT INTERVAL '2' DAY, INTERVAL '1-2' YEAR TO MONTH, INTERVAL '1 02:03:04.5' DAY TO SECOND, INTERVAL -'3' HOUR, INTERVAL '90' MINUTE
: _col0 interval day to second, _col1 interval year to month, _col2 interval day to second, _col3 interval day to second, _col4 interval day to second
= 2 00:00:00.000 | 1-2 | 1 02:03:04.500 | -0 03:00:00.000 | 0 01:30:00.000

SELECT ARRAY[1, 2, NULL], ARRAY[], ARRAY['a', 'b'], ROW(1, 'a'), CAST(ROW(1, 2) AS ROW(x integer, y double))
: _col0 array(integer), _col1 array(unknown), _col2 array(varchar(1)), _col3 row(integer, varchar(1)), _col4 row(x integer, y double)
= [1, 2, null] | [] | [a, b] | {field0=1, field1=a} | {x=1, y=2.0}

SELECT 9223372036854775807, -9223372036854775808, 12345678901234567890.5
: _col0 bigint, _col1 bigint, _col2 decimal(21,1)
= 9223372036854775807 | -9223372036854775808 | 12345678901234567890.5

-- The type of an expression. functions/conversion.html#typeof
SELECT typeof(1), typeof(2147483648), typeof(1.5), typeof(0.5), typeof(000.10), typeof(1e0), typeof('abc'), typeof(NULL)
= integer | bigint | decimal(2,1) | decimal(1,1) | decimal(2,2) | double | varchar(3) | unknown

SELECT typeof(TIMESTAMP '2025-01-02 03:04:05'), typeof(TIMESTAMP '2025-01-02 03:04:05.678'), typeof(now()), typeof(current_date)
= timestamp(0) | timestamp(3) | timestamp(3) with time zone | date

SELECT typeof(ARRAY[1, 2.5]), typeof(ROW(1, 'a')), typeof(CAST(ROW(1) AS ROW(x double))), typeof(INTERVAL '1' DAY), typeof(X'00')
= array(decimal(11,1)) | row(integer, varchar(1)) | row(x double) | interval day to second | varbinary

SELECT typeof(1 + BIGINT '1'), typeof(TINYINT '1' + SMALLINT '1'), typeof(1 + REAL '1'), typeof(1.5 + REAL '1'), typeof(REAL '1' + DOUBLE '1')
= bigint | smallint | real | real | double

-- Decimals: precision and scale of operations. functions/decimal.html
SELECT typeof(1.1 + 2.22), typeof(1.1 * 2.22), typeof(1.1 / 2.22), typeof(5.55 % 2.2), typeof(1.1 + 1), typeof(1.1 * BIGINT '1')
= decimal(4,2) | decimal(5,3) | decimal(5,2) | decimal(3,2) | decimal(12,1) | decimal(21,1)

SELECT 1.1 + 2.22, 1.1 - 2.22, 1.1 * 2.22, 1.1 / 2.22, 5.5 % 2, -5.5 % 2, -1.5
= 3.32 | -1.12 | 2.442 | 0.50 | 1.5 | -1.5 | -1.5

SELECT 100.0 * 5 / 7, 100.00 * 5 / 7, 1.0 / 3, 2.0 / 3, -2.0 / 3, 1 / 3.0000
= 71.4 | 71.43 | 0.3 | 0.7 | -0.7 | 0.3333

SELECT CAST(10 AS decimal(38, 10)) / CAST(3 AS decimal(38, 10)), CAST(5 AS decimal(10, 2)) / 3
= 3.3333333333 | 1.67

SELECT 1.5 > 1, 1.0 = 1, 0.1 + 0.2 = 0.3, 1.5 = 1.5e0, 2.5 BETWEEN 2 AND 3, 1.5 IN (1, 1.50)
= true | true | true | true | true | true

SELECT sum(x), avg(x), max(x), min(x), typeof(sum(x)), typeof(avg(x)) FROM (VALUES 1.25, 2.50, 3.10) t(x)
= 6.85 | 2.28 | 3.10 | 1.25 | decimal(38,2) | decimal(3,2)

SELECT avg(x), sum(x) FROM (VALUES 1.5, NULL) t(x) WHERE x > 9
= null | null

SELECT round(2.55, 1), round(2.5), round(-2.5), ceil(1.2), floor(-1.2), abs(-1.5), sign(-1.5), mod(5.5, 2)
= 2.60 | 3 | -3 | 2 | -2 | 1.5 | -1 | 1.5

SELECT typeof(round(2.55, 1)), typeof(round(2.55)), typeof(ceil(1.25)), typeof(abs(-1.5)), typeof(sign(-1.5))
= decimal(4,2) | decimal(2,0) | decimal(2,0) | decimal(2,1) | decimal(1,0)

SELECT 1.5 + 1e0, 1.5 * REAL '2', CAST(0.000001 AS decimal(12, 10)), CAST(0 AS decimal(20, 10))
= 2.5 | 3.0 | 0.0000010000 | 0.0000000000

SELECT sum(x * 100.0) / sum(y) FROM (VALUES (1, 3), (2, 4)) t(x, y)
= 42.9

SELECT CASE WHEN true THEN 1 ELSE 2.5 END, coalesce(1, 2.50), if(true, 1.5, 2e0)
= 1.0 | 1.00 | 1.5

-- Numbers. functions/math.html#mathematical-operators
SELECT 7 / 2, -7 / 2, 7 / -2, 7 % 3, -7 % 3, 7 / 2e0, 7.5e0 % 2
= 3 | -3 | -3 | 1 | -1 | 3.5 | 1.5

SELECT 1e0 / 0, -1e0 / 0, 0e0 / 0, 1e7, 1e-4, 123456.789e0, 1e15, REAL '16777216', REAL '0.1'
= Infinity | -Infinity | NaN | 1.0E7 | 1.0E-4 | 123456.789 | 1.0E15 | 1.6777216E7 | 0.1

SELECT 0e0 / 0 = 0e0 / 0, 0e0 / 0 <> 0e0 / 0, 0e0 / 0 > 1, 1 < 0e0 / 0, 0e0 / 0 IS DISTINCT FROM 0e0 / 0
= false | true | false | false | false

SELECT REAL '0.1' + REAL '0.2', REAL '1' / 3, CAST(REAL '0.1' AS double), SMALLINT '3' * TINYINT '2'
= 0.3 | 0.33333334 | 0.10000000149011612 | 6

-- Three-valued logic. functions/logical.html, functions/comparison.html
SELECT NULL AND false, NULL OR true, NOT NULL, NULL = NULL, NULL IS NULL, NULL IS NOT DISTINCT FROM NULL
= false | true | null | null | true | true

SELECT 3 IN (1, 2, NULL), 1 IN (1, NULL), 3 NOT IN (1, 2, NULL), NULL IN (1), 1 BETWEEN NULL AND 0
= null | true | null | null | false

SELECT (1, NULL) = (1, 2), (1, NULL) = (2, 2), (1, 2) = (1, 2), (1, 2) <> (1, 3), (1, 2) IN ((1, 2), (3, 4))
= null | false | true | true | true

SELECT 'a' < 'B', 'a' = 'a ', 'abc' LIKE 'a_c', 'a_b' LIKE 'a\_b' ESCAPE '\', 'a%' NOT LIKE 'a', 'A' LIKE 'a'
= false | false | true | true | true | false

SELECT CASE 2 WHEN 1 THEN 'x' WHEN 2 THEN 'y' END, CASE WHEN NULL THEN 1 END, nullif(1, 1), nullif(1, 2), if(NULL, 1, 2), coalesce(NULL, NULL)
= y | null | null | 1 | 2 | null

SELECT try(1 / 0), try(CAST('x' AS integer)), try(ARRAY[1][2]), try(1)
= null | null | null | 1

-- Text, arrays and rows. functions/array.html, language/types.html#structural
SELECT 'a' || 'b' || NULL, 'it''s', ARRAY[1] || ARRAY[2], ARRAY[1] || 2, 1 || ARRAY[2], ARRAY[1.5] || 2
= null | it's | [1, 2] | [1, 2] | [1, 2] | [1.5, 2.0]

SELECT ARRAY[10, 20][2], ROW(1, 'b')[2], ARRAY[1, 2] = ARRAY[1, 2], ARRAY[1, 2] = ARRAY[1], ARRAY[ARRAY[1], NULL][1][1]
= 20 | b | true | false | 1

SELECT ARRAY[1e0, 1e7], ARRAY[DATE '2025-01-01'], ARRAY[true, NULL], ARRAY[TIMESTAMP '2025-01-01 00:00:00'], ARRAY[0.10], ARRAY[ROW(1, 'x')]
= [1.0, 1.0E7] | [2025-01-01] | [true, null] | [2025-01-01 00:00:00.000] | [0.10] | [{field0=1, field1=x}]

SELECT r.x, r.y FROM (SELECT CAST(ROW(1, 'b') AS ROW(x integer, y varchar)) AS r)
= 1 | b

-- Dates, times and intervals. functions/datetime.html#date-and-time-operators
SELECT DATE '2025-01-31' + INTERVAL '1' MONTH, DATE '2025-01-31' - INTERVAL '1' DAY, INTERVAL '1' YEAR + DATE '2024-02-29'
= 2025-02-28 | 2025-01-30 | 2025-02-28

SELECT TIMESTAMP '2025-01-31 01:00:00' + INTERVAL '1' MONTH, TIMESTAMP '2025-01-01 00:00:00' - INTERVAL '29' HOUR
= 2025-02-28 01:00:00.000 | 2024-12-30 19:00:00.000

SELECT DATE '2021-01-10' - DATE '2021-01-01', TIMESTAMP '2021-01-10 12:00:00' - TIMESTAMP '2021-01-10 13:30:00'
= 9 00:00:00.000 | -0 01:30:00.000

SELECT INTERVAL '1' DAY + INTERVAL '2' HOUR, INTERVAL '3' DAY * 2, INTERVAL '1' DAY / 2, 2 * INTERVAL '1' YEAR, - INTERVAL '1' DAY
= 1 02:00:00.000 | 6 00:00:00.000 | 0 12:00:00.000 | 2-0 | -1 00:00:00.000

SELECT INTERVAL '1' DAY = INTERVAL '24' HOUR, INTERVAL '13' MONTH > INTERVAL '1' YEAR
= true | true

SELECT DATE '2025-01-01' < TIMESTAMP '2025-01-01 00:00:01', DATE '2025-01-01' = TIMESTAMP '2025-01-01 00:00:00'
= true | true

SELECT TIMESTAMP '2012-10-31 01:00 UTC' AT TIME ZONE 'America/Los_Angeles', TIMESTAMP '2012-10-31 01:00 UTC' = TIMESTAMP '2012-10-30 18:00 America/Los_Angeles'
= 2012-10-30 18:00:00.000 America/Los_Angeles | true

SELECT TIMESTAMP '2020-06-01 12:00:00 America/New_York' + INTERVAL '1' MONTH, CAST(TIMESTAMP '2020-06-01 23:00:00 America/New_York' AS date)
= 2020-07-01 12:00:00.000 America/New_York | 2020-06-01

SELECT extract(year FROM TIMESTAMP '2020-12-31 22:00:00 America/New_York'), hour(TIMESTAMP '2020-06-01 12:00:00 America/New_York' AT TIME ZONE 'UTC')
= 2020 | 16

SELECT date_trunc('day', TIMESTAMP '2020-06-01 12:00:00 America/New_York'), date_add('hour', 1, TIMESTAMP '2020-06-01 12:00:00 +02:00')
= 2020-06-01 00:00:00.000 America/New_York | 2020-06-01 13:00:00.000 +02:00

SELECT current_date = CAST(now() AS date), current_timestamp = now(), localtimestamp = CAST(now() AS timestamp)
= true | true | true

-- Fields of a date, and their other names. functions/datetime.html#extraction-functions
SELECT week(DATE '2024-12-30'), week_of_year(DATE '2024-12-30'), yow(DATE '2024-12-30'), year_of_week(DATE '2024-12-30')
= 1 | 1 | 2025 | 2025

-- functions/aggregate.html#every
SELECT every(x > 1), every(x > 0) FROM (VALUES 1, 2) t(x)
= false | true

-- A timestamp has at least three digits in the result. language/types.html#timestamp-p
SELECT TIMESTAMP '2020-06-10 15:55:23', TIMESTAMP '2020-06-10 15:55:23.383345', TIME '01:00' + INTERVAL '3' HOUR
= 2020-06-10 15:55:23.000 | 2020-06-10 15:55:23.383345 | 04:00:00.000

-- A zone may have UTC, GMT or UT before its offset. language/types.html#timestamp-p-with-time-zone
SELECT TIMESTAMP '2001-08-22 03:04:05.321 GMT-08:30', TIMESTAMP '2001-08-22 03:04:05.321 UTC+01:00' = TIMESTAMP '2001-08-22 02:04:05.321 UTC'
= 2001-08-22 03:04:05.321 -08:30 | true
