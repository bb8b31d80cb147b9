-- functions/string.html
SELECT chr(65)
= A

SELECT codepoint('é')
= 233

SELECT concat('a', 'b', 'c')
= abc

SELECT concat('a', CAST(null AS varchar))
= null

SELECT concat_ws(',', 'a', null, 'b')
= a,b

SELECT concat_ws(CAST(null AS varchar), 'a')
= null

SELECT concat_ws('-', ARRAY['x', null, 'y'])
= x-y

SELECT hamming_distance('karolin', 'kathrin')
= 3

SELECT length('abç')
= 3

SELECT levenshtein_distance('kitten', 'sitting')
= 3

SELECT lower('ABC')
= abc

SELECT lpad('abc', 6, 'xy')
= xyxabc

SELECT lpad('abc', 2, 'x')
= ab

SELECT ltrim('  a ') || '|'
= a |

SELECT luhn_check('79927398713')
= true

SELECT luhn_check('79927398714')
= false

SELECT position('b' IN 'abc')
= 2

SELECT replace('abcabc', 'b')
= acac

SELECT replace('abcabc', 'b', 'xx')
= axxcaxxc

SELECT replace('abc', '', '-')
= -a-b-c-

SELECT reverse('abç')
= çba

SELECT rpad('abc', 6, 'xy')
= abcxyx

SELECT '|' || rtrim(' a  ')
= | a

SELECT soundex('Robert')
= R163

SELECT soundex('Tymczak')
= T522

SELECT soundex('Pfister')
= P236

SELECT split('a,b,,c', ',')
= [a, b, , c]

SELECT split('a,b,c', ',', 2)
= [a, b,c]

SELECT split_part('a.b.c', '.', 2)
= b

SELECT split_part('a.b.c', '.', 4)
= null

SELECT split_part('abc', '', 2)
= b

SELECT split_to_map('a=1&b=2', '&', '=')
= {a=1, b=2}

SELECT split_to_multimap('a=1&b=2&a=3', '&', '=')
= {a=[1, 3], b=[2]}

SELECT starts_with('abc', 'ab')
= true

SELECT strpos('abcabc', 'c')
= 3

SELECT strpos('abc', 'x')
= 0

SELECT strpos('abc', '')
= 1

SELECT strpos('abcabc', 'c', 2)
= 6

SELECT strpos('abcabc', 'c', -1)
= 6

SELECT strpos('aaaa', 'aa', 3)
= 3

SELECT strpos('abcabc', 'c', 3)
= 0

SELECT substr('abcdef', 3)
= cdef

SELECT substr('abcdef', -2)
= ef

SELECT substr('abcdef', 2, 3)
= bcd

SELECT substring('abcdef' FROM 2 FOR 2)
= bc

SELECT substr('abc', 0) || '|'
= |

SELECT substr('abc', -5) || '|'
= |

SELECT translate('abcd', '', '')
= abcd

SELECT translate('abcda', 'a', 'z')
= zbcdz

SELECT translate('Palhoça', 'ç', 'c')
= Palhoca

SELECT translate('abcd', 'b', U&'\+01F600')
= a😀cd

SELECT translate('abcd', 'a', '')
= bcd

SELECT translate('abcd', 'ac', 'z')
= zbd

SELECT translate('abcd', 'aac', 'zq')
= zbd

SELECT trim(BOTH '$' FROM '$var$')
= var

SELECT trim(LEADING 'x' FROM 'xxa')
= a

SELECT trim(TRAILING 'ER' FROM upper('worker'))
= WORK

SELECT upper('abc')
= ABC

SELECT normalize('sch' || chr(246) || 'n') = 'schön'
= true

SELECT length(normalize('é', NFD))
= 2

SELECT to_utf8('ab')
= 61 62

SELECT from_utf8(X'6162')
= ab

SELECT hamming_distance('a', 'ab')
! INVALID_FUNCTION_ARGUMENT

SELECT lpad('a', -1, 'x')
! INVALID_FUNCTION_ARGUMENT

SELECT rpad('a', 3, '')
! INVALID_FUNCTION_ARGUMENT

SELECT split('a', '')
! INVALID_FUNCTION_ARGUMENT

SELECT split('a', ',', 0)
! INVALID_FUNCTION_ARGUMENT

