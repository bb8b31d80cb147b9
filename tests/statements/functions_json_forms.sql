-- functions/json.html#json-array
SELECT json_array(true, 12e-1, 'text')
= [true,1.2,"text"]

SELECT json_array(true, null, 1)
= [true,1]

SELECT json_array(true, null, 1 ABSENT ON NULL)
= [true,1]

SELECT json_array(true, null, 1 NULL ON NULL)
= [true,null,1]

SELECT json_array('[  "text"  ] ' FORMAT JSON)
= [["text"]]

SELECT json_array(json_query('{"key" : [  "value"  ]}', 'lax $.key'))
= [["value"]]

SELECT json_array(DATE '2001-01-31')
= ["2001-01-31"]

SELECT json_array()
= []

SELECT json_array(true, 1 RETURNING VARCHAR(100))
= [true,1]

SELECT json_array(true, 1 RETURNING VARBINARY)
= 5b 74 72 75 65 2c 31 5d

SELECT json_array(true, 1 RETURNING VARBINARY FORMAT JSON ENCODING UTF8)
= 5b 74 72 75 65 2c 31 5d

SELECT json_array(true, 1 RETURNING VARBINARY FORMAT JSON ENCODING UTF16)
= 5b 00 74 00 72 00 75 00 65 00 2c 00 31 00 5d 00

-- functions/json.html#json-object
SELECT json_object('key1' : 1, 'key2' : true)
= {"key1":1,"key2":true}

SELECT json_object(KEY 'key1' VALUE 1, KEY 'key2' VALUE true)
= {"key1":1,"key2":true}

SELECT json_object('key1' VALUE 1, 'key2' VALUE true)
= {"key1":1,"key2":true}

SELECT json_object('x' : true, 'y' : 12e-1, 'z' : 'text')
= {"x":true,"y":1.2,"z":"text"}

SELECT json_object('x' : json_query('{"key" : [  "value"  ]}', 'lax $.key'))
= {"x":["value"]}

SELECT json_object()
= {}

SELECT json_object('x' : null, 'y' : 1)
= {"x":null,"y":1}

SELECT json_object('x' : null, 'y' : 1 NULL ON NULL)
= {"x":null,"y":1}

SELECT json_object('x' : null, 'y' : 1 ABSENT ON NULL)
= {"y":1}

SELECT json_object('x' : 1 RETURNING VARCHAR(100))
= {"x":1}

SELECT json_object('x' : 1 RETURNING VARBINARY)
= 7b 22 78 22 3a 31 7d

SELECT json_object('x' : 1 RETURNING VARBINARY FORMAT JSON ENCODING UTF16)
= 7b 00 22 00 78 00 22 00 3a 00 31 00 7d 00

SELECT json_object('x' : 1 WITH UNIQUE KEYS)
! NOT_SUPPORTED

SELECT json_object(CAST(null AS varchar) : 1)
! INVALID_FUNCTION_ARGUMENT

-- functions/json.html#json-exists, #json-query and #json-value
SELECT id, json_exists(description, 'lax $.children[2]'), json_exists(description, 'strict $.children[2]' UNKNOWN ON ERROR) FROM (VALUES (101, '{"comment" : "nice", "children" : [10, 13, 16]}'), (102, '{"comment" : "problematic", "children" : [8, 11]}')) AS customers (id, description)
= 101 | true | true
= 102 | false | null

SELECT id, json_query(description, 'lax $.children') AS children FROM (VALUES (101, '{"comment" : "nice", "children" : [10, 13, 16]}'), (102, '{"comment" : "problematic", "children" : [8, 11]}'), (103, '{"comment" : "knows best", "children" : [2]}')) AS customers (id, description)
= 101 | [10,13,16]
= 102 | [8,11]
= 103 | [2]

SELECT id, json_query(description, 'lax $.children[*]' WITHOUT ARRAY WRAPPER NULL ON ERROR) AS children FROM (VALUES (101, '{"children" : [10, 13, 16]}'), (103, '{"children" : [2]}')) AS customers (id, description)
= 101 | null
= 103 | 2

SELECT id, json_query(description, 'lax $.children[last]' WITH ARRAY WRAPPER) AS last_child FROM (VALUES (101, '{"children" : [10, 13, 16]}'), (103, '{"children" : [2]}')) AS customers (id, description)
= 101 | [16]
= 103 | [2]

