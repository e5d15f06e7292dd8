SELECT '{"a":{"b":[1,2]}}'::json #>> '{a,b,1}', '{"a":1}'::jsonb -> 'a', '{"a":"x"}'::json ->> 'a', '{"a":"x"}'::json -> 'a', '[1,2,3]'::json -> 0, '[1,2,3]'::jsonb -> -1, '[1,"x"]'::json ->> 1
SELECT '{"a":{"b":[1,2]}}'::jsonb #>> array['a','b','0']::text[], ('{"a":"5"}'::json #>> array['a'])::integer, '{"a":{"b":1}}'::json #> '{a}', '{"a":{"b":1}}'::jsonb #> '{a,b}', '{"a":null}'::jsonb ->> 'a', '{"a":1}'::json -> 'z', '{"a":1}'::json -> 0
SELECT '{"a":1,  "b":[1, 2]}'::json, '{"b":1,"a":2,"b":3, "aa":1.50}'::jsonb, '[1,2]'::jsonb, '"x"'::json, 'null'::jsonb, '1e2'::jsonb
SELECT 'x'::json
SELECT '{"a":}'::jsonb
SELECT json_build_object('a',1,'b',null), to_json('x'::text), to_jsonb(1.5), to_json(true), to_json(null::int), to_json(ARRAY[1,2]), to_jsonb('a"b'::text), to_json(timestamp '2024-03-05 14:07'), to_json(date '2024-03-05'), to_json(timestamptz '2024-03-05 14:07+00')
SELECT json_build_array(1,'a',null,true), jsonb_build_array(1,'a',null,true), jsonb_build_object('b',1,'a',ARRAY[1,2]), json_build_object('x', '{"a":1}'::json), json_build_array()
SELECT json_build_object('a')
SELECT jsonb_array_length('[1,2,3]'), json_typeof('{"a":1}'), jsonb_build_array(1,'a',true)
SELECT json_typeof('1'), json_typeof('"x"'), jsonb_typeof('[]'), jsonb_typeof('null'), jsonb_typeof('true'), json_array_length('[]')
SELECT json_array_length('{"a":1}')
SELECT * FROM json_array_elements_text('["a","b",null]')
SELECT * FROM json_array_elements('["a",{"b":1}]')
SELECT * FROM jsonb_array_elements('[1,[2]]') AS e
SELECT * FROM jsonb_each_text('{"a":1,"b":"x"}')
SELECT * FROM json_each('{"a":1,"b":"x"}') AS t(k, v)
SELECT key, value FROM jsonb_each('{"b":1,"a":"x"}')
SELECT * FROM json_object_keys('{"a":1,"b":"x"}')
SELECT json_array_elements_text('["a","b"]'), json_object_keys('{"x":1,"y":2}')
SELECT jsonb_array_elements('[1,2]')
SELECT jsonb_set('{"a":1,"b":{"c":2}}', '{b,c}', '3'), jsonb_set('{"a":1}', '{z}', '"x"'), jsonb_set('{"a":1}', '{z}', '"x"', false), jsonb_set('[1,2]', '{0}', '9'), jsonb_insert('[1,2]', '{1}', '9'), jsonb_insert('[1,2]', '{1}', '9', true)
SELECT jsonb_strip_nulls('{"a":null,"b":{"c":null,"d":1}}'), jsonb_pretty('{"a":[1,{"b":2}],"c":{}}'), '{"a":1}'::jsonb - 'a', '[1,2,3]'::jsonb - 1, '{"a":{"b":1}}'::jsonb #- '{a,b}', '{"a":1}'::jsonb || '{"b":2}'::jsonb, '[1]'::jsonb || '2'::jsonb
SELECT '{"a":1,"b":2}'::jsonb @> '{"a":1}', '{"a":1}'::jsonb <@ '{"a":1,"b":2}', '[1,2]'::jsonb @> '[2]', '[1,2]'::jsonb @> '2', '{"a":1}'::jsonb ? 'a', '{"a":1}'::jsonb ?| array['x','a'], '{"a":1}'::jsonb ?& array['x','a'], '{"a":{"b":1,"c":2}}'::jsonb @> '{"a":{"c":2}}'
SELECT json_agg(x), jsonb_agg(x), json_agg(x ORDER BY x DESC) FROM (VALUES (1),(2),(null)) v(x)
SELECT json_object_agg(k,v) FROM (VALUES ('a',1),('b',2)) t(k,v)
SELECT jsonb_object_agg(k,v) FROM (VALUES ('b',1),('a',2)) t(k,v)
SELECT json_agg(x) FROM (SELECT 1 AS x WHERE false) t
SELECT json_extract_path('{"a":{"b":1}}', 'a', 'b'), json_extract_path_text('{"a":{"b":"x"}}', 'a', 'b'), jsonb_extract_path_text('{"a":[1,2]}', 'a', '1')
SELECT ('{"a":"2024-03-05"}'::jsonb ->> 'a')::date, ('{"n":1.5}'::jsonb -> 'n')::text, '{"a":1}'::jsonb = '{"a": 1}'::jsonb, ('{"a":1}'::json)::text, '{"a":1}'::json::jsonb
SELECT x->>'a', x->'b'->>'c' FROM (VALUES ('{"a":1,"b":{"c":2}}'::jsonb), ('{"a":"z"}'::jsonb)) v(x)
SELECT x->>'a' FROM (VALUES ('{"a":1}'::json)) v(x) WHERE x->>'a' = '1' AND (x->>'a')::int > 0
SELECT json_strip_nulls('{"a":null,"b":1}')
SELECT '{"a": "\u00e9\n"}'::jsonb, '{"a": "\u00e9"}'::json ->> 'a', to_json('é	x'::text)
