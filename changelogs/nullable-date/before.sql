-- A date that is not known yet: what waits in the warehouse has none. The shipped_at of some rows is a mistake.
CREATE TABLE shipments (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_no    text NOT NULL,
    shipped_at  timestamptz
);
CREATE UNIQUE INDEX shipments_order_no ON shipments (order_no);
CREATE INDEX shipments_shipped_at ON shipments (shipped_at);

INSERT INTO shipments (order_no, shipped_at)
SELECT 'S' || to_char(i, 'FM00000'),
       CASE
         WHEN i % 9 = 0 THEN NULL
         WHEN i % 500 = 1 THEN timestamptz 'infinity'
         WHEN i % 500 = 2 THEN timestamptz '-infinity'
         WHEN i % 500 = 3 THEN timestamptz '1970-01-01 00:00:00+00'
         WHEN i % 500 = 4 THEN timestamptz '0044-03-15 12:00:00+00 BC'
         WHEN i % 500 = 5 THEN timestamptz '2024-02-29 23:59:59.999999+00'
         WHEN i % 500 = 6 THEN timestamptz '9999-12-31 23:59:59+00'
         ELSE timestamptz '2024-01-01 00:00:00+00' + i * interval '97 minutes'
       END
FROM generate_series(1, 3000) AS i;
