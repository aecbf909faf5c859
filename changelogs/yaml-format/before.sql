-- The same kind of table as orders; what differs is the format of the changelogs.
CREATE TABLE orders (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer    integer NOT NULL,
    created_at  timestamptz NOT NULL
);
CREATE INDEX orders_customer ON orders (customer);
INSERT INTO orders (customer, created_at)
SELECT i % 100, timestamptz '2024-01-01 00:00:00+00' + i * interval '30 minutes' FROM generate_series(1, 5000) AS i;
