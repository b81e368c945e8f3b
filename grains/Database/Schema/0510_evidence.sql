-- What the receipts of dropped days came to, by member: receipts go after a while, what they did to the totals stays.
-- No foreign key to users: it would lock their rows in insertion order.
CREATE TABLE receipt_sums (
    member     bigint PRIMARY KEY,
    receipts   bigint NOT NULL CHECK (receipts > 0),
    uploaded   numeric NOT NULL CHECK (uploaded >= 0),
    downloaded numeric NOT NULL CHECK (downloaded >= 0)
);

-- Raising the floor is what ends receipts, so the database adds them up then and there, once for each: a process of an older
-- version, during an upgrade, does it too. Whoever still writes into such a day is waited for, and then finds it gone.
CREATE FUNCTION keep_receipt_sums() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    day text;
BEGIN
    FOR day IN SELECT inhrelid::regclass::text FROM pg_inherits
               WHERE inhparent = 'receipts'::regclass AND substr(inhrelid::regclass::text, 10)::bigint < NEW.epoch ORDER BY inhrelid
    LOOP
        EXECUTE 'LOCK TABLE ' || day || ' IN EXCLUSIVE MODE';
    END LOOP;
    INSERT INTO receipt_sums AS sums (member, receipts, uploaded, downloaded)
    SELECT member, count(*), sum(up), sum(down)
    FROM (SELECT sender AS member, bytes AS up, 0 AS down FROM receipts WHERE epoch >= OLD.epoch AND epoch < NEW.epoch
          UNION ALL
          SELECT receiver, 0, bytes FROM receipts WHERE epoch >= OLD.epoch AND epoch < NEW.epoch AND receiver IS NOT NULL) AS ended
    GROUP BY member
    ON CONFLICT (member) DO UPDATE SET receipts = sums.receipts + excluded.receipts,
        uploaded = sums.uploaded + excluded.uploaded, downloaded = sums.downloaded + excluded.downloaded;
    RETURN NULL;
END
$$;
CREATE TRIGGER receipt_floor_raised AFTER UPDATE OF epoch ON receipt_floor FOR EACH ROW WHEN (NEW.epoch > OLD.epoch) EXECUTE FUNCTION keep_receipt_sums();

-- What came into members' totals without receipt or voucher, by where it came from. What a contract brought is in chain_import.
-- Only earlier may be negative: whatever the totals were when this began to be kept.
CREATE TABLE imported_totals (
    member     bigint NOT NULL,
    origin     text NOT NULL CHECK (origin ~ '^[a-z][a-z0-9-]{0,31}$' AND origin <> 'contract'),
    uploaded   numeric NOT NULL CHECK (uploaded >= 0 OR origin = 'earlier'),
    downloaded numeric NOT NULL CHECK (downloaded >= 0 OR origin = 'earlier'),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (member, origin)
);

-- What every total is made of. Whoever adds to a total adds to one of these in the same transaction, so that for every member
-- total = the sum of its parts, or 2^63-1 where that is less.
CREATE VIEW member_parts AS
SELECT member, part, origin, sum(entries)::bigint AS entries, sum(uploaded) AS uploaded, sum(downloaded) AS downloaded
FROM (
    SELECT sender AS member, 'vouchers' AS part, '' AS origin, 1::bigint AS entries, credited::numeric AS uploaded, 0::numeric AS downloaded FROM voucher_sessions
    UNION ALL
    SELECT receiver, 'vouchers', '', 1, 0, credited FROM voucher_sessions
    UNION ALL
    SELECT sender, 'receipts', '', 1, bytes, 0 FROM receipts WHERE epoch >= (SELECT epoch FROM receipt_floor)
    UNION ALL
    SELECT receiver, 'receipts', '', 1, 0, bytes FROM receipts WHERE epoch >= (SELECT epoch FROM receipt_floor) AND receiver IS NOT NULL
    UNION ALL
    SELECT member, 'receipts', '', receipts, uploaded, downloaded FROM receipt_sums
    UNION ALL
    SELECT u.id, 'imported', 'contract', 1, i.uploaded, i.downloaded FROM chain_import i JOIN users u ON u.user_id = i.username WHERE i.imported
    UNION ALL
    SELECT member, 'imported', origin, 1, uploaded, downloaded FROM imported_totals) AS part
GROUP BY member, part, origin;

INSERT INTO imported_totals (member, origin, uploaded, downloaded)
SELECT u.id, 'earlier', u.uploaded - coalesce(p.uploaded, 0), u.downloaded - coalesce(p.downloaded, 0)
FROM users u LEFT JOIN (SELECT member, sum(uploaded) AS uploaded, sum(downloaded) AS downloaded FROM member_parts GROUP BY member) p ON p.member = u.id
WHERE u.uploaded <> coalesce(p.uploaded, 0) OR u.downloaded <> coalesce(p.downloaded, 0);
