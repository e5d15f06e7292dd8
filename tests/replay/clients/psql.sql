\set VERBOSITY verbose
\conninfo
\encoding
\l
\l+
\dn
\dn+
\dn *
\dn shop
\d
\d+
\dt
\dt+
\dt shop.*
\dt+ shop.*
\dt gold.*
\dt *.*
\dt+ *.*
\dt pg_catalog.*
\dt information_schema.*
\dtS
\dtv shop.*
\dtvmsi *.*
\dtvmsi+ gold.*
\d shop.customers
\d shop.products
\d shop.orders
\d shop.order_lines
\d gold.daily_sales
\d gold.order_totals
\d+ shop.customers
\d+ shop.products
\d+ shop.orders
\d+ shop.order_lines
\d+ gold.daily_sales
\d+ gold.order_totals
\d shop.*
\d+ gold.*
\d pg_catalog.pg_class
\d+ pg_catalog.pg_class
\d pg_catalog.pg_type
\d information_schema.tables
\d+ information_schema.columns
\d nothing
\d shop.nothing
\d shop.customers_pkey
\d "shop"."orders"
\d sh*.ord*
\d ?hop.customers
\dv
\dv+
\dv gold.*
\dv+ gold.*
\dv pg_catalog.*
\dm
\dm+
\dm gold.*
\di
\di+
\di shop.*
\di+ shop.*
\dti+ shop.*
\ds
\ds+
\ds shop.*
\dE
\dE+
\dA
\dA+
\dAc
\dAf
\dAo btree
\dAp btree
\da
\da sum
\db
\db+
\dc
\dc+
\dconfig
\dconfig+ search_path
\dconfig *timeout*
\dC
\dC+ int4
\dd
\dd shop.*
\dd *
\dD
\dD+
\ddp
\des
\des+
\det
\det+
\deu
\dew
\dF
\dF+ english
\dFd
\dFp
\dFt
\df
\df+
\df shop.*
\df *.now
\df pg_catalog.date_trunc
\df+ pg_catalog.count
\df pg_catalog.*
\dfa
\dfn
\dft
\dfw
\dg
\dg+
\du
\du+
\du lakegate
\dl
\dL
\dL+
\dL *
\do
\do pg_catalog.||
\do+ pg_catalog.= int4 int4
\dO
\dOS
\dO+ pg_catalog.C
\dp
\dp shop.*
\z gold.*
\dP
\dP+
\dPt
\drds
\drds lakegate
\dRp
\dRp+
\dRs
\dRs+
\dT
\dT+
\dT pg_catalog.int*
\dT+ pg_catalog.text
\dTS
\dT *.*
\dx
\dx+
\dX
\dy
\sv gold.order_totals
\sv+ gold.order_totals
\sf information_schema._pg_truetypid
\sf+ pg_catalog.pg_relation_size(regclass)
\ef pg_catalog.nothing
\lo_list
SELECT * FROM shop.customers ORDER BY id;
SELECT * FROM shop.products ORDER BY id \gdesc
SELECT count(*), sum(total) AS total FROM shop.orders \gdesc
SELECT 1 AS one, 'x' AS word, now() AS at, NULL AS nothing \gdesc
SELECT id, sizes, attributes, picture FROM shop.products ORDER BY id \gx
SELECT status, date_trunc('month', ordered_at) AS month, count(*) FROM shop.orders
GROUP BY 1, 2 ORDER BY 1, 2 \crosstabview
SELECT 'SELECT 1 AS generated' \gexec
SELECT count(*) AS orders FROM shop.orders \gset
SELECT :orders AS orders;
SELECT 1; SELECT 2;
SELECT 1 \; SELECT 2 \; SELECT id FROM shop.customers ORDER BY 1 LIMIT 2;
\set FETCH_COUNT 7
SELECT * FROM shop.orders ORDER BY id;
SELECT * FROM shop.order_lines ORDER BY order_id, line;
SELECT * FROM shop.nothing;
\set FETCH_COUNT 0
BEGIN;
SELECT 1 / 0;
SELECT 1;
ROLLBACK;
BEGIN;
SAVEPOINT here;
SELECT nothing FROM shop.orders;
ROLLBACK TO here;
SELECT count(*) FROM shop.orders;
COMMIT;
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT syntax error here;
SELECT count(*) FROM shop.customers;
END;
\set ON_ERROR_ROLLBACK off
\set AUTOCOMMIT off
SELECT count(*) FROM shop.products;
COMMIT;
\set AUTOCOMMIT on
\copy (SELECT * FROM shop.customers ORDER BY id) TO pstdout
\copy shop.orders TO pstdout
\copy (SELECT * FROM shop.products ORDER BY id) TO pstdout (FORMAT csv, HEADER)
\copy (SELECT id, name FROM shop.customers ORDER BY id) TO pstdout (FORMAT csv, DELIMITER ';', NULL 'null', FORCE_QUOTE *)
COPY shop.order_lines TO STDOUT;
COPY (SELECT 1, 'two', NULL) TO STDOUT;
COPY shop.customers (id, name) TO STDOUT WITH (FORMAT csv, HEADER true, QUOTE '''');
EXPLAIN SELECT * FROM shop.orders;
EXPLAIN (FORMAT JSON) SELECT 1;
SHOW ALL;
SHOW search_path;
SHOW server_version;
SHOW server_version_num;
SHOW TimeZone;
SHOW transaction_isolation;
SET search_path = shop, public;
\d
\dt
\d customers
\dt+
SELECT count(*) FROM customers;
SET TimeZone = 'America/Sao_Paulo';
SELECT id, created_at FROM shop.customers ORDER BY id;
SET DateStyle = 'SQL, DMY';
SELECT id, born, created_at, updated_at FROM shop.customers ORDER BY id;
SET DateStyle = 'ISO';
SET bytea_output = 'escape';
SELECT picture FROM shop.products ORDER BY id;
SET extra_float_digits = 0;
SELECT score FROM shop.customers ORDER BY id;
SET IntervalStyle = 'iso_8601';
SELECT interval '1 day 02:03:04' AS i;
RESET ALL;
SET nothing.known = 'x';
SHOW nothing.known;
SET nothing = 'x';
SELECT current_user, session_user, current_database(), current_schema, current_schemas(true);
SELECT pg_is_in_recovery(), inet_server_port() IS NOT NULL, pg_backend_pid() > 0;
PREPARE p (int) AS SELECT name FROM shop.customers WHERE id = $1;
EXECUTE p (1);
EXECUTE p (2);
DEALLOCATE p;
EXECUTE p (3);
DECLARE c CURSOR FOR SELECT 1;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM shop.orders ORDER BY id;
FETCH 3 FROM c;
FETCH NEXT FROM c;
MOVE 2 FROM c;
FETCH FORWARD 2 FROM c;
FETCH ALL FROM c;
FETCH c;
CLOSE c;
DECLARE s SCROLL CURSOR FOR SELECT id FROM shop.customers ORDER BY id;
FETCH LAST FROM s;
FETCH PRIOR FROM s;
FETCH FIRST FROM s;
FETCH ABSOLUTE 3 FROM s;
FETCH RELATIVE -1 FROM s;
FETCH BACKWARD ALL FROM s;
COMMIT;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM shop.customers ORDER BY id;
FETCH 2 FROM h;
SELECT name, statement, is_holdable, is_scrollable FROM pg_cursors;
CLOSE ALL;
DISCARD ALL;
TABLE shop.customers;
VALUES (1, 'a'), (2, NULL);
START TRANSACTION READ ONLY;
COMMIT AND CHAIN;
ABORT;
LISTEN x;
NOTIFY x;
UNLISTEN *;
DO $$ BEGIN NULL; END $$;
