-- Visits that name a source, by customer (`person`), with that source by number (`origin`) and its turn, as in `origins`.
-- v_sources and v_sources_daily are made of it.
CREATE OR REPLACE VIEW visit_origins AS
SELECT person, at, toDate(at, '{timezone}') AS day, origins.number AS origin, origins.turn AS turn
FROM current_landings AS visits
INNER JOIN (SELECT place, number, turn FROM origins) AS origins ON origins.place = visits.place;
