-- The tables of history of version 1, with rows; energies in bytes of versions 1, 2 and 3.
CREATE TABLE writer (
  one smallint PRIMARY KEY CHECK (one = 1),
  number bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO writer VALUES (1, 0);
CREATE TABLE part (
  p int PRIMARY KEY CHECK (p BETWEEN 0 AND 63),
  position bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO part SELECT p, 0 FROM generate_series(0, 63) AS p;
CREATE TABLE field_name (
  id int PRIMARY KEY,
  name text NOT NULL,
  bytes bytea NOT NULL
);
CREATE TABLE block (
  device bigint NOT NULL,
  hour int NOT NULL,
  chunk int NOT NULL,
  mark bigint NOT NULL,
  over boolean NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (device, hour, chunk)
) PARTITION BY RANGE (hour);
ALTER TABLE block ALTER bytes SET STORAGE EXTERNAL;
CREATE INDEX open_hour ON block (device, hour) WHERE NOT over;
CREATE TABLE energy_hour (
  device bigint NOT NULL,
  hour int NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (device, hour)
) PARTITION BY RANGE (hour);
CREATE TABLE rollup_hour (
  device bigint NOT NULL,
  hour int NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (device, hour)
) PARTITION BY RANGE (hour);
ALTER TABLE rollup_hour ALTER bytes SET STORAGE EXTERNAL;
CREATE TABLE twin (
  device bigint PRIMARY KEY,
  sn bytea NOT NULL,
  state bytea NOT NULL
);
CREATE TABLE audit_entry (
  sequence bigint PRIMARY KEY,
  at_ms bigint NOT NULL,
  is_json boolean NOT NULL,
  entry bytea NOT NULL
);
CREATE TABLE event (
  id bigint PRIMARY KEY,
  device bigint NOT NULL,
  at_ms bigint NOT NULL,
  kind int NOT NULL,
  since_ms bigint NOT NULL,
  count bigint NOT NULL,
  field bytea NOT NULL,
  text bytea NOT NULL,
  open boolean NOT NULL
);
CREATE INDEX event_of_device ON event (device, at_ms, id);
CREATE INDEX closed_event ON event (at_ms) WHERE NOT open;
CREATE INDEX open_fault ON event (device) WHERE open;
CREATE TABLE taken (
  device bigint NOT NULL,
  hour int NOT NULL,
  record bigint NOT NULL,
  PRIMARY KEY (device, hour)
);
CREATE TABLE running_day (
  day bigint PRIMARY KEY,
  ran_ms bigint NOT NULL,
  first_mark bigint NOT NULL
);
CREATE TABLE reading_quarter (
  device bigint NOT NULL,
  at timestamptz NOT NULL,
  fields int[] NOT NULL,
  means float8[] NOT NULL,
  PRIMARY KEY (device, at)
) PARTITION BY RANGE (at);
CREATE TABLE energy_quarter (
  device bigint NOT NULL,
  at timestamptz NOT NULL,
  hour int NOT NULL,
  pv float8,
  battery_in float8,
  battery_out float8,
  grid_in float8,
  grid_out float8,
  load float8,
  ev float8,
  heater float8,
  heatpump float8,
  pv_to_ev float8,
  pv_to_heater float8,
  pv_to_heatpump float8,
  PRIMARY KEY (device, at, hour)
) PARTITION BY RANGE (at);
CREATE FUNCTION has_rows(partition regclass) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE found boolean;
BEGIN
  EXECUTE 'SELECT EXISTS (SELECT FROM ' || partition || ')' INTO found;
  RETURN found;
END $$;
CREATE TABLE energy_hour_2023_11 PARTITION OF energy_hour FOR VALUES FROM (471888) TO (472608);
CREATE TABLE block_2023_11 PARTITION OF block FOR VALUES FROM (471888) TO (472608);
UPDATE writer SET number = 7;
UPDATE part SET position = 40 + p;
INSERT INTO block (device, hour, chunk, mark, over, bytes) VALUES (1, 472000, 0, 6, true, 'a'), (2, 472000, 0, 6, true, 'b'), (1, 472001, 0, 7, false, 'c');
INSERT INTO energy_hour VALUES (12, 472000, '\x01020101c0b8020221e0d403ac0200'), (13, 472000, '\x02020101c0b8020221e0d403ac0200010ce012'), (14, 472000, '\x0300000000'), (15, 472000, '\x040100000000'), (16, 472000, '\x01'), (17, 472000, '');
INSERT INTO schema_version (part, version, usable_from, program) VALUES ('history', 1, 1, 'a test');
