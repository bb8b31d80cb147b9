-- To numbers. functions/conversion.html
SELECT CAST(2.5e0 AS integer), CAST(3.5e0 AS integer), CAST(-2.5e0 AS bigint), CAST(2.5 AS integer), CAST(-2.5 AS integer), CAST(true AS bigint)
= 3 | 4 | -3 | 3 | -3 | 1

SELECT CAST('12' AS integer), CAST('-7' AS bigint), CAST('+3' AS smallint), CAST('1.5e3' AS double), CAST(' 1.5 ' AS double), CAST('NaN' AS double), CAST('-Infinity' AS double)
= 12 | -7 | 3 | 1500.0 | 1.5 | NaN | -Infinity

SELECT CAST(1.25 AS decimal(3, 1)), CAST(-1.25 AS decimal(3, 1)), CAST('1.005' AS decimal(10, 2)), CAST(1.005e0 AS decimal(10, 2)), CAST(0.285e0 AS decimal(3, 2)), CAST(7 AS decimal(5, 2)), CAST('1e2' AS decimal(5, 1))
= 1.3 | -1.3 | 1.01 | 1.01 | 0.29 | 7.00 | 100.0

SELECT CAST(0.1e0 AS real), CAST(REAL '1.5' AS integer), CAST(1 AS boolean), CAST(0.0 AS boolean), CAST('T' AS boolean), CAST('0' AS boolean)
= 0.1 | 2 | true | false | true | false

SELECT TRY_CAST('x' AS integer), TRY_CAST('1e400' AS decimal(5, 1)), TRY_CAST(300 AS tinyint), TRY_CAST('2025-02-30' AS date), TRY_CAST('5' AS integer)
= null | null | null | null | 5

-- To text. functions/conversion.html
SELECT CAST(7 AS varchar), CAST(0.10 AS varchar), CAST(-0.5 AS varchar), CAST(1.50 AS varchar), CAST('ab' AS char(5)), CAST(true AS varchar), CAST('abcdef' AS varchar(3))
= 7 | 0.10 | -0.5 | 1.50 | ab    | true | abc

SELECT CAST(1e0 AS varchar), CAST(37.7e0 AS varchar), CAST(0e0 AS varchar), CAST(1e15 AS varchar), CAST(1e0 / 3 AS varchar), CAST(1e0 / 0 AS varchar), CAST(REAL '37.7' AS varchar)
= 1.0E0 | 3.77E1 | 0E0 | 1.0E15 | 3.333333333333333E-1 | Infinity | 3.77E1

SELECT CAST(DATE '2025-01-02' AS varchar), CAST(TIMESTAMP '2025-01-02 03:04:05' AS varchar), CAST(TIMESTAMP '2025-01-02 03:04:05.120' AS varchar), CAST(TIME '01:02:03.5' AS varchar)
= 2025-01-02 | 2025-01-02 03:04:05 | 2025-01-02 03:04:05.120 | 01:02:03.5

SELECT CAST(TIMESTAMP '2020-06-01 12:00:00.000 America/New_York' AS varchar), CAST(NULL AS varchar)
= 2020-06-01 12:00:00.000 America/New_York | null

-- To dates and times. functions/conversion.html, language/types.html#date-and-time
SELECT CAST('2025-01-02' AS date), CAST('2025-1-2' AS date), CAST(' 2025-01-02 ' AS date), CAST(TIMESTAMP '2025-01-02 23:00:00' AS date), date('2025-01-02')
= 2025-01-02 | 2025-01-02 | 2025-01-02 | 2025-01-02 | 2025-01-02

SELECT CAST('2025-01-02' AS timestamp), CAST('2025-01-02 03:04' AS timestamp), CAST('2025-01-02 03:04:05.6789' AS timestamp), CAST(DATE '2025-01-02' AS timestamp)
= 2025-01-02 00:00:00.000 | 2025-01-02 03:04:00.000 | 2025-01-02 03:04:05.679 | 2025-01-02 00:00:00.000

SELECT CAST(TIMESTAMP '2025-01-02 03:04:05.6785' AS timestamp(3)), CAST(TIMESTAMP '2025-01-02 03:04:05.6' AS timestamp(0)), CAST('2025-01-02 03:04:05.678' AS timestamp(0))
= 2025-01-02 03:04:05.679 | 2025-01-02 03:04:06.000 | 2025-01-02 03:04:06.000

SELECT CAST('01:02:03' AS time), CAST(TIMESTAMP '2025-01-02 03:04:05' AS time), CAST(TIMESTAMP '2025-01-02 03:04:05' AS timestamp with time zone)
= 01:02:03.000 | 03:04:05.000 | 2025-01-02 03:04:05.000 UTC

-- Structural types are cast by their elements. functions/conversion.html
SELECT CAST(ARRAY[1, 2] AS array(varchar)), CAST(ARRAY['1'] AS array<integer>), CAST(ROW(1, 2.5e0) AS ROW(a double, b varchar)), CAST(ARRAY[ROW(1)] AS array(ROW(x varchar)))
= [1, 2] | [1] | {a=1.0, b=2.5E0} | [{x=1}]

SELECT CAST(NULL AS array(integer)), CAST(ARRAY[] AS array(integer)), CAST(ARRAY[NULL] AS array(varchar))
= null | [] | [null]
