-- A table for each interval that is not a month. The dates lie around a 29 February, ends of years and the change of the clocks.
CREATE TABLE clicks (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    clicked_at  timestamptz NOT NULL,
    page        text NOT NULL
);
INSERT INTO clicks (clicked_at, page)
SELECT timestamptz '2024-02-26 00:00:00+00' + i * interval '13 minutes', '/page/' || i % 20 FROM generate_series(1, 2000) AS i;

-- Weeks are those of ISO 8601, from Monday: the first of 2025 begins on 30 December 2024.
CREATE TABLE shifts (
    id          integer PRIMARY KEY,
    begins      timestamp NOT NULL,
    worker      text NOT NULL
);
INSERT INTO shifts (id, begins, worker)
SELECT i, timestamp '2024-12-02 00:00:00' + i * interval '47 minutes', 'Worker ' || i % 12 FROM generate_series(1, 2000) AS i;

CREATE TABLE reports (
    id          uuid PRIMARY KEY,
    day         date NOT NULL,
    text        text
);
INSERT INTO reports (id, day, text)
SELECT md5(i::text)::uuid, date '2023-06-30' + i % 740, 'Report ' || i FROM generate_series(1, 2000) AS i;

CREATE TABLE contracts (
    contract    text PRIMARY KEY,
    signed_at   timestamptz NOT NULL,
    amount      numeric(12,2)
);
INSERT INTO contracts (contract, signed_at, amount)
SELECT 'C' || i, timestamptz '2018-12-31 23:59:59.999999+00' + i * interval '31 hours', i * 10.5 FROM generate_series(0, 1999) AS i;