SELECT split_part('a', ',', 0)
! INVALID_FUNCTION_ARGUMENT

SELECT split_to_map('a=1,a=2', ',', '=')
! INVALID_FUNCTION_ARGUMENT

SELECT split_to_map('a', ',', '=')
! INVALID_FUNCTION_ARGUMENT

SELECT strpos('a', 'a', 0)
! INVALID_FUNCTION_ARGUMENT

SELECT luhn_check('12a')
! INVALID_FUNCTION_ARGUMENT

SELECT chr(-1)
! INVALID_FUNCTION_ARGUMENT

SELECT codepoint('ab')
! FUNCTION_NOT_FOUND

SELECT length(1)
! FUNCTION_NOT_FOUND

SELECT word_stem('running')
! FUNCTION_NOT_FOUND

-- functions/regexp.html
SELECT regexp_count('1a 2b 14m', '\s*[a-z]+\s*')
= 3

SELECT regexp_extract_all('1a 2b 14m', '\d+')
= [1, 2, 14]

SELECT regexp_extract_all('1a 2b 14m', '(\d+)([a-z]+)', 2)
= [a, b, m]

SELECT regexp_extract('1a 2b 14m', '\d+')
= 1

SELECT regexp_extract('1a 2b 14m', '(\d+)([a-z]+)', 2)
= a

SELECT regexp_extract('abc', '\d')
= null

SELECT regexp_like('1a 2b 14m', '\d+b')
= true

SELECT regexp_position('I have 23 apples, 5 pears and 13 oranges', '\b\d+\b')
= 8

SELECT regexp_position('I have 23 apples, 5 pears and 13 oranges', '\b\d+\b', 5)
= 8

SELECT regexp_position('I have 23 apples, 5 pears and 13 oranges', '\b\d+\b', 12)
= 19

SELECT regexp_position('I have 23 apples, 5 pears and 13 oranges', '\b\d+\b', 12, 1)
= 19

SELECT regexp_position('I have 23 apples, 5 pears and 13 oranges', '\b\d+\b', 12, 2)
= 31

SELECT regexp_position('I have 23 apples, 5 pears and 13 oranges', '\b\d+\b', 12, 3)
= -1

SELECT regexp_replace('1a 2b 14m', '\d+[ab] ')
= 14m

SELECT regexp_replace('1a 2b 14m', '(\d+)([ab]) ', '3c$2 ')
= 3ca 3cb 14m

SELECT regexp_replace('ab', '(?<x>a)', '${x}${x}')
= aab

SELECT regexp_replace('a.b', '\.', '\$')
= a$b

SELECT regexp_split('1a 2b 14m', '\s*[a-z]+\s*')
= [1, 2, 14, ]

SELECT regexp_like('ABC', '(?i)abc')
= true

SELECT regexp_extract('foobar', '(?<=foo)bar')
= bar

SELECT regexp_extract('abc', 'b', 1)
! INVALID_FUNCTION_ARGUMENT

SELECT regexp_replace('a', 'a', '$1')
! INVALID_FUNCTION_ARGUMENT

SELECT regexp_like('a', '\p{IsLatin}')
! NOT_SUPPORTED

SELECT regexp_like('a', '[a&&[b]]')
! NOT_SUPPORTED

SELECT regexp_like('é1', '^\w\d$')
! NOT_SUPPORTED

SELECT regexp_position('a', 'a', 0)
! INVALID_FUNCTION_ARGUMENT

-- functions/url.html, and RFC 3986
SELECT url_extract_protocol('https://example.com:8080/a/b.html?x=1&y=2#top')
= https

SELECT url_extract_host('https://example.com:8080/a/b.html?x=1&y=2#top')
= example.com

SELECT url_extract_port('https://example.com:8080/a/b.html?x=1&y=2#top')
= 8080

SELECT url_extract_port('https://example.com/')
= null

SELECT url_extract_path('https://example.com:8080/a/b.html?x=1&y=2#top')
= /a/b.html

SELECT url_extract_query('https://example.com:8080/a/b.html?x=1&y=2#top')
= x=1&y=2

SELECT url_extract_fragment('https://example.com:8080/a/b.html?x=1&y=2#top')
= top

SELECT url_extract_parameter('https://example.com:8080/a/b.html?x=1&y=2#top', 'y')
= 2

