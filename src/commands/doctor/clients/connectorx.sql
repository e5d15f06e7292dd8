-- What ConnectorX sends: the columns of a query, its bounds, its partitions by COPY. Recorded against
-- PostgreSQL 15 (tests/replay).
--! application connectorx
--! simple
-- nothing

;
--! binary
-- columns of a query
SELECT * FROM "{schema}"."{table}" LIMIT 1
;
-- bounds
SELECT min(CXTMPTAB_RANGE."{column}"), max(CXTMPTAB_RANGE."{column}") FROM (SELECT * FROM
  "{schema}"."{table}" LIMIT 1000) AS CXTMPTAB_RANGE
;
-- rows of a query
SELECT count(*) FROM (SELECT * FROM "{schema}"."{table}" LIMIT 1000) AS CXTMPTAB_COUNT
;
-- a partition, binary
COPY (SELECT * FROM (SELECT * FROM "{schema}"."{table}" LIMIT 1000) AS CXTMPTAB_PART WHERE
  CXTMPTAB_PART."{column}" IS NOT NULL) TO STDOUT WITH BINARY
;
-- a partition, CSV
COPY (SELECT * FROM (SELECT * FROM "{schema}"."{table}" LIMIT 1000) AS CXTMPTAB_PART WHERE
  CXTMPTAB_PART."{column}" IS NOT NULL) TO STDOUT WITH CSV
;
-- a partition by cursor
SELECT * FROM (SELECT * FROM "{schema}"."{table}" LIMIT 1000) AS CXTMPTAB_PART WHERE
  CXTMPTAB_PART."{column}" IS NOT NULL
;
