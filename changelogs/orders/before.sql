-- An ordinary table: an identity key, a timestamptz, a check, a trigger, indexes, comments and rights.
CREATE TABLE orders (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_ref  uuid NOT NULL DEFAULT gen_random_uuid(),
    customer    integer NOT NULL,
    status      text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'paid', 'shipped', 'returned')),
    amount      numeric(10,2) NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE orders IS 'What customers have bought';
COMMENT ON COLUMN orders.public_ref IS 'What customers see instead of the id';
CREATE INDEX orders_public_ref ON orders (public_ref);
CREATE INDEX orders_customer ON orders (customer, created_at DESC);
CREATE INDEX orders_open ON orders (created_at) WHERE status IN ('new', 'paid');
GRANT SELECT ON orders TO PUBLIC;

CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END $$;
CREATE TRIGGER set_updated_at BEFORE INSERT OR UPDATE ON orders
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

INSERT INTO orders (customer, status, amount, created_at)
SELECT i % 997,
       (ARRAY['new', 'paid', 'shipped', 'shipped', 'returned'])[1 + i % 5],
       (i * 37 % 50000) / 100.0,
       timestamptz '2024-01-01 00:00:00+00' + i * interval '53 minutes'
FROM generate_series(1, 9000) AS i;

-- A table in use has gaps.
DELETE FROM orders WHERE id % 17 = 0;
