-- Two tables that are partitioned by one config, each with its own names, ranges and speed.
CREATE TABLE orders (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at  timestamptz NOT NULL
);
CREATE TABLE payments (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    paid_on  date NOT NULL,
    amount   numeric(10,2) NOT NULL
);
INSERT INTO orders (created_at)
SELECT timestamptz '2024-01-01 00:00:00+00' + i * interval '1 hour' FROM generate_series(1, 3000) AS i;
INSERT INTO payments (paid_on, amount)
SELECT date '2024-01-15' + i % 100, i FROM generate_series(1, 2000) AS i;
