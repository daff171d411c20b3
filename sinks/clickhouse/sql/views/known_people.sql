-- Customers of whom we know who they are, by number: who has ever shown a user id, an e-mail, a phone number or an external
-- id (bit 1 of `did`). v_match_rate and v_match_rate_daily are made of it.
CREATE OR REPLACE VIEW known_people AS
SELECT DISTINCT person FROM current_activity WHERE bitTest(did, 1);
