-- Tables and stored queries of the Orleans ADO.NET providers (clustering, grain storage, reminders).
-- The providers look their statements up by key in OrleansQuery; everything else is ours to name.
-- A statement reports a lost race by returning no row (storage) or 0 (membership): never by half a change.

CREATE TABLE IF NOT EXISTS OrleansQuery (
    QueryKey  text PRIMARY KEY,
    QueryText text NOT NULL
);

-- Membership: one version row a cluster; every change of a silo row bumps it in the same statement,
-- so two silos that read the same version cannot both write.
CREATE TABLE IF NOT EXISTS orleans_membership_version (
    deploymentid text PRIMARY KEY,
    version      integer NOT NULL DEFAULT 0,
    changed_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS orleans_membership (
    deploymentid text NOT NULL REFERENCES orleans_membership_version,
    address      text NOT NULL,
    port         integer NOT NULL,
    generation   integer NOT NULL,
    siloname     text NOT NULL,
    hostname     text NOT NULL,
    status       integer NOT NULL,
    proxyport    integer,
    suspecttimes text,
    starttime    timestamptz NOT NULL,
    iamalivetime timestamptz NOT NULL,
    PRIMARY KEY (deploymentid, address, port, generation)
);

-- Grain state. The customary table has no unique key, so two activations writing a grain's first state
-- at once would both succeed; here the second insert conflicts and its writer gets a version conflict.
CREATE TABLE IF NOT EXISTS orleans_storage (
    grainidhash            integer NOT NULL,
    graintypehash          integer NOT NULL,
    grainidn0              bigint NOT NULL,
    grainidn1              bigint NOT NULL,
    serviceid              text NOT NULL,
    graintypestring        text NOT NULL,
    grainidextensionstring text,
    payloadbinary          bytea,
    modified_at            timestamptz NOT NULL DEFAULT now(),
    version                integer NOT NULL,
    CONSTRAINT orleans_storage_identity UNIQUE NULLS NOT DISTINCT
        (grainidhash, graintypehash, grainidn0, grainidn1, serviceid, graintypestring, grainidextensionstring)
);

CREATE TABLE IF NOT EXISTS orleans_reminders (
    serviceid    text NOT NULL,
    grainid      text NOT NULL,
    remindername text NOT NULL,
    grainhash    integer NOT NULL,
    starttime    timestamptz NOT NULL,
    period       bigint NOT NULL,
    version      integer NOT NULL DEFAULT 0,
    PRIMARY KEY (serviceid, grainid, remindername)
);
CREATE INDEX IF NOT EXISTS orleans_reminders_range ON orleans_reminders (serviceid, grainhash);

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES

('InsertMembershipVersionKey', $q$
WITH created AS (
    INSERT INTO orleans_membership_version (deploymentid) VALUES (@DeploymentId)
    ON CONFLICT DO NOTHING RETURNING 1)
SELECT count(*)::integer FROM created
$q$),

-- The version row is the lock: whoever updates it first wins, the other re-reads it changed and matches nothing.
('InsertMembershipKey', $q$
WITH bumped AS (
    UPDATE orleans_membership_version v SET version = v.version + 1, changed_at = now()
    WHERE v.deploymentid = @DeploymentId AND v.version = @Version
      AND NOT EXISTS (SELECT FROM orleans_membership m
                      WHERE m.deploymentid = @DeploymentId AND m.address = @Address
                        AND m.port = @Port AND m.generation = @Generation)
    RETURNING 1),
created AS (
    INSERT INTO orleans_membership (deploymentid, address, port, generation, siloname, hostname,
                                    status, proxyport, starttime, iamalivetime)
    SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName,
           @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM bumped
    RETURNING 1)
SELECT count(*)::integer FROM created
$q$),

('UpdateMembershipKey', $q$
WITH bumped AS (
    UPDATE orleans_membership_version v SET version = v.version + 1, changed_at = now()
    WHERE v.deploymentid = @DeploymentId AND v.version = @Version
      AND EXISTS (SELECT FROM orleans_membership m
                  WHERE m.deploymentid = @DeploymentId AND m.address = @Address
                    AND m.port = @Port AND m.generation = @Generation)
    RETURNING 1),
changed AS (
    UPDATE orleans_membership m
    SET status = @Status, suspecttimes = @SuspectTimes, iamalivetime = @IAmAliveTime
    FROM bumped
    WHERE m.deploymentid = @DeploymentId AND m.address = @Address
      AND m.port = @Port AND m.generation = @Generation
    RETURNING 1)
SELECT count(*)::integer FROM changed
$q$),

('UpdateIAmAlivetimeKey', $q$
UPDATE orleans_membership SET iamalivetime = @IAmAliveTime
WHERE deploymentid = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation
$q$),

-- Both reads return the version even when there is no silo row.
('MembershipReadRowKey', $q$
SELECT v.version, m.address, m.port, m.generation, m.siloname, m.hostname, m.status, m.proxyport,
       m.suspecttimes, m.starttime, m.iamalivetime
FROM orleans_membership_version v
LEFT JOIN orleans_membership m ON m.deploymentid = v.deploymentid
     AND m.address = @Address AND m.port = @Port AND m.generation = @Generation
WHERE v.deploymentid = @DeploymentId
$q$),

('MembershipReadAllKey', $q$
SELECT v.version, m.address, m.port, m.generation, m.siloname, m.hostname, m.status, m.proxyport,
       m.suspecttimes, m.starttime, m.iamalivetime
FROM orleans_membership_version v
LEFT JOIN orleans_membership m ON m.deploymentid = v.deploymentid
WHERE v.deploymentid = @DeploymentId
$q$),

('GatewaysQueryKey', $q$
SELECT address, proxyport, generation FROM orleans_membership
WHERE deploymentid = @DeploymentId AND status = @Status AND proxyport > 0
$q$),

-- 3 is SiloStatus.Active.
('CleanupDefunctSiloEntriesKey', $q$
DELETE FROM orleans_membership
WHERE deploymentid = @DeploymentId AND iamalivetime < @IAmAliveTime AND status <> 3
$q$),

('DeleteMembershipTableEntriesKey', $q$
DELETE FROM orleans_membership WHERE deploymentid = @DeploymentId;
DELETE FROM orleans_membership_version WHERE deploymentid = @DeploymentId
$q$),

-- With a version: an update of exactly that version. Without one: a first insert. No row means a conflict.
('WriteToStorageKey', $q$
WITH updated AS (
    UPDATE orleans_storage
    SET payloadbinary = @PayloadBinary, modified_at = now(), version = version + 1
    WHERE grainidhash = @GrainIdHash AND graintypehash = @GrainTypeHash
      AND grainidn0 = @GrainIdN0 AND grainidn1 = @GrainIdN1
      AND serviceid = @ServiceId AND graintypestring = @GrainTypeString
      AND (grainidextensionstring = @GrainIdExtensionString
           OR (grainidextensionstring IS NULL AND @GrainIdExtensionString IS NULL))
      AND version = @GrainStateVersion
    RETURNING version),
created AS (
    INSERT INTO orleans_storage (grainidhash, graintypehash, grainidn0, grainidn1, serviceid,
                                 graintypestring, grainidextensionstring, payloadbinary, version)
    SELECT @GrainIdHash, @GrainTypeHash, @GrainIdN0, @GrainIdN1, @ServiceId,
           @GrainTypeString, @GrainIdExtensionString, @PayloadBinary, 1
    WHERE @GrainStateVersion IS NULL
    ON CONFLICT DO NOTHING
    RETURNING version)
SELECT version AS newgrainstateversion FROM updated
UNION ALL
SELECT version FROM created
$q$),

('ReadFromStorageKey', $q$
SELECT payloadbinary, version FROM orleans_storage
WHERE grainidhash = @GrainIdHash AND graintypehash = @GrainTypeHash
  AND grainidn0 = @GrainIdN0 AND grainidn1 = @GrainIdN1
  AND serviceid = @ServiceId AND graintypestring = @GrainTypeString
  AND (grainidextensionstring = @GrainIdExtensionString
       OR (grainidextensionstring IS NULL AND @GrainIdExtensionString IS NULL))
$q$),

('ClearStorageKey', $q$
UPDATE orleans_storage SET payloadbinary = NULL, modified_at = now(), version = version + 1
WHERE grainidhash = @GrainIdHash AND graintypehash = @GrainTypeHash
  AND grainidn0 = @GrainIdN0 AND grainidn1 = @GrainIdN1
  AND serviceid = @ServiceId AND graintypestring = @GrainTypeString
  AND (grainidextensionstring = @GrainIdExtensionString
       OR (grainidextensionstring IS NULL AND @GrainIdExtensionString IS NULL))
  AND version = @GrainStateVersion
RETURNING version AS newgrainstateversion
$q$),

-- The provider expects the version after the change, also of a row that is gone.
('DeleteStorageKey', $q$
DELETE FROM orleans_storage
WHERE grainidhash = @GrainIdHash AND graintypehash = @GrainTypeHash
  AND grainidn0 = @GrainIdN0 AND grainidn1 = @GrainIdN1
  AND serviceid = @ServiceId AND graintypestring = @GrainTypeString
  AND (grainidextensionstring = @GrainIdExtensionString
       OR (grainidextensionstring IS NULL AND @GrainIdExtensionString IS NULL))
  AND version = @GrainStateVersion
RETURNING version + 1 AS newgrainstateversion
$q$),

('UpsertReminderRowKey', $q$
INSERT INTO orleans_reminders (serviceid, grainid, remindername, grainhash, starttime, period)
VALUES (@ServiceId, @GrainId, @ReminderName, @GrainHash, @StartTime, @Period)
ON CONFLICT (serviceid, grainid, remindername) DO UPDATE
SET grainhash = excluded.grainhash, starttime = excluded.starttime, period = excluded.period,
    version = orleans_reminders.version + 1
RETURNING version
$q$),

('ReadReminderRowsKey', $q$
SELECT grainid, remindername, starttime, period, version FROM orleans_reminders
WHERE serviceid = @ServiceId AND grainid = @GrainId
$q$),

('ReadReminderRowKey', $q$
SELECT grainid, remindername, starttime, period, version FROM orleans_reminders
WHERE serviceid = @ServiceId AND grainid = @GrainId AND remindername = @ReminderName
$q$),

-- A range of the hash ring that does not wrap, and one that does.
('ReadRangeRows1Key', $q$
SELECT grainid, remindername, starttime, period, version FROM orleans_reminders
WHERE serviceid = @ServiceId AND grainhash > @BeginHash AND grainhash <= @EndHash
$q$),

('ReadRangeRows2Key', $q$
SELECT grainid, remindername, starttime, period, version FROM orleans_reminders
WHERE serviceid = @ServiceId AND (grainhash > @BeginHash OR grainhash <= @EndHash)
$q$),

('DeleteReminderRowKey', $q$
WITH gone AS (
    DELETE FROM orleans_reminders
    WHERE serviceid = @ServiceId AND grainid = @GrainId AND remindername = @ReminderName AND version = @Version
    RETURNING 1)
SELECT count(*)::integer FROM gone
$q$),

('DeleteReminderRowsKey', $q$
DELETE FROM orleans_reminders WHERE serviceid = @ServiceId
$q$)

ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText;
