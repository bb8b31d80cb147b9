-- functions/datetime.html
SELECT timestamp '2012-10-31 01:00 UTC' AT TIME ZONE 'America/Los_Angeles'
= 2012-10-30 18:00:00.000 America/Los_Angeles

SELECT from_iso8601_timestamp('2020-05-11')
= 2020-05-11 00:00:00.000 UTC

SELECT from_iso8601_timestamp('2020-05-11T11:15:05')
= 2020-05-11 11:15:05.000 UTC

SELECT from_iso8601_timestamp('2020-05-11T11:15:05.055+01:00')
= 2020-05-11 11:15:05.055 +01:00

SELECT from_iso8601_date('2020-05-11')
= 2020-05-11

SELECT from_iso8601_date('2020-W10')
= 2020-03-02

SELECT from_iso8601_date('2020-123')
= 2020-05-02

SELECT at_timezone(TIMESTAMP '2020-06-01 12:00:00.000 UTC', 'America/Sao_Paulo')
= 2020-06-01 09:00:00.000 America/Sao_Paulo

SELECT with_timezone(TIMESTAMP '2020-06-01 12:00:00.000', 'America/Sao_Paulo')
= 2020-06-01 12:00:00.000 America/Sao_Paulo

SELECT from_unixtime(1591012800)
= 2020-06-01 12:00:00.000 UTC

SELECT from_unixtime(0.5)
= 1970-01-01 00:00:00.500 UTC

SELECT from_unixtime(1591012800, 'America/Sao_Paulo')
= 2020-06-01 09:00:00.000 America/Sao_Paulo

SELECT from_unixtime(0, -3, 0)
= 1969-12-31 21:00:00.000 -03:00

SELECT to_unixtime(TIMESTAMP '2020-06-01 12:00:00.250')
= 1.59101280025E9

SELECT to_iso8601(DATE '2020-06-01')
= 2020-06-01

SELECT to_iso8601(TIMESTAMP '2020-06-01 12:00:00.250')
= 2020-06-01T12:00:00.250

SELECT to_iso8601(from_unixtime(0))
= 1970-01-01T00:00:00.000Z

SELECT to_iso8601(from_unixtime(0, 'America/Sao_Paulo'))
= 1969-12-31T21:00:00.000-03:00

SELECT to_milliseconds(INTERVAL '2' SECOND)
= 2000

SELECT current_timezone()
= UTC

SELECT last_day_of_month(DATE '2024-02-05')
= 2024-02-29

SELECT date_trunc('second', TIMESTAMP '2001-08-22 03:04:05.321')
= 2001-08-22 03:04:05.000

SELECT date_trunc('minute', TIMESTAMP '2001-08-22 03:04:05.321')
= 2001-08-22 03:04:00.000

SELECT date_trunc('hour', TIMESTAMP '2001-08-22 03:04:05.321')
= 2001-08-22 03:00:00.000

SELECT date_trunc('day', TIMESTAMP '2001-08-22 03:04:05.321')
= 2001-08-22 00:00:00.000

SELECT date_trunc('week', TIMESTAMP '2001-08-22 03:04:05.321')
= 2001-08-20 00:00:00.000

SELECT date_trunc('month', TIMESTAMP '2001-08-22 03:04:05.321')
= 2001-08-01 00:00:00.000

SELECT date_trunc('quarter', TIMESTAMP '2001-08-22 03:04:05.321')
= 2001-07-01 00:00:00.000

SELECT date_trunc('year', TIMESTAMP '2001-08-22 03:04:05.321')
= 2001-01-01 00:00:00.000

SELECT date_trunc('day', TIMESTAMP '2020-06-01 01:00:00.000 America/Sao_Paulo')
= 2020-06-01 00:00:00.000 America/Sao_Paulo

SELECT date_add('second', 86, TIMESTAMP '2020-03-01 00:00:00.000')
= 2020-03-01 00:01:26.000

SELECT date_add('hour', 9, TIMESTAMP '2020-03-01 00:00:00.000')
= 2020-03-01 09:00:00.000

SELECT date_add('day', -1, TIMESTAMP '2020-03-01 00:00:00.000 UTC')
= 2020-02-29 00:00:00.000 UTC

SELECT date_add('month', 1, DATE '2025-01-31')
= 2025-02-28

SELECT date_diff('second', TIMESTAMP '2020-03-01 00:00:00', TIMESTAMP '2020-03-02 00:00:00')
= 86400

SELECT date_diff('hour', TIMESTAMP '2020-03-01 00:00:00 UTC', TIMESTAMP '2020-03-02 00:00:00 UTC')
= 24

