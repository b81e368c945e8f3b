-- Gas that the sync of members' totals has set aside, transaction by transaction. What the last 24 hours cost is the sum
-- of what was burnt, or for what is not mined yet of what was set aside; nobody sends for more than the budget.
CREATE TABLE chain_sync_gas (
    outbox_id uuid PRIMARY KEY,
    gas       bigint NOT NULL CHECK (gas >= 0),
    at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX chain_sync_gas_at ON chain_sync_gas (at);

-- One row, which whoever sets gas aside locks. paused_since: the budget was used up before all was written.
-- waiting: members that nobody vouches for yet.
CREATE TABLE chain_sync_state (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    paused_since timestamptz,
    waiting      integer NOT NULL DEFAULT 0
);
INSERT INTO chain_sync_state DEFAULT VALUES;

-- Why a member may cost gas. approved: the operator says so. linked: the operator says that the record of this name on
-- the chain is the member's, whatever key it has. earned_at: when enough members who were vouched for themselves had
-- signed for enough; judged_at and judged_uploaded: when that was last looked at, and what the member had given by then.
CREATE TABLE chain_standing (
    member          bigint PRIMARY KEY REFERENCES users (id),
    approved        boolean NOT NULL DEFAULT false,
    linked          boolean NOT NULL DEFAULT false,
    earned_at       timestamptz,
    judged_at       timestamptz,
    judged_uploaded bigint NOT NULL DEFAULT 0
);
CREATE INDEX chain_standing_judged ON chain_standing (judged_at);

-- Members whose signatures count for others, and who may be added to a contract: those above, those that brought a record
-- with their key along, and those for whom this tracker has written or found one.
CREATE VIEW chain_vouched AS
SELECT u.id AS member FROM users u
WHERE u.proven AND (
    EXISTS (SELECT FROM chain_standing s WHERE s.member = u.id AND (s.approved OR s.earned_at IS NOT NULL))
    OR EXISTS (SELECT FROM chain_import i WHERE i.username = u.user_id AND i.imported)
    OR EXISTS (SELECT FROM chain_sync w WHERE w.username = u.user_id AND w.key IS NOT NULL));
