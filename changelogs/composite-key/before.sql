-- Several tenants in one table: the key is two columns, one of them text, and the same id is in many tenants.
CREATE TABLE readings (
    tenant_id   text NOT NULL,
    id          bigint NOT NULL,
    taken_at    timestamptz NOT NULL,
    reading     double precision,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX readings_once ON readings (tenant_id, taken_at, id);

INSERT INTO readings
SELECT 'tenant ' || t, i, timestamptz '2024-05-01 00:00:00+00' + i * interval '2 hours' + t * interval '1 minute',
       CASE WHEN i % 10 <> 0 THEN sin(i) END
FROM generate_series(1, 5) AS t, generate_series(1, 1000) AS i;
