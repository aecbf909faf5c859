-- Types that were chosen too small: an id that will run out, amounts that do, a time without its zone, and cents.
CREATE TABLE bookings (
    id          serial PRIMARY KEY,
    amount      numeric(12,2) NOT NULL,
    fee_cents   integer,
    currency    varchar(3) NOT NULL,
    booked_at   timestamp NOT NULL
);
CREATE INDEX bookings_currency ON bookings (currency, amount);

INSERT INTO bookings (amount, fee_cents, currency, booked_at)
SELECT i * 1.25, CASE WHEN i % 10 <> 0 THEN i * 3 END, (ARRAY['EUR', 'USD', 'CHF'])[1 + i % 3],
       timestamp '2024-01-31 23:59:59.999999' + i * interval '61 minutes'
FROM generate_series(1, 3000) AS i;

CREATE TABLE tariffs (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    valid_from  date NOT NULL,
    code        varchar(10) NOT NULL
);
INSERT INTO tariffs (valid_from, code)
SELECT date '2024-01-01' + i % 90, 'T' || i FROM generate_series(1, 1500) AS i;
