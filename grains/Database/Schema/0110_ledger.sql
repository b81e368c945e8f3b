-- Every receipt that was credited, by the hour (epoch) it was signed for. The primary key is what makes a receipt
-- spendable once. Partitions hold one day each; there is no foreign key to users, whose rows are never deleted,
-- because it would lock them in insertion order.
CREATE TABLE receipts (
    epoch       bigint NOT NULL,
    id          bytea NOT NULL CHECK (length(id) = 32),
    sender      bigint NOT NULL,
    receiver    bigint,
    info_hash   bytea NOT NULL,
    piece_index bigint NOT NULL,
    bytes       bigint NOT NULL CHECK (bytes >= 0),
    credited_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (epoch, id)
) PARTITION BY RANGE (epoch);
CREATE INDEX receipts_sender ON receipts (sender, epoch DESC, id);
CREATE INDEX receipts_receiver ON receipts (receiver, epoch DESC, id);

-- Receipts of epochs below the floor have been dropped and are refused for ever, whatever the window is set to.
CREATE TABLE receipt_floor (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    epoch     bigint NOT NULL
);
INSERT INTO receipt_floor (epoch) VALUES (0);
