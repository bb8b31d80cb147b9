-- functions/math.html
SELECT abs(-1.5)
= 1.5

SELECT cbrt(27)
= 3.0

SELECT ceil(1.2)
= 2

SELECT ceiling(-1.2e0)
= -1.0

SELECT cosine_similarity(MAP(ARRAY['a'], ARRAY[1.0]), MAP(ARRAY['a'], ARRAY[2.0]))
= 1.0

SELECT degrees(pi())
= 180.0

SELECT e()
= 2.718281828459045

SELECT exp(0)
= 1.0

SELECT floor(-1.5)
= -2

SELECT ln(1)
= 0.0

SELECT log(2, 8)
= 3.0

SELECT log2(8)
= 3.0

SELECT log10(1000)
= 3.0

SELECT mod(7, 3)
= 1

SELECT mod(-7, 3)
= -1

SELECT mod(5.5, 2)
= 1.5

SELECT pi()
= 3.141592653589793

SELECT pow(2, 10)
= 1024.0

SELECT radians(180)
= 3.141592653589793

SELECT round(2.5)
= 3

SELECT round(-2.5)
= -3

SELECT round(12.345, 2)
= 12.350

SELECT round(1250, -2)
= 1300

SELECT round(2.5e0)
= 3.0

SELECT sign(-3)
= -1

SELECT sign(-1.5)
= -1

SELECT sqrt(16)
= 4.0

SELECT truncate(12.7e0)
= 12.0

SELECT truncate(-12.7e0)
= -12.0

SELECT truncate(DECIMAL '123.456')
= 123

SELECT width_bucket(5.3, 0.2, 10.6, 5)
= 3

SELECT width_bucket(-1, 0, 10, 5)
= 0

SELECT width_bucket(10, 0, 10, 5)
= 6

SELECT width_bucket(3, 10, 0, 5)
= 4

SELECT width_bucket(3, ARRAY[1.0, 2.0, 4.0])
= 2

SELECT acos(2)
= NaN

SELECT atan2(0, -1)
= 3.141592653589793

SELECT cosh(0)
= 1.0

SELECT tanh(0)
= 0.0

SELECT infinity()
= Infinity

SELECT nan()
= NaN

SELECT is_finite(infinity())
= false

SELECT is_infinite(-infinity())
= true

SELECT is_nan(nan())
= true

SELECT from_base('ff', 16)
= 255

SELECT from_base('-101', 2)
= -5

SELECT to_base(255, 16)
= ff

SELECT to_base(-5, 2)
= -101

SELECT random(1)
= 0

SELECT random(5, 6)
= 5

SELECT rand() BETWEEN 0 AND 1
= true

SELECT from_base('12', 2)
! INVALID_FUNCTION_ARGUMENT

SELECT to_base(1, 37)
! INVALID_FUNCTION_ARGUMENT

SELECT width_bucket(1, 5, 5, 3)
! INVALID_FUNCTION_ARGUMENT

SELECT width_bucket(1, ARRAY[2.0, 1.0])
! INVALID_FUNCTION_ARGUMENT

SELECT random(0)
! INVALID_FUNCTION_ARGUMENT

SELECT mod(1, 0)
! DIVISION_BY_ZERO

SELECT sqrt('a')
! FUNCTION_NOT_FOUND

SELECT normal_cdf(0, 1, 0)
! FUNCTION_NOT_FOUND

-- functions/bitwise.html
SELECT bit_count(9, 64)
= 2

SELECT bit_count(9, 8)
= 2

SELECT bit_count(-7, 64)
= 62

SELECT bit_count(-7, 8)
= 6

SELECT bitwise_and(19, 25)
= 17

SELECT bitwise_not(19)
= -20

SELECT bitwise_or(19, 25)
= 27

SELECT bitwise_xor(19, 25)
= 10

SELECT bitwise_left_shift(1, 2)
= 4

SELECT bitwise_left_shift(5, 2)
= 20

SELECT bitwise_left_shift(0, 1)
= 0

SELECT bitwise_left_shift(20, 0)
= 20

SELECT bitwise_right_shift(8, 3)
= 1

SELECT bitwise_right_shift(9, 1)
= 4

SELECT bitwise_right_shift(20, 0)
= 20

SELECT bitwise_right_shift(0, 1)
= 0

SELECT bitwise_right_shift(12, 64)
= 0

SELECT bitwise_right_shift(-45, 64)
= 0

SELECT bitwise_right_shift_arithmetic(12, 64)
= 0

SELECT bitwise_right_shift_arithmetic(-45, 64)
= -1