SELECT url_extract_parameter('https://example.com/?x=1', 'y')
= null

SELECT url_encode('https://a b/~ü')
= https%3A%2F%2Fa+b%2F%7E%C3%BC

SELECT url_decode('a%20b+c')
= a b c

SELECT url_decode('%zz')
! INVALID_FUNCTION_ARGUMENT

SELECT url_extract_host('not a url')
! NOT_SUPPORTED

-- functions/binary.html, and the test vectors of RFC 1321, 3174, 4648, 6234 and 2104
SELECT to_hex(md5(to_utf8('abc')))
= 900150983CD24FB0D6963F7D28E17F72

SELECT to_hex(sha1(to_utf8('abc')))
= A9993E364706816ABA3E25717850C26C9CD0D89D

SELECT to_hex(sha256(to_utf8('abc')))
= BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD

SELECT length(sha512(to_utf8('abc')))
= 64

SELECT to_hex(hmac_md5(to_utf8('what do ya want for nothing?'), to_utf8('Jefe')))
= 750C783E6AB0B503EAA86E310A5DB738

SELECT crc32(to_utf8('123456789'))
= 3421780262

SELECT to_base64(to_utf8('foobar'))
= Zm9vYmFy

SELECT from_utf8(from_base64('Zm9vYg=='))
= foob

SELECT to_base64url(X'FFEF')
= _-8=

SELECT from_base64url('_-8=')
= ff ef

SELECT to_base32(to_utf8('foob'))
= MZXW6YQ=

SELECT from_utf8(from_base32('MZXW6YQ='))
= foob

SELECT from_hex('0aFF')
= 0a ff

SELECT to_hex(X'0aff')
= 0AFF

SELECT to_big_endian_32(1)
= 00 00 00 01

SELECT to_big_endian_64(-1)
= ff ff ff ff ff ff ff ff

SELECT from_big_endian_64(X'0000000000000100')
= 256

SELECT to_ieee754_32(REAL '1.0')
= 3f 80 00 00

SELECT to_ieee754_64(1.0)
= 3f f0 00 00 00 00 00 00

SELECT from_ieee754_64(X'400C000000000000')
= 3.5

SELECT reverse(X'0102')
= 02 01

SELECT X'01' || X'02'
= 01 02

SELECT from_hex('abc')
! INVALID_FUNCTION_ARGUMENT

SELECT from_base64('*')
! INVALID_FUNCTION_ARGUMENT

SELECT from_big_endian_32(X'01')
! INVALID_FUNCTION_ARGUMENT

SELECT xxhash64(to_utf8('a'))
! FUNCTION_NOT_FOUND

-- Positions and lengths count code points; characters beyond the basic plane are one each. functions/string.html
SELECT length('a😀é')
= 3

SELECT strpos('😀éa', 'a')
= 3

SELECT substr('😀éab', 2, 2)
= éa

SELECT upper('straße é')
= STRAßE É

SELECT lower('ÀΣ')
= àσ

SELECT split_part('😀,b', ',', 2)
= b

SELECT lpad('é', 3, '😀')
= 😀😀é

SELECT regexp_like('a', '(?P<x>a)')
! NOT_SUPPORTED

SELECT regexp_like('a', 'a{,2}')
! NOT_SUPPORTED

SELECT regexp_like('a', '\Qa\E')
! NOT_SUPPORTED

SELECT from_base64('YQ=')
! INVALID_FUNCTION_ARGUMENT

-- RFC 2104 with RFC 3174, and RFC 4231
SELECT to_hex(hmac_sha1(to_utf8('what do ya want for nothing?'), to_utf8('Jefe')))
= EFFCDF6AE5EB2FA2D27416D5F184DF9C259A7C79

SELECT to_hex(hmac_sha256(to_utf8('what do ya want for nothing?'), to_utf8('Jefe')))
= 5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843

SELECT to_hex(hmac_sha512(to_utf8('what do ya want for nothing?'), to_utf8('Jefe')))
= 164B7A7BFCF819E2E395FBE73B56E0A387BD64222E831FD610270CD7EA2505549758BF75C05A994A6D034F65F8F0E6FDCAEAB1A34D4A6B4B636E070A38BCE737

SELECT from_ieee754_32(X'3FC00000')
= 1.5

SELECT codepoint('')
! INVALID_FUNCTION_ARGUMENT
