-- A table whose months are made ahead, in a schema of their own.
CREATE SCHEMA order_months;

CREATE TABLE orders (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    status      text NOT NULL DEFAULT 'new',
    amount      numeric(10,2) NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL
);
CREATE INDEX orders_status ON orders (status);

INSERT INTO orders (status, amount, created_at)
SELECT (ARRAY['new', 'paid', 'shipped'])[1 + i % 3],
       (i * 37 % 50000) / 100.0,
       timestamptz '2024-01-01 00:00:00+00' + i * interval '7 hours'
FROM generate_series(1, 1200) AS i;