SELECT date_diff('day', DATE '2020-03-01', DATE '2020-03-02')
= 1

SELECT date_diff('millisecond', TIMESTAMP '2020-06-01 12:30:45.000', TIMESTAMP '2020-06-02 12:30:45.123')
= 86400123

SELECT date_diff('month', DATE '2025-01-31', DATE '2025-02-28')
= 1

SELECT date_diff('month', DATE '2025-02-28', DATE '2025-01-31')
= -1

SELECT date_diff('year', DATE '2024-02-29', DATE '2025-02-28')
= 1

SELECT date_diff('week', DATE '2025-01-01', DATE '2025-01-14')
= 1

SELECT parse_duration('42.8ms')
= 0 00:00:00.043

SELECT parse_duration('3.81 d')
= 3 19:26:24.000

SELECT parse_duration('5m')
= 0 00:05:00.000

SELECT human_readable_seconds(96)
= 1 minute, 36 seconds

SELECT human_readable_seconds(3762)
= 1 hour, 2 minutes, 42 seconds

SELECT human_readable_seconds(56363463)
= 93 weeks, 1 day, 8 hours, 31 minutes, 3 seconds

SELECT human_readable_seconds(61)
= 1 minute, 1 second

SELECT date_format(TIMESTAMP '2025-01-05 13:04:06.123', '%Y-%m-%d %H:%i:%s')
= 2025-01-05 13:04:06

SELECT date_format(TIMESTAMP '2025-01-05 13:04:06.123', '%a %b %c %e %f %h %j %k %l %p %y %%')
= Sun Jan 1 5 123000 01 005 13 1 PM 25 %

SELECT date_format(TIMESTAMP '2025-01-05 13:04:06.123', '%W, %M %r %T %v %x')
= Sunday, January 01:04:06 PM 13:04:06 01 2025

SELECT date_format(DATE '2025-01-05', '%d/%m/%Y')
= 05/01/2025

SELECT date_parse('2022/10/20/05', '%Y/%m/%d/%H')
= 2022-10-20 05:00:00.000

SELECT date_parse('5.1.2025', '%d.%m.%Y')
= 2025-01-05 00:00:00.000

SELECT date_parse('Jan 5, 2025 3:04 PM', '%b %e, %Y %l:%i %p')
= 2025-01-05 15:04:00.000

SELECT date_parse('69-01-01', '%y-%m-%d')
= 2069-01-01 00:00:00.000

SELECT date_parse('12:30:45.5', '%H:%i:%s.%f')
= 1970-01-01 12:30:45.500

SELECT format_datetime(TIMESTAMP '2025-01-05 13:04:06.123', 'yyyy-MM-dd HH:mm:ss.SSS')
= 2025-01-05 13:04:06.123

SELECT format_datetime(TIMESTAMP '2025-01-05 13:04:06.123', 'EEE EEEE MMM MMMM d h a')
= Sun Sunday Jan January 5 1 PM

SELECT format_datetime(TIMESTAMP '2025-01-05 13:04:06.000 America/Sao_Paulo', 'yy ''at'' D ZZ Z')
= 25 at 5 -03:00 -0300

SELECT parse_datetime('2025-01-05 13:04', 'yyyy-MM-dd HH:mm')
= 2025-01-05 13:04:00.000 UTC

SELECT parse_datetime('2025-01-05 13:04 -03:00', 'yyyy-MM-dd HH:mm ZZ')
= 2025-01-05 13:04:00.000 -03:00

SELECT extract(year FROM DATE '2025-03-09')
= 2025

SELECT extract(quarter FROM DATE '2025-05-09')
= 2

SELECT extract(dow FROM DATE '2025-03-09')
= 7

SELECT extract(timezone_hour FROM TIMESTAMP '2025-03-09 00:00:00 America/Sao_Paulo')
= -3

SELECT extract(hour FROM TIME '10:20:30')
= 10

SELECT day_of_week(DATE '2025-03-10')
= 1

SELECT day_of_year(DATE '2025-03-05')
= 64

SELECT week(DATE '2024-12-30')
= 1

SELECT year_of_week(DATE '2024-12-30')
= 2025

SELECT millisecond(TIMESTAMP '2025-01-05 13:04:06.123')
= 123

SELECT hour(TIMESTAMP '2025-01-05 13:04:06 America/Sao_Paulo')
= 13

SELECT timezone_minute(TIMESTAMP '2025-01-05 13:04:06 America/Sao_Paulo')
= 0

SELECT date_add('fortnight', 1, DATE '2025-01-01')
! INVALID_FUNCTION_ARGUMENT

SELECT date_trunc('hour', DATE '2025-01-01')
! INVALID_FUNCTION_ARGUMENT

