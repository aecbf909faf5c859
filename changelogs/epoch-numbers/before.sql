-- Times as numbers since 1970: milliseconds, as Java counts them, and never NULL.
CREATE TABLE measurements (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    taken_ms  bigint NOT NULL,
    value     double precision
);
CREATE INDEX measurements_taken ON measurements (taken_ms);

INSERT INTO measurements (taken_ms, value)
SELECT CASE i % 300
         WHEN 1 THEN 0
         WHEN 2 THEN -1
         WHEN 3 THEN 9223372036854775807
         WHEN 4 THEN 1709251199999 -- 2024-02-29 23:59:59.999
         WHEN 5 THEN 1709251200000
         ELSE 1704067200000 + i * 5400000::bigint
       END, i / 8.0
FROM generate_series(1, 2500) AS i;

-- Seconds with their fractions, as Python's time.time() gives them, NULL while a call goes on.
CREATE TABLE calls (
    call_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ended     numeric(20,6),
    number    text NOT NULL
);

INSERT INTO calls (ended, number)
SELECT CASE i % 200
         WHEN 0 THEN NULL
         WHEN 1 THEN 1711929599.999999 -- 2024-03-31 23:59:59.999999
         WHEN 2 THEN 99999999999999
         WHEN 3 THEN 'NaN'
         ELSE 1704067200 + i * 6000.123456
       END, '+49 30 ' || i
FROM generate_series(1, 2000) AS i;
