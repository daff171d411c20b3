-- Orders with the profile they belong to today (`current_id`), each once: an order that two profiles reported, which
-- turned out to be one customer later on, counts where it was first.
CREATE OR REPLACE VIEW current_conversions AS
SELECT conversions.*, if(merged.current_id = '', conversions.profile_id, merged.current_id) AS current_id
FROM conversions FINAL
LEFT ANY JOIN current_profiles AS merged ON merged.profile_id = conversions.profile_id
ORDER BY at, profile_id
LIMIT 1 BY current_id, order_id;
