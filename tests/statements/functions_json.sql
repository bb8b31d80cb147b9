-- functions/json.html
SELECT CAST(NULL AS JSON)
= null

SELECT CAST(1 AS JSON)
= 1

SELECT CAST(9223372036854775807 AS JSON)
= 9223372036854775807

SELECT CAST('abc' AS JSON)
= "abc"

SELECT CAST(true AS JSON)
= true

SELECT CAST(1.234 AS JSON)
= 1.234

SELECT CAST(0.5 AS JSON)
= 0.5

SELECT CAST(1.5e0 AS JSON)
= 1.5

SELECT CAST(ARRAY[1, 23, 456] AS JSON)
= [1,23,456]

SELECT CAST(ARRAY[1, NULL, 456] AS JSON)
= [1,null,456]

SELECT CAST(ARRAY[ARRAY[1, 23], ARRAY[456]] AS JSON)
= [[1,23],[456]]

SELECT CAST(MAP(ARRAY['k1', 'k2', 'k3'], ARRAY[1, 23, 456]) AS JSON)
= {"k1":1,"k2":23,"k3":456}

SELECT CAST(CAST(ROW(123, 'abc', true) AS ROW(v1 BIGINT, v2 VARCHAR, v3 BOOLEAN)) AS JSON)
= {"v1":123,"v2":"abc","v3":true}

SELECT CAST(ARRAY[DATE '2025-01-02'] AS JSON)
= ["2025-01-02"]

SELECT CAST(JSON 'null' AS VARCHAR)
= null

SELECT CAST(JSON '1' AS INTEGER)
= 1

SELECT CAST(JSON '9223372036854775807' AS BIGINT)
= 9223372036854775807

SELECT CAST(JSON '"abc"' AS VARCHAR)
= abc

SELECT CAST(JSON 'true' AS BOOLEAN)
= true

SELECT CAST(JSON '1.234' AS DOUBLE)
= 1.234

SELECT CAST(JSON '1.5' AS VARCHAR)
= 1.5E0

SELECT CAST(JSON '[1,23,456]' AS ARRAY(INTEGER))
= [1, 23, 456]

SELECT CAST(JSON '[1,null,456]' AS ARRAY(INTEGER))
= [1, null, 456]

SELECT CAST(JSON '[[1,23],[456]]' AS ARRAY(ARRAY(INTEGER)))
= [[1, 23], [456]]

SELECT CAST(JSON '{"k1":1, "k2":23, "k3":456}' AS MAP(VARCHAR, INTEGER))
= {k1=1, k2=23, k3=456}

SELECT CAST(JSON '{"v1":123, "v2":"abc","v3":true}' AS ROW(v1 BIGINT, v2 VARCHAR, v3 BOOLEAN))
= {v1=123, v2=abc, v3=true}

SELECT CAST(JSON '[123, "abc",true]' AS ROW(v1 BIGINT, v2 VARCHAR, v3 BOOLEAN))
= {v1=123, v2=abc, v3=true}

SELECT CAST(JSON '[[1, 23], 456]' AS ARRAY(JSON))
= [[1,23], 456]

SELECT CAST(JSON '[null, [[1, 23], 456]]' AS ARRAY(JSON))
= [null, [[1,23],456]]

SELECT CAST(JSON '{"k1": [1, 23], "k2": 456}' AS MAP(VARCHAR, JSON))
= {k1=[1,23], k2=456}

SELECT is_json_scalar('1')
= true

SELECT is_json_scalar('[1, 2, 3]')
= false

SELECT json_array_contains('[1, 2, 3]', 2)
= true

SELECT json_array_contains('[1, 2, 3]', 2e0)
= false

SELECT json_array_contains('["a"]', 'a')
= true

SELECT json_array_contains('{}', 1)
= null

SELECT json_array_get('["a", [3, 9], "c"]', 0)
= a

SELECT json_array_get('["a", [3, 9], "c"]', 1)
= [3,9]

SELECT json_array_get('["c", [3, 9], "a"]', -1)
= a

SELECT json_array_get('["c", [3, 9], "a"]', -2)
= [3,9]

SELECT json_array_get('[]', 0)
= null

SELECT json_array_get('["a", "b", "c"]', 10)
= null

SELECT json_array_get('["c", "b", "a"]', -10)
= null

SELECT json_array_length('[1, 2, 3]')
= 3

SELECT json_array_length('{}')
= null

SELECT json_extract('{"store": {"book": [{"title": "x", "price": 8.950}]}}', '$.store.book')
= [{"title":"x","price":8.95}]

SELECT json_extract('{"a": null}', '$.a')
= null

SELECT json_extract('{"a b": [1, 2]}', '$["a b"][1]')
= 2

SELECT json_extract('{"a": 1}', '$.b')
= null

SELECT json_extract_scalar('[1, 2, 3]', '$[2]')
= 3

SELECT json_extract_scalar('{"store": {"book": [{"author": "y"}]}}', '$.store.book[0].author')
= y

SELECT json_extract_scalar('{"a": 1.50}', '$.a')
= 1.50

SELECT json_extract_scalar('{"a": [1]}', '$.a')
= null

SELECT json_extract_scalar('not json', '$.a')
= null

SELECT json_format(JSON '[1, 2, 3]')
= [1,2,3]

SELECT json_format(JSON '"a"')
= "a"

SELECT json_parse('[1, 2, 3]')
= [1,2,3]

SELECT json_parse('{"b": 1, "a": "é\n"}')
= {"a":"é\n","b":1}

SELECT json_size('{"x": {"a": 1, "b": 2}}', '$.x')
= 2

SELECT json_size('{"x": [1, 2, 3]}', '$.x')
= 3

SELECT json_size('{"x": {"a": 1, "b": 2}}', '$.x.a')
= 0

SELECT try_cast(JSON '{}' AS VARCHAR)
= null

SELECT json_parse('not json')
! INVALID_FUNCTION_ARGUMENT

SELECT json_extract('{}', '$.[a')
! INVALID_FUNCTION_ARGUMENT

SELECT json_extract('{}', 'a')
! INVALID_FUNCTION_ARGUMENT

SELECT json_extract_scalar('{"a":1, b', '$.a')
! NOT_SUPPORTED

SELECT CAST(JSON '[1]' AS BIGINT)
! INVALID_CAST_ARGUMENT

SELECT CAST(JSON '300' AS TINYINT)
! INVALID_CAST_ARGUMENT

SELECT CAST(JSON '{"a":1}' AS ARRAY(INTEGER))
! INVALID_CAST_ARGUMENT

SELECT CAST(JSON '1' AS DATE)
! NOT_SUPPORTED

SELECT is_json_scalar('x')
! INVALID_FUNCTION_ARGUMENT

SELECT CAST(JSON '[null]' AS ARRAY(JSON))
= [null]

SELECT json_format(JSON '{"a": 1, "b": 2}')
= {"a":1,"b":2}

SELECT json_format(JSON 'null')
= null

SELECT CAST(JSON '[1, 2, 3]' AS VARCHAR)
! INVALID_CAST_ARGUMENT

SELECT json_array_length('123 abc')
= null

SELECT json_extract_scalar('123 abc', '$')
! NOT_SUPPORTED
