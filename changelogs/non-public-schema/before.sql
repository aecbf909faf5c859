-- A schema of its own, which is not in the search path; a serial key; a timestamp without time zone.
CREATE SCHEMA shop;
CREATE TABLE shop.invoices (
    id         serial PRIMARY KEY,
    number     varchar(20) NOT NULL,
    issued_at  timestamp NOT NULL DEFAULT localtimestamp,
    total      numeric(12,2) NOT NULL
);
CREATE INDEX invoices_number ON shop.invoices (number);

-- The same name elsewhere, which nobody must touch.
CREATE TABLE public.invoices (id integer PRIMARY KEY, note text);
INSERT INTO public.invoices VALUES (1, 'not this one');

INSERT INTO shop.invoices (number, issued_at, total)
SELECT 'R' || to_char(i, 'FM00000'), timestamp '2024-03-31 23:00:00' + i * interval '31 minutes', i * 1.19
FROM generate_series(1, 4000) AS i;
