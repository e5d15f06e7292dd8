-- What asyncpg sends, recorded against PostgreSQL 15. One statement ends at a line that is a single semicolon.
select 1
;
select * from sales.orders where id='1'
;
SELECT pg_advisory_unlock_all()
;
SELECT
                        current_setting('jit') AS cur,
                        set_config('jit', 'off', false) AS new
;
SELECT
                    set_config('jit', 'on', false)
;
