-- Keys that no sequence made, in no order; a date column; indexes that are not B-trees.
CREATE TABLE events (
    event_id     uuid PRIMARY KEY,
    occurred_on  date NOT NULL,
    kind         text NOT NULL,
    payload      jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX events_payload ON events USING gin (payload);
CREATE INDEX events_kind ON events (lower(kind), occurred_on);

INSERT INTO events (event_id, occurred_on, kind, payload)
SELECT md5(i::text)::uuid,
       date '2023-10-01' + i % 250,
       (ARRAY['Login', 'Logout', 'Purchase'])[1 + i % 3],
       jsonb_build_object('n', i, 'tags', jsonb_build_array('a', i % 7))
FROM generate_series(1, 6000) AS i;