SELECT date_parse('2025-13-01', '%Y-%m-%d')
! INVALID_FUNCTION_ARGUMENT

SELECT date_parse('2025-01-01 x', '%Y-%m-%d')
! INVALID_FUNCTION_ARGUMENT

SELECT date_format(DATE '2025-01-01', '%U')
! INVALID_FUNCTION_ARGUMENT

SELECT format_datetime(TIMESTAMP '2025-01-01 00:00:00', 'ZZ')
! INVALID_FUNCTION_ARGUMENT

SELECT format_datetime(TIMESTAMP '2025-01-01 00:00:00', 'z')
! NOT_SUPPORTED

SELECT parse_datetime('2025', 'yyyy-MM')
! INVALID_FUNCTION_ARGUMENT

SELECT parse_duration('1 fortnight')
! INVALID_FUNCTION_ARGUMENT

SELECT from_iso8601_date('2020-02-30')
! INVALID_FUNCTION_ARGUMENT

SELECT at_timezone(TIMESTAMP '2020-06-01 12:00:00 UTC', 'Mars/Olympus')
! INVALID_FUNCTION_ARGUMENT

SELECT from_iso8601_timestamp('2020-05-11T11:15:05+05:30')
= 2020-05-11 11:15:05.000 +05:30

SELECT from_unixtime_nanos(0)
! FUNCTION_NOT_FOUND

-- Names of UTC, and zones that are left out. language/timezones.html
SELECT TIMESTAMP '2020-01-01 00:00:00.000 GMT'
= 2020-01-01 00:00:00.000 UTC

SELECT at_timezone(TIMESTAMP '2020-01-01 00:00:00.000 America/Sao_Paulo', 'Etc/UTC')
= 2020-01-01 03:00:00.000 UTC

SELECT at_timezone(TIMESTAMP '2020-01-01 00:00:00.000 UTC', 'Etc/GMT+3')
! NOT_SUPPORTED

SELECT at_timezone(TIMESTAMP '2020-01-01 00:00:00.000 UTC', 'UTC+3')
! NOT_SUPPORTED

SELECT timezone_hour(TIMESTAMP '2025-01-05 13:04:06 America/Sao_Paulo')
= -3

SELECT timezone_hour(TIMESTAMP '2025-07-05 13:04:06 Europe/Berlin')
= 2

-- Fields of intervals. functions/datetime.html#extraction-function
SELECT day(INTERVAL '29' HOUR), hour(INTERVAL '29' HOUR), extract(second FROM INTERVAL '90.5' SECOND)
= 1 | 5 | 30

SELECT millisecond(INTERVAL '90.5' SECOND), hour(INTERVAL '-29' HOUR), minute(INTERVAL '3' HOUR)
= 500 | -5 | 0

SELECT year(INTERVAL '14' MONTH), month(INTERVAL '14' MONTH), extract(month FROM INTERVAL '1-3' YEAR TO MONTH)
= 1 | 2 | 3

-- Offsets with minutes. language/types.html#timestamp-with-time-zone
SELECT TIMESTAMP '2020-06-10 15:55:23.383 +08:35' AT TIME ZONE 'UTC'
= 2020-06-10 07:20:23.383 UTC

SELECT TIMESTAMP '2020-06-10 15:55:23.383 UTC' AT TIME ZONE '-08:35'
= 2020-06-10 07:20:23.383 -08:35

SELECT extract(timezone_hour FROM TIMESTAMP '2020-05-10 12:34:56 +08:35'), timezone_minute(TIMESTAMP '2020-05-10 12:34:56 +08:35')
= 8 | 35

SELECT timezone_hour(TIMESTAMP '2020-05-10 12:34:56 -08:35'), timezone_minute(TIMESTAMP '2020-05-10 12:34:56 -08:35')
= -8 | -35

SELECT from_unixtime(0, 5, 30), to_iso8601(from_unixtime(0, -3, 0)), format_datetime(from_unixtime(0, 5, 30), 'ZZ')
= 1970-01-01 05:30:00.000 +05:30 | 1969-12-31T21:00:00.000-03:00 | +05:30

SELECT from_unixtime(0, 15, 0)
! INVALID_FUNCTION_ARGUMENT

-- Bounds.
SELECT date_diff('month', TIMESTAMP '0001-01-31 00:00:00', TIMESTAMP '9999-12-31 23:59:59')
= 119987

SELECT human_readable_seconds(nan())
! NOT_SUPPORTED

SELECT cardinality(sequence(DATE '9999-11-30', DATE '9999-12-31', INTERVAL '1' MONTH))
= 2
