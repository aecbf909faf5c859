-- A table for each kind of key that the other folders do not have.
CREATE TABLE rooms (
    room        smallint PRIMARY KEY,
    built       date NOT NULL,
    name        text
);
INSERT INTO rooms (room, built, name)
SELECT i, date '2024-01-01' + i % 90, 'Room ' || i FROM generate_series(1, 1500) AS i;

CREATE TABLE parcels (
    barcode     varchar(30) PRIMARY KEY,
    posted_at   timestamptz NOT NULL,
    weight      integer
);
INSERT INTO parcels (barcode, posted_at, weight)
SELECT 'Päckchen ''' || i || '''', timestamptz '2024-01-01 00:00:00+00' + i * interval '1 hour', i % 900 FROM generate_series(1, 2000) AS i;

-- Four columns of four types; the date is one of them already, so the key stays as it is.
CREATE TABLE prices (
    shop        uuid NOT NULL,
    article     text NOT NULL,
    version     smallint NOT NULL,
    valid_from  date NOT NULL,
    price       numeric(10,2) NOT NULL,
    CONSTRAINT prices_key PRIMARY KEY (article, shop, version, valid_from)
);
INSERT INTO prices (shop, article, version, valid_from, price)
SELECT md5(s::text)::uuid, 'Article ' || a, v, date '2024-01-01' + a % 85, a + v / 100.0
FROM generate_series(1, 4) AS s, generate_series(1, 100) AS a, generate_series(1, 5) AS v;

-- No primary key: a unique index on a NOT NULL column tells the rows apart.
CREATE TABLE imports (
    line        integer NOT NULL,
    imported    timestamp NOT NULL,
    content     text
);
CREATE UNIQUE INDEX imports_line ON imports (line);
INSERT INTO imports (line, imported, content)
SELECT i, timestamp '2024-01-01' + i * interval '1 hour', nullif('Line ' || i % 10, 'Line 0') FROM generate_series(1, 2000) AS i;