SELECT bitwise_left_shift(TINYINT '7', 2)
= 28

SELECT bitwise_right_shift(TINYINT '-8', 1)
= 124

SELECT bit_count(9, 1)
! INVALID_FUNCTION_ARGUMENT

SELECT bit_count(300, 8)
! INVALID_FUNCTION_ARGUMENT

-- functions/conversion.html
SELECT format('%s%%', 123)
= 123%

SELECT format('%.5f', pi())
= 3.14159

SELECT format('%03d', 8)
= 008

SELECT format('%,.2f', 1234567.89)
= 1,234,567.89

SELECT format('%-7s,%7s', 'hello', 'world')
= hello  ,  world

SELECT format('%2$s %3$s %1$s', 'a', 'b', 'c')
= b c a

SELECT format('%1$tA, %1$tB %1$te, %1$tY', date '2006-07-04')
= Tuesday, July 4, 2006

SELECT format('%(d|%+d|%x', -5, 5, 255)
= (5)|+5|ff

SELECT format_number(123456)
= 123K

SELECT format_number(1000000)
= 1M

SELECT format_number(999)
= 999

SELECT format_number(12345)
= 12.3K

SELECT parse_data_size('1B')
= 1

SELECT parse_data_size('1kB')
= 1024

SELECT parse_data_size('1MB')
= 1048576

SELECT parse_data_size('2.3MB')
= 2411724

SELECT typeof(123)
= integer

SELECT typeof('cat')
= varchar(3)

SELECT typeof(cos(2) + 1.5)
= double

SELECT typeof(null)
= unknown

SELECT format('%d', 'a')
! NOT_SUPPORTED

SELECT format('%s %s', 1)
! INVALID_FUNCTION_ARGUMENT

SELECT parse_data_size('1XB')
! INVALID_FUNCTION_ARGUMENT

SELECT uuid()
! FUNCTION_NOT_FOUND

SELECT version()
! FUNCTION_NOT_FOUND

SELECT bar(0.5, 10)
! FUNCTION_NOT_FOUND

-- functions/comparison.html and functions/conditional.html
SELECT greatest(1, 3, 2)
= 3

SELECT greatest(1, null)
= null

SELECT least('b', 'a')
= a

SELECT coalesce(null, 2)
= 2

SELECT try(1 / 0)
= null

SELECT coalesce(try(CAST('a' AS integer)), 0)
= 0

-- Flags of java.util.Formatter
SELECT format('%05.1f|%+,d|% d', -2.25, 12345, 7)
= -02.3|+12,345| 7

SELECT format('%0d', 1)
! INVALID_FUNCTION_ARGUMENT

SELECT format('%-05d', 1)
! INVALID_FUNCTION_ARGUMENT

-- functions/math.html
SELECT asin(1)
= 1.5707963267948966

SELECT atan(1)
= 0.7853981633974483

SELECT sin(0)
= 0.0

SELECT sinh(0)
= 0.0

SELECT tan(0)
= 0.0

-- functions/math.html#trigonometric-functions, functions/binary.html#floating-point-numbers
SELECT asin(1e0), atan(1e0), sin(0e0), sinh(0e0), tan(0e0), from_ieee754_32(X'3F800000')
= 1.5707963267948966 | 0.7853981633974483 | 0.0 | 0.0 | 0.0 | 1.0

-- functions/datetime.html#timezone_hour
SELECT timezone_hour(TIMESTAMP '2020-06-01 12:00:00 America/New_York')
= -4

-- functions/binary.html#hmac-functions; the values are those of Wikipedia's article on HMAC
SELECT lower(to_hex(hmac_sha1(to_utf8('The quick brown fox jumps over the lazy dog'), to_utf8('key'))))
= de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9

SELECT lower(to_hex(hmac_sha256(to_utf8('The quick brown fox jumps over the lazy dog'), to_utf8('key'))))
= f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8

SELECT lower(to_hex(hmac_sha512(to_utf8('The quick brown fox jumps over the lazy dog'), to_utf8('key'))))
= b42af09057bac1e2d41708e48a902e09b5ff7f12ab428a4fe86653c73dd248fb82f948a549f7b791a5b41915ee4d1ec3935357e4e2317250d0372afa2ebeeb3a

SELECT truncate(12.345, 1), truncate(-12.399, 2), truncate(1250.0, -2)
= 12.300 | -12.390 | 1200.0

-- The sign of a double keeps negative zero and NaN. functions/math.html#sign
SELECT sign(-0.0e0), sign(nan()), sign(5e0), sign(REAL '-0.0')
= -0.0 | NaN | 1.0 | -0.0
