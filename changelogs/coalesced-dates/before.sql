-- Three dates of three types, none of which every row has: a ticket's month is that in which it was resolved, or else was due, or
-- else was entered.
CREATE TABLE tickets (
    id           bigserial PRIMARY KEY,
    subject      text NOT NULL,
    resolved_at  timestamptz,
    due_on       date,
    entered      timestamp
);
CREATE INDEX tickets_subject ON tickets (subject);

INSERT INTO tickets (subject, resolved_at, due_on, entered)
SELECT 'Ticket ' || i % 50,
       CASE WHEN i % 3 = 0 THEN timestamptz '2024-01-31 23:30:00-02' + i * interval '71 minutes' END,
       CASE WHEN i % 2 = 0 THEN date '2024-01-01' + i % 182 END,
       CASE WHEN i % 7 > 0 THEN timestamp '2023-12-31 23:59:59.999999' + (i - 1) * interval '89 minutes' END
FROM generate_series(1, 3000) AS i;
UPDATE tickets SET due_on = 'infinity' WHERE id % 400 = 2;
UPDATE tickets SET resolved_at = '9999-12-31 23:59:59+00' WHERE id % 400 = 3;
