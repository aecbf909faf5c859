-- Every row is older or newer than the partitions, some by more than a calendar has.
CREATE TABLE orders (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at  timestamptz NOT NULL
);
INSERT INTO orders (created_at)
SELECT (ARRAY[timestamptz '1970-01-01 00:00:00+00', timestamptz '2999-12-31 23:59:59+00', 'infinity', '-infinity',
              timestamptz '2023-12-31 23:59:59.999999+00', timestamptz '2024-04-01 00:00:00+00'])[1 + i % 6]
FROM generate_series(1, 1200) AS i;