SELECT json_query(description, 'strict $.comment' KEEP QUOTES), json_query(description, 'strict $.comment' OMIT QUOTES) FROM (VALUES '{"comment" : "nice"}') AS customers (description)
= "nice" | nice

SELECT id, json_value(description, 'lax $.children[0]' RETURNING tinyint) AS child FROM (VALUES (101, '{"children" : [10, 13, 16]}'), (103, '{"children" : [2]}')) AS customers (id, description)
= 101 | 10
= 103 | 2

SELECT id, json_value(description, 'strict $.children[2]' DEFAULT 'err' ON ERROR) AS child FROM (VALUES (101, '{"children" : [10, 13, 16]}'), (103, '{"children" : [2]}')) AS customers (id, description)
= 101 | 16
= 103 | err

SELECT id, json_value(description, 'lax $.children[2]' DEFAULT 'missing' ON EMPTY) AS child FROM (VALUES (101, '{"children" : [10, 13, 16]}'), (103, '{"children" : [2]}')) AS customers (id, description)
= 101 | 16
= 103 | missing

SELECT typeof(json_value('{"comment" : "nice"}', 'lax $.comment' RETURNING char(12)))
= char(12)

SELECT json_query('{}', 'lax $.a ? (exists(@.b))')
! NOT_SUPPORTED

SELECT json_value('{"a":[]}', 'strict $.a' ERROR ON ERROR)
! PATH_EVALUATION_ERROR

SELECT json_array('[' FORMAT JSON)
! JSON_INPUT_CONVERSION_ERROR

-- A scalar that is not of the type in RETURNING is an error of ON ERROR, which is null by default. functions/json.html#json-value
SELECT json_value('{"a":"x"}', 'lax $.a' RETURNING integer), json_value('{"a":"12"}', 'lax $.a' RETURNING integer), json_value('{"a":300}', 'lax $.a' RETURNING tinyint)
= null | 12 | null

SELECT json_value('{"a":"x"}', 'lax $.a' RETURNING integer DEFAULT -1 ON ERROR), json_value('{"a":"x"}', 'lax $.b' RETURNING bigint DEFAULT -2 ON EMPTY), json_value('{"a":null}', 'lax $.a' RETURNING integer DEFAULT 7 ON ERROR)
= -1 | -2 | null

SELECT json_value('{"a":"x"}', 'lax $.a' RETURNING integer ERROR ON ERROR)
! PATH_EVALUATION_ERROR

SELECT json_value('{"a":true}', 'lax $.a')
= true

SELECT json_value('{"a":true}', 'lax $.a' RETURNING integer)
! NOT_SUPPORTED

-- Filters of a path: a comparison with an item of another type is unknown, and selects nothing. functions/json.html#filter
SELECT id, json_exists(description, 'lax $.children[*]?(@ > 10)') FROM (VALUES (101, '{"children" : [10, 13, 16]}'), (103, '{"children" : [2]}')) AS customers (id, description)
= 101 | true
= 103 | false

SELECT id, json_exists(description, 'strict $.children[2]?(@ > 10)' UNKNOWN ON ERROR) FROM (VALUES (101, '{"children" : [10, 13, 16]}'), (102, '{"children" : [8, 11]}')) AS customers (id, description)
= 101 | true
= 102 | null

SELECT id, json_query(description, 'strict $.children[*]?(@ > 12)' WITH ARRAY WRAPPER EMPTY ARRAY ON EMPTY) FROM (VALUES (101, '{"children" : [10, 13, 16]}'), (103, '{"children" : [2]}')) AS customers (id, description)
= 101 | [13,16]
= 103 | []

SELECT json_query('[{"a":1,"b":"x"},{"a":2,"b":"y"},{"b":"z"}]', 'lax $[*]?(@.a >= 2).b'), json_query('[1,"a",3]', 'lax $?(@ <> 3)' WITH ARRAY WRAPPER), json_query('["a","b"]', 'lax $[*] ? (@ == "b")')
= "y" | [1] | "b"

SELECT json_query('[null]', 'lax $[*]?(@ == 1)')
! NOT_SUPPORTED

-- functions/json.html#json-array and #json-object: JSON in another encoding
SELECT json_array('[  "text"  ] ' FORMAT JSON, X'5B0035005D00' FORMAT JSON ENCODING UTF16)
= [["text"],[5]]

SELECT json_exists(X'7B007D00' FORMAT JSON ENCODING UTF16, 'lax $.a')
= false

SELECT json_array(X'FF' FORMAT JSON)
! NOT_SUPPORTED
