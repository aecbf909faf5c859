-- Keys that begin with the time at which they were made. The key is the partition key, so it stays the primary key, alone.

-- UUIDs of version 7: 48 bits of milliseconds, then random ones. A few are of version 4, from before the change.
CREATE TABLE events (
    event_id  uuid PRIMARY KEY,
    kind      text NOT NULL,
    note      text
);
CREATE INDEX events_kind ON events (kind);
INSERT INTO events (event_id, kind)
SELECT CASE
         WHEN i % 100 = 0 THEN md5('4' || i)::uuid
         ELSE (lpad(to_hex(1704067200000 + i * 7200000::bigint), 12, '0') || '7' || substr(md5(i::text), 1, 3)
               || '8' || substr(md5(i::text), 4, 15))::uuid
       END,
       (ARRAY['Login', 'Logout', 'Purchase'])[1 + i % 3]
FROM generate_series(1, 2000) AS i;

-- ULIDs as text: 26 digits of Crockford's base 32, the first ten of them the milliseconds.
CREATE FUNCTION pg_temp.ulid(milliseconds bigint, random text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((milliseconds >> (45 - 5 * d)) & 31)::int + 1, 1), '' ORDER BY d)
         || upper(substr(md5(random), 1, 16))
  FROM generate_series(0, 9) AS d
$$;
CREATE TABLE messages (
    id      text PRIMARY KEY,
    body    text NOT NULL
);
INSERT INTO messages (id, body)
SELECT CASE WHEN i % 150 = 0 THEN 'message ' || i ELSE pg_temp.ulid(1704067200000 + i * 7100000::bigint, i::text) END, 'Body ' || i
FROM generate_series(1, 2000) AS i;

-- Snowflake ids: 41 bits of milliseconds since an epoch of the company's own, then 22 of machine and sequence.
CREATE TABLE posts (
    id      bigint PRIMARY KEY,
    author  integer NOT NULL,
    title   varchar(100)
);
CREATE INDEX posts_author ON posts (author);
INSERT INTO posts (id, author, title)
SELECT CASE
         WHEN i % 200 = 0 THEN i
         ELSE ((extract(epoch FROM timestamptz '2024-01-01 00:00:00+00' - timestamptz '2015-01-01 00:00:00+00') * 1000)::bigint
               + i * 7000000::bigint) << 22 | i
       END, i % 77, 'Post ' || i
FROM generate_series(1, 2000) AS i;
