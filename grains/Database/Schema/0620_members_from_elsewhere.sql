-- Members that come from a site keep the passkeys it made for them, so that their torrents go on; new ones stay hexadecimal.
-- Such a member may come without a key (public_key is empty then), and prove one later.
ALTER TABLE users DROP CONSTRAINT users_passkey_check;
ALTER TABLE users ADD CONSTRAINT users_passkey_check CHECK (passkey ~ '^[0-9a-zA-Z]{32}$');
