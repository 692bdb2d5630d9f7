// Bodies of /api/v1 and messages of the live stream, as src/home/own_api/bodies describes them.
// Made by a program: `build/dev/tools/gl_api_types > web/api/types.ts`.

export type Scope = 'read' | 'control';

export interface TokenFacts {
  number: number;
  /** The purpose of the token. */
  name: string;
  /** In Unix milliseconds. Absent: never. */
  expiresAt?: number;
}

export interface Me {
  account: string;
  scope: Scope;
  /** Absent: asked without a token. */
  token?: TokenFacts;
  /**
   * X-Gridloom-CSRF of requests that change anything; this and all below are absent without a
   * session.
   */
  csrf?: string;
  /** Tells this server's cookie from others'. */
  instance?: string;
  /** The server's time zone, as Europe/Berlin. */
  zone?: string;
  /** In Unix milliseconds. The devices' time. */
  now?: number;
  /** Seconds of the devices' time in a second; 0: paused. */
  rate?: number;
  virtualTime?: boolean;
  passwordSet?: boolean;
  admin?: boolean;
}

/** Either a link, or an account with its password. */
export interface SignIn {
  /** The token of a link of `gridloom sign-in`. */
  link?: string;
  account?: string;
  password?: string;
}

export type SignInBy = 'link' | 'password';

export interface BrowserSession {
  id: number;
  /** The session that asks. */
  current: boolean;
  by: SignInBy;
  /** In Unix milliseconds. */
  made: number;
  /** In Unix milliseconds. To within an hour. */
  lastUsed: number;
  /** How the browser names itself. */
  client: string;
}

export interface Sessions {
  sessions: BrowserSession[];
}

export interface NewPassword {
  password: string;
  /** Absent: none is set, or a link signed this browser in during the last ten minutes. */
  current?: string;
}

export type TokenScope = 'read' | 'control' | 'card';

export interface OwnToken {
  number: number;
  /** The purpose of the token. */
  name: string;
  scope: TokenScope;
  /**
   * Serial number of the device of a card; absent: its scope is not card, or the card is the
   * home's.
   */
  device?: string;
  /** In Unix milliseconds. */
  made: number;
  /** In Unix milliseconds. Absent: never. */
  expiresAt?: number;
  expired: boolean;
}

export interface Tokens {
  tokens: OwnToken[];
}

export type Rights = 'owner' | 'full' | 'monitor';

export interface Share {
  sn: string;
  /** The device's. */
  name: string;
  /** The other account. */
  account: string;
  /** Those that the share gives. */
  rights: Rights;
}

export interface Shares {
  /** Shares of devices of the account. */
  given: Share[];
  /** Shares of devices of other accounts. */
  received: Share[];
}

export type BridgeState = 'off' | 'connecting' | 'connected' | 'failing' | 'elsewhere';

export interface BridgeFigure {
  /** As requests_per_hour. */
  name: string;
  value: number;
}

export interface Bridge {
  name: string;
  /** As `gridloom bridge kinds` lists them. */
  kind: string;
  /** Whether it is to run. */
  on: boolean;
  /** `elsewhere`: another node of the cluster runs it. */
  state: BridgeState;
  /** The node of the cluster that runs it; absent: there is no cluster. */
  node?: string;
  /** In Unix milliseconds. When the state began. */
  since?: number;
  /** In Unix milliseconds. Absent: there was none. */
  lastMessage?: number;
  /** Messages received. */
  in: number;
  /** Messages sent. */
  out: number;
  /** Messages that were lost to the peer. */
  dropped: number;
  errors: number;
  /** Absent: there was none. */
  lastError?: string;
  /** What its kind counts beside. */
  figures: BridgeFigure[];
}

export interface Bridges {
  bridges: Bridge[];
}

export type NodeId = 'sun' | 'battery' | 'grid' | 'home' | 'car' | 'heat';

export type UnknownReason = 'never' | 'offline' | 'old' | 'not_reported' | 'not_measured';

export interface UnknownDevice {
  sn: string;
  reason: UnknownReason;
}

export interface HomeNode {
  /** In W. Charging of a battery and import from the grid are positive; null: not known. */
  power_w: number | null;
  /** Some of the devices behind it are not known, and it is at least power_w. */
  atLeast: boolean;
  /**
   * In W. What the devices that are known add up to, where power_w is null because others, which
   * may have the other sign, are not known.
   */
  known_w?: number;
  /** In %. The mean of those that are known; null: none is; absent: it is no battery. */
  charge_percent?: number | null;
  /**
   * The first 8 devices whose power is not known, which is why power_w is null or at least that;
   * absent: it is known.
   */
  unknown?: UnknownDevice[];
  /** How many devices there are, where unknown names the first of them only. */
  unknownDevices?: number;
}

export interface Flow {
  from: NodeId;
  to: NodeId;
  /** In W. */
  power_w: number;
}

export type GridCaption = 'measured' | 'import_of_devices' | 'none';

/** Energies since midnight, of devices that have reported since; null: not known. */
export interface Today {
  /** In kWh. */
  sun_kwh: number | null;
  /** In kWh. */
  gridImport_kwh: number | null;
  /** In kWh. */
  gridExport_kwh: number | null;
  /** In kWh. */
  home_kwh: number | null;
  /** In kWh. */
  batteryIn_kwh: number | null;
  /** In kWh. */
  batteryOut_kwh: number | null;
  /** In %. */
  selfSufficiency_percent: number | null;
  /** Some of the devices behind the sums are not known for all of it. */
  atLeast: boolean;
  /**
   * In seconds. Since midnight, of which nothing is known; null: not computed yet, or too many
   * devices.
   */
  unknown_s: number | null;
}

export type Role = 'meter' | 'feeder' | 'consumer' | 'panel' | 'other';

export type State = 'live' | 'quiet' | 'offline' | 'never';

export type Severity = 'fault' | 'warning';

export interface ActiveError {
  field: string;
  severity: Severity;
  title: string;
  value: unknown;
  /** Meaning of the value. */
  text: string;
  /** In Unix milliseconds. Time of the report with which it began; null: not known. */
  since: number | null;
}

export interface HomeDevice {
  sn: string;
  name: string;
  /** The device file's id. */
  family: string;
  /** Name of the product; empty: neither it nor its family is known. */
  familyName: string;
  role: Role;
  state: State;
  /** In Unix milliseconds. Null: it has not reported. */
  lastReport: number | null;
  /** In %. Null: not known. */
  charge_percent: number | null;
  /** In W. Charging is positive; null: not known. */
  batteryPower_w: number | null;
  /** In W. Null: not known. */
  sunPower_w: number | null;
  /** In W. Null: not known. */
  loadPower_w: number | null;
  /** In W. An import is positive; null: not known. */
  gridPower_w: number | null;
  /** In seconds. Time until the battery is full; absent: it does not charge, or not known. */
  fullIn_s?: number;
  /** In seconds. Time until the battery is empty; absent: it does not discharge, or not known. */
  emptyIn_s?: number;
  /** Those that the device reports now. */
  faults: ActiveError[];
}

export interface Home {
  /** In Unix milliseconds. The devices' time. */
  now: number;
  /** Those that the home has. */
  nodes: Partial<Record<NodeId, HomeNode>>;
  flows: Flow[];
  /** In W. Surplus of the sources over the known uses; null: not known. */
  unaccounted_w: number | null;
  gridCaption: GridCaption;
  today: Today;
  devices: HomeDevice[];
}

export type Unserved =
  | 'refused'
  | 'app_channel'
  | 'through_host'
  | 'first_generation'
  | 'no_values'
  | 'not_documented';

export interface Device {
  /** Serial number. */
  sn: string;
  name: string;
  /** The device file's id. */
  family: string;
  /** Its name; empty: neither it nor its family is known. */
  product: string;
  /** Why no family serves the product; absent: one does, or the product is not known. */
  unserved?: Unserved;
  /** Name of the account that owns it. */
  owner: string;
  /** The rights of the account that asks. */
  rights: Rights;
  online: boolean;
}

export interface Devices {
  devices: Device[];
  /** after of the next page; absent: there is none. */
  next?: string;
}

export interface DeviceState {
  /** Serial number. */
  sn: string;
  name: string;
  /** The device file's id. */
  family: string;
  /** Its name; empty: neither it nor its family is known. */
  product: string;
  /** Why no family serves the product; absent: one does, or the product is not known. */
  unserved?: Unserved;
  /** Name of the account that owns it. */
  owner: string;
  /** The rights of the account that asks. */
  rights: Rights;
  online: boolean;
  /** In Unix milliseconds. Time of the last report; absent: it has not reported. */
  reportedAt?: number;
  /** Those that the device reports now. */
  faults: ActiveError[];
  /** Each field that the device has reported, as it reported it. */
  values: Record<string, unknown>;
}

export interface Product {
  /** How its serial numbers begin; the longest match decides. */
  prefix: string;
  name: string;
  /** Its size, or what else tells it from others. */
  note?: string;
  /** Where this is known from. */
  source: string;
}

export interface FamilySummary {
  id: string;
  product?: string;
  description?: string;
  /** How the serial numbers of its devices begin. */
  prefixes: string[];
  /** Those that it serves, if known. */
  products?: Product[];
}

export interface UnservedProduct {
  /** How its serial numbers begin; the longest match decides. */
  prefix: string;
  name: string;
  /** Its size, or what else tells it from others. */
  note?: string;
  /** Where this is known from. */
  source: string;
  /** Why no family serves it. */
  unserved: Unserved;
  /** Id of the family whose devices report its values, if known. */
  host?: string;
}

export interface Families {
  families: FamilySummary[];
  /** The products that are known and that no family serves. */
  unserved: UnservedProduct[];
}

export interface FieldGroup {
  /** A word of the family's own. */
  name: string;
  /** Short, for a label. */
  title: string;
  /** Names of its fields, or how they begin, up to a dot; the longest match decides. */
  fields: string[];
}

export type FieldType = 'int' | 'float' | 'string' | 'bool' | 'array' | 'object' | 'any';

export interface Value {
  value: unknown;
  /** The meaning of the value; absent: the value itself. */
  name?: string;
}

export type FieldFormat = 'version' | 'text';

export interface Feed {
  part: string;
  quantity: string;
}

export interface Field {
  name: string;
  /** Short, for a label. */
  title?: string;
  description?: string;
  type: FieldType;
  /** The unit of a value times scale. */
  unit?: string;
  /** A value times this is in the unit; absent: 1. */
  scale?: number;
  /** The least and the greatest. */
  range?: [number, number];
  /** Those that have a name, or all that there are. */
  values?: Value[];
  /** Always field; absent: a member of another field. */
  kind?: string;
  /** Numbers and names of the bits of a bit mask. */
  bits?: Value[];
  /** Its meaning in every family, as battery.power. */
  nature?: string;
  /** One of the fields whose sum is the power of the nature. */
  part?: boolean;
  /** The nature holds while this field has one of these values. */
  when?: unknown;
  /** Its sign is opposite to that of the nature. */
  invert?: boolean;
  /** Meaning of a positive value. */
  sign?: string;
  /**
   * How people read the value: as a version, a byte of the number for each part, or as a text of
   * character codes.
   */
  format?: FieldFormat;
  /** One of the few that people look at first. */
  essential?: boolean;
  /** Where the field is documented. */
  source?: string;
  /** Stands for: there is no value. */
  absent?: unknown;
  /** The number that stands for never, in a time. */
  never?: number;
  /** An error or a warning. */
  error?: boolean;
  /** What an error of it is; absent: it reports none. */
  severity?: Severity;
  /** The start value of a virtual device. */
  initial?: unknown;
  /** Commands that change it. */
  set_by?: string[];
  /** Members of an object, or the element of a list. */
  fields?: Field[];
  /** Parts of the family's physics that give its value. */
  fed_by?: Feed[];
}

export type CommandGroup =
  | 'power'
  | 'outputs'
  | 'charging'
  | 'battery'
  | 'climate'
  | 'grid'
  | 'standby'
  | 'display'
  | 'schedule'
  | 'setup';

export interface ShownValue {
  /** The parameter has it. */
  value: unknown;
  /** The field has it then. */
  shown: unknown;
}

export interface ParamTable {
  field: string;
  values: ShownValue[];
}

export interface ParamFacts {
  name: string;
  /** Short, for a label. */
  title?: string;
  description?: string;
  type: FieldType;
  /** The unit of a value times scale. */
  unit?: string;
  /** A value times this is in the unit; absent: 1. */
  scale?: number;
  /** The least and the greatest. */
  range?: [number, number];
  /** Those that have a name, or all that there are. */
  values?: Value[];
  required: boolean;
  /** Accepted without effect. */
  ignored?: boolean;
  /** The number that stands for never, in a time. */
  never?: number;
  /** Exactly one of the object's members must be true. */
  exactly_one?: boolean;
  /** The least number of elements, or of characters of a string. */
  min_items?: number;
  /** The greatest number of elements, or of characters of a string. */
  max_items?: number;
  /** Fields that take its value as it is. */
  sets?: string[];
  /** Fields that show another value for some of its values. */
  sets_by_table?: ParamTable[];
  /** Members of an object, or the element of a list. */
  params?: ParamFacts[];
  /** The parameter beside it whose value names one of the forms. */
  form_of?: string;
  /** What the value is, by the value of that parameter. */
  forms?: ParamFacts[];
}

export interface CommandFacts {
  kind: 'command';
  name: string;
  title?: string;
  description?: string;
  /** A person should confirm it. */
  dangerous: boolean;
  /** What it is about; absent: none of these. */
  group?: CommandGroup;
  /** Where the command is documented. */
  source?: string;
  /** Names the command in the body of a set: a path in it, and the value there. */
  select?: Record<string, unknown>;
  params: ParamFacts[];
  /** The body of a set, in which each parameter has one of its values. */
  example: Record<string, unknown>;
}

export interface Report {
  name: string;
  /** Members of the message that tell it from the family's other reports. */
  match: Record<string, unknown>;
  /** The names in its body begin after this. */
  prefix?: string;
  /** The member with the serial number of the module. */
  module?: string;
  /** Names of the fields that it carries, or how they begin, up to a dot. */
  fields: string[];
}

export interface Quirk {
  /** What is odd, and what Gridloom does. */
  what: string;
  source: string;
}

export interface Family {
  id: string;
  product?: string;
  description?: string;
  /** How the serial numbers of its devices begin. */
  prefixes: string[];
  /** Those that it serves, if known. */
  products?: Product[];
  groups: FieldGroup[];
  fields: Field[];
  commands: CommandFacts[];
  reports: Report[];
  /** What its devices do oddly, in English. */
  quirks: Quirk[];
}

export type Period = 'day' | 'week' | 'month' | 'year';

export type Quantity =
  | 'pv'
  | 'batteryIn'
  | 'batteryOut'
  | 'gridIn'
  | 'gridOut'
  | 'home'
  | 'ev'
  | 'heater'
  | 'heatpump'
  | 'pvToEv'
  | 'pvToHeater'
  | 'pvToHeatpump';

/** What the device's family does not measure, or what is not known of the span, is absent. */
export interface Bucket {
  /** A time in ISO 8601. */
  from: string;
  /** A time in ISO 8601. */
  to: string;
  /** In seconds. The past part of the span of which nothing is known. */
  unknown_s: number;
  /** In kWh. */
  pv?: number;
  /** In kWh. */
  batteryIn?: number;
  /** In kWh. */
  batteryOut?: number;
  /** In kWh. */
  gridIn?: number;
  /** In kWh. */
  gridOut?: number;
  /** In kWh. */
  home?: number;
  /** In kWh. */
  ev?: number;
  /** In kWh. */
  heater?: number;
  /** In kWh. */
  heatpump?: number;
  /** In kWh. */
  pvToEv?: number;
  /** In kWh. */
  pvToHeater?: number;
  /** In kWh. */
  pvToHeatpump?: number;
  /** The part of the use that was not imported, from 0 to 1; absent: nothing was used. */
  selfSufficiency?: number;
  /** The part of the sun's energy that was not exported, from 0 to 1; absent: there was none. */
  selfConsumption?: number;
}

/** What the device's family does not measure, or what is not known of the span, is absent. */
export interface EnergySums {
  /** In seconds. The past part of the span of which nothing is known. */
  unknown_s: number;
  /** In kWh. */
  pv?: number;
  /** In kWh. */
  batteryIn?: number;
  /** In kWh. */
  batteryOut?: number;
  /** In kWh. */
  gridIn?: number;
  /** In kWh. */
  gridOut?: number;
  /** In kWh. */
  home?: number;
  /** In kWh. */
  ev?: number;
  /** In kWh. */
  heater?: number;
  /** In kWh. */
  heatpump?: number;
  /** In kWh. */
  pvToEv?: number;
  /** In kWh. */
  pvToHeater?: number;
  /** In kWh. */
  pvToHeatpump?: number;
  /** The part of the use that was not imported, from 0 to 1; absent: nothing was used. */
  selfSufficiency?: number;
  /** The part of the sun's energy that was not exported, from 0 to 1; absent: there was none. */
  selfConsumption?: number;
}

export interface OutdatedEnergies {
  sn: string;
  /**
   * In seconds. Hours of the span that are not counted anew, as their values are not kept or as
   * that is still to be done.
   */
  outdated_s: number;
  /** What was wrong with such energies, the oldest first. */
  corrections: string[];
}

export interface EnergySpan {
  /** A time in ISO 8601. */
  from: string;
  /** A time in ISO 8601. */
  to: string;
  buckets: Bucket[];
  total: EnergySums;
  /**
   * A span that still runs has the sums of as much of the span before, to the same time by the
   * clock; within a quarter of an hour they are taken as steady.
   */
  soFar?: Bucket;
}

export interface Energy {
  sn: string;
  period: Period;
  /** A time in ISO 8601. */
  from: string;
  /** A time in ISO 8601. */
  to: string;
  unit: 'kWh';
  /** Those that the device's family measures. */
  quantities: Quantity[];
  buckets: Bucket[];
  total: EnergySums;
  /**
   * Devices with energies in the span that were counted before a correction of their family, the
   * first 8; absent: there are none.
   */
  outdated?: OutdatedEnergies[];
  /** The span before, of the same length in the calendar; absent: compare is not given. */
  previous?: EnergySpan;
}

export type HomeQuantity =
  | 'sun'
  | 'batteryIn'
  | 'batteryOut'
  | 'gridImport'
  | 'gridExport'
  | 'home'
  | 'car'
  | 'heat';

/** What no device measures, or what is not known of the span, is absent. */
export interface HomeBucket {
  /** A time in ISO 8601. */
  from: string;
  /** A time in ISO 8601. */
  to: string;
  /** In seconds. The past part of the span of which nothing is known. */
  unknown_s: number;
  /** Some of the devices behind the sums are not known for all of it. */
  atLeast: boolean;
  /** In kWh. */
  sun_kwh?: number;
  /** In kWh. */
  batteryIn_kwh?: number;
  /** In kWh. */
  batteryOut_kwh?: number;
  /** In kWh. */
  gridImport_kwh?: number;
  /** In kWh. */
  gridExport_kwh?: number;
  /** In kWh. With what went to the car and to heating. */
  home_kwh?: number;
  /** In kWh. */
  car_kwh?: number;
  /** In kWh. */
  heat_kwh?: number;
  /** In %. The part of the use that was not imported; absent: nothing was used. */
  selfSufficiency_percent?: number;
  /** In %. The part of the sun's energy that was not exported; absent: there was none. */
  selfConsumption_percent?: number;
}

/** What no device measures, or what is not known of the span, is absent. */
export interface HomeEnergySums {
  /** In seconds. The past part of the span of which nothing is known. */
  unknown_s: number;
  /** Some of the devices behind the sums are not known for all of it. */
  atLeast: boolean;
  /** In kWh. */
  sun_kwh?: number;
  /** In kWh. */
  batteryIn_kwh?: number;
  /** In kWh. */
  batteryOut_kwh?: number;
  /** In kWh. */
  gridImport_kwh?: number;
  /** In kWh. */
  gridExport_kwh?: number;
  /** In kWh. With what went to the car and to heating. */
  home_kwh?: number;
  /** In kWh. */
  car_kwh?: number;
  /** In kWh. */
  heat_kwh?: number;
  /** In %. The part of the use that was not imported; absent: nothing was used. */
  selfSufficiency_percent?: number;
  /** In %. The part of the sun's energy that was not exported; absent: there was none. */
  selfConsumption_percent?: number;
}

export interface DeviceGap {
  sn: string;
  /** In seconds. */
  unknown_s: number;
  /** Its history cannot be read, and the sums are those of the others. */
  damaged: boolean;
}

export interface HomeEnergySpan {
  /** A time in ISO 8601. */
  from: string;
  /** A time in ISO 8601. */
  to: string;
  buckets: HomeBucket[];
  total: HomeEnergySums;
  /**
   * A span that still runs has the sums of as much of the span before, to the same time by the
   * clock; within a quarter of an hour they are taken as steady.
   */
  soFar?: HomeBucket;
}

export interface HomeEnergy {
  period: Period;
  /** A time in ISO 8601. */
  from: string;
  /** A time in ISO 8601. */
  to: string;
  /** Those that the home's devices measure. */
  quantities: HomeQuantity[];
  buckets: HomeBucket[];
  total: HomeEnergySums;
  /**
   * The first 8 devices that are not known for all of the span, those with damaged history in
   * front; absent: all are known.
   */
  unknown?: DeviceGap[];
  /** How many devices there are, where unknown names the first of them only. */
  unknownDevices?: number;
  /**
   * Devices with energies in the span that were counted before a correction of their family, the
   * first 8; absent: there are none.
   */
  outdated?: OutdatedEnergies[];
  /** The span before, of the same length in the calendar; absent: compare is not given. */
  previous?: HomeEnergySpan;
}

export type Aggregate = 'mean' | 'min' | 'max' | 'sum' | 'count' | 'last' | 'integral';

export type Point = [number, unknown];

export interface Series {
  field: string;
  /** Absent: the field has none. */
  unit?: string;
  /** A value times this is in the unit; absent: 1. */
  scale?: number;
  decimals?: number;
  /** Time in Unix milliseconds, and value; null: a gap. */
  points: Point[];
}

export interface History {
  sn: string;
  /** In Unix milliseconds. */
  from: number;
  /** In Unix milliseconds. */
  to: number;
  /** In milliseconds. Absent: every reported value. */
  step?: number;
  /** Absent: every reported value. */
  aggregate?: Aggregate;
  series: Series[];
}

export interface DeviceSeries {
  sn: string;
  /** In W. As those of a home that has this device alone. */
  powers_w: Partial<Record<NodeId, (number | null)[]>>;
  /** In %. Null: not known; absent: the device has no battery. */
  charge_percent?: (number | null)[];
}

export interface HomeSeries {
  /** In Unix milliseconds. */
  from: number;
  /** In Unix milliseconds. */
  to: number;
  /** In milliseconds. */
  step: number;
  /** In Unix milliseconds. When each step begins; a column has one value a step. */
  times: number[];
  /** In W. The mean of each step, with the signs of HomeNode; null: not known. */
  powers_w: Partial<Record<NodeId, (number | null)[]>>;
  /**
   * In %. The mean of the batteries that are known; null: none is; absent: there is none, or too
   * many for one answer.
   */
  charge_percent?: (number | null)[];
  /**
   * The first 8 devices that are not known for all of the span, those with damaged history in
   * front; absent: all are known.
   */
  unknown?: DeviceGap[];
  /** How many devices there are, where unknown names the first of them only. */
  unknownDevices?: number;
  /** Each of those that were asked for; absent: none was. */
  devices?: DeviceSeries[];
}

export interface EvccGrid {
  /** In W. Import is positive; absent: not known. */
  power?: number;
  /** In kWh. Imported; absent: not known. */
  energy?: number;
  /** In kWh. Exported; absent: not known. */
  returnenergy?: number;
}

export interface EvccPv {
  /** In W. Absent: not known. */
  power?: number;
  /** In kWh. Absent: not known. */
  energy?: number;
}

export interface EvccBattery {
  /** In W. Discharge is positive; absent: not known. */
  power?: number;
  /** In %. Absent: not known. */
  soc?: number;
  /** In kWh. Of the full battery; absent: not known. */
  capacity?: number;
  /** In kWh. Discharged; absent: not known. */
  energy?: number;
  /** In kWh. Charged; absent: not known. */
  returnenergy?: number;
}

export interface EvccDevice {
  /** Serial number. */
  sn: string;
  name: string;
  /** Absent: it has none. */
  pv?: EvccPv;
  /** Absent: it has none. */
  battery?: EvccBattery;
}

export type BatteryModeName = 'normal' | 'hold' | 'charge' | 'holdcharge';

export type ModeState = 'sent' | 'applied' | 'not_applied' | 'restoring';

export interface BatteryModeState {
  /** Serial number. */
  sn: string;
  /** evcc's number: 1 to 4. */
  mode: number;
  name: BatteryModeName;
  /** Whether the device's fields show the mode; restoring: it has ended. */
  state: ModeState;
  /** In Unix milliseconds. When it ends unless it is asked for again. */
  until: number;
}

/**
 * Meters as evcc names them; a value that is not known or too old is absent. Energies never fall.
 */
export interface Evcc {
  /** In Unix milliseconds. The devices' time. */
  now: number;
  /** Another one: the energies begin anew; absent: they are not known. */
  epoch?: string;
  /** Absent: no meter measures it. */
  grid?: EvccGrid;
  /** Absent: the home has none. */
  pv?: EvccPv;
  /** Absent: the home has none. */
  battery?: EvccBattery;
  /** Those with a battery or solar power. */
  devices: EvccDevice[];
  /** Batteries that have another one than normal; absent: the node that knows is away. */
  modes?: BatteryModeState[];
}

/** Ends after 60 seconds unless it is asked for again. */
export interface NewBatteryMode {
  /** 1 normal, 2 hold (no discharge), 3 charge (also from the grid), 4 holdcharge (no charge). */
  mode: number;
  /** Serial number; absent: all batteries of the account. */
  device?: string;
}

export interface BatteryModes {
  /** Batteries that have another one than normal. */
  modes: BatteryModeState[];
}

export type EventKind =
  | 'fault.began'
  | 'fault.ended'
  | 'online'
  | 'offline'
  | 'set.answered'
  | 'set.refused'
  | 'set.unanswered'
  | 'left_out';

export interface DeviceEvent {
  sn: string;
  /** In Unix milliseconds. */
  at: number;
  kind: EventKind;
  /** This and all up to since are absent where it is no fault. */
  field?: string;
  severity?: Severity;
  title?: string;
  /** The field's value when the fault began. */
  value?: unknown;
  /** Meaning of the value. */
  text?: string;
  /** In Unix milliseconds. The beginning of the fault. */
  since?: number;
  /** The id of a set; absent: it is no set, or was not sent to the device. */
  id?: string;
  /** The failure of a set; absent: there is none. */
  why?: string;
  /** How many events were more than the limit of an hour; absent: it is not left_out. */
  count?: number;
}

export interface EventPage {
  /** The newest first. */
  events: DeviceEvent[];
  /** cursor of the next page, whose events are older; absent: there is none. */
  next?: string;
}

/** The family's set message without sn and id, as its documents write it. */
export type Command = Record<string, unknown>;

export type CommandState =
  | 'sent'
  | 'answered'
  | 'applied'
  | 'not_applied'
  | 'refused'
  | 'unanswered'
  | 'offline';

export interface ShownField {
  field: string;
  /** The value that shows the command; absent: any that differs from the one before does. */
  asked?: unknown;
  /** The value that the device reported last; absent: it has reported none. */
  is?: unknown;
}

export interface CommandStatus {
  /** As in Idempotency-Key, or made by the server. */
  id: string;
  /** Serial number. */
  sn: string;
  /** Differs after a restart of the server. */
  epoch: string;
  state: CommandState;
  /** The state changes no more. */
  final: boolean;
  /** The session, token or key that sent it. */
  by: string;
  /** In Unix milliseconds. */
  sentAt: number;
  /**
   * In Unix milliseconds. Time of the reply, or of the end of waiting for it; absent: it is
   * awaited.
   */
  answeredAt?: number;
  /** In Unix milliseconds. Absent: the state is not final. */
  decidedAt?: number;
  /** Those that show the command; none: no field does, and it ends as answered. */
  fields: ShownField[];
  /** As in errors, or device_refused; absent: nothing went wrong. */
  code?: string;
  /** For people; absent as code is. */
  message?: string;
  /** The parameter that is wrong; absent: none is, or not known. */
  param?: string;
  /** The device's reply, as it sent it; absent: none came, or it is longer than is kept. */
  reply?: unknown;
}

export interface CommandList {
  /** Differs after a restart of the server. */
  epoch: string;
  /** The newest first. */
  commands: CommandStatus[];
}

export interface OperationParameterFacts {
  name: string;
  /** Its meaning. */
  text: string;
  /** As text, integer or account. */
  type: string;
  required: boolean;
  /** The least number. */
  minimum?: number;
  /** The greatest number. */
  maximum?: number;
  /** In bytes. The longest text, also in a list. */
  maxBytes?: number;
  /** The most elements of a list. */
  maxItems?: number;
  /** The words of a choice. */
  values?: string[];
}

export type OperationAccess = 'administrator' | 'owner';

export interface OperationFacts {
  name: string;
  /** Its effect. */
  text: string;
  parameters: OperationParameterFacts[];
  access: OperationAccess;
  changes: boolean;
  /** False: only the command line offers it. */
  http: boolean;
  /** Kind of its entry in the audit; absent: none. */
  audit?: string;
}

export interface Operations {
  operations: OperationFacts[];
}

/** By name, as GET /api/v1/admin/operations lists them. */
export type OperationParameters = Record<string, unknown>;

/** The answer of the operation; its member warning says that the audit lacks it. */
export type OperationAnswer = Record<string, unknown> | unknown[];

export interface Error {
  /** As bad_params, no_permission or offline. */
  code: string;
  /** For people. */
  message: string;
}

/** Answers hello. */
export interface Welcome {
  t: 'welcome';
  /** Differs after a restart of the server. */
  epoch: string;
  /** Place in the stream. */
  seq: number;
  /** In Unix milliseconds. The devices' time. */
  now: number;
  /** Seconds of the devices' time in a second; 0: paused. */
  rate: number;
  /** To each device; a card is told none. */
  rights: Record<string, Rights>;
}

/** The names of a family's fields, to which rows refer by their place, from 0 on. */
export interface FieldNames {
  t: 'names';
  family: string;
  names: string[];
}

/** The first of a subscription. */
export interface HomeSnapshot {
  t: 'snap';
  /** The client gave it to the subscription. */
  id: number;
  /** Place in the stream. */
  seq: number;
  /** In Unix milliseconds. The devices' time. */
  now: number;
  home: Home;
}

/** The whole home, after a change. */
export interface HomeChange {
  t: 'd';
  /** The client gave it to the subscription. */
  id: number;
  /** Place in the stream. */
  seq: number;
  /** In Unix milliseconds. The devices' time. */
  now: number;
  home: Home;
}

export type Row = [number, unknown, number?];

/** All of a subscription: replace what you have. */
export interface DeviceSnapshot {
  t: 'snap';
  /** The client gave it to the subscription. */
  id: number;
  /** Place in the stream. */
  seq: number;
  /** In Unix milliseconds. The devices' time. */
  now: number;
  family: string;
  state: State;
  /** In Unix milliseconds. Time of the last report; null: it has not reported. */
  last: number | null;
  /** Names of the device's fields; absent: those of its family. */
  names?: string[];
  /** Values of fields, by the place of the field's name. */
  f: Row[];
}

/** Changes since the last message. */
export interface DeviceChange {
  t: 'd';
  /** The client gave it to the subscription. */
  id: number;
  /** Place in the stream. */
  seq: number;
  /** In Unix milliseconds. The devices' time. */
  now: number;
  /** Values of fields, by the place of the field's name. */
  f: Row[];
}

export interface StateChange {
  t: 'state';
  /** The client gave it to the subscription. */
  id: number;
  /** Place in the stream. */
  seq: number;
  /** In Unix milliseconds. The devices' time. */
  now: number;
  state: State;
  /** In Unix milliseconds. Its last report, or the present. */
  since: number;
}

/** Comes every 15 seconds. */
export interface Heartbeat {
  t: 'hb';
  /** In Unix milliseconds. The devices' time. */
  now: number;
  /** Seconds of the devices' time in a second; 0: paused. */
  rate: number;
  /** Place in the stream. */
  seq: number;
}

/** A message was refused, or a subscription has ended: the device is no longer shared. */
export interface StreamError {
  t: 'error';
  /** As in answers over HTTP. */
  code: string;
  /** For people. */
  message: string;
  /** The id of the subscription or of the message, if that had one. */
  id?: number;
}

/** The last message: the server closes. */
export interface Bye {
  t: 'bye';
  /** For people; `signed out` where the session has ended. */
  why: string;
}

export type ServerMessage =
  | Welcome
  | FieldNames
  | HomeSnapshot
  | HomeChange
  | DeviceSnapshot
  | DeviceChange
  | StateChange
  | Heartbeat
  | StreamError
  | Bye;

/** Answered by welcome, once a second at most. */
export interface Hello {
  t: 'hello';
}

/** Another subscription to the home takes the place of the first. */
export interface SubscribeHome {
  t: 'sub';
  id: number;
  topic: 'home';
  /** In milliseconds. At most so often: from 1000 to 60000; absent: 1000. */
  every?: number;
  /** Language of titles and meanings of faults; absent: en. */
  lang?: 'en' | 'de';
}

/** Another subscription to the device takes the place of the first. */
export interface SubscribeDevice {
  t: 'sub';
  id: number;
  topic: 'device';
  sn: string;
  /** Names, 256 at most; absent: all. */
  fields?: '*' | string[];
  /** In milliseconds. At most so often: from 250 to 60000; absent: 250. */
  every?: number;
}

/** Ends a subscription. */
export interface Unsubscribe {
  t: 'unsub';
  /** The client gave it to the subscription. */
  id: number;
}

/** Nothing but heartbeats until play. */
export interface Pause {
  t: 'pause';
}

/** Ends a pause. */
export interface Play {
  t: 'play';
}

export type ClientMessage = Hello | SubscribeHome | SubscribeDevice | Unsubscribe | Pause | Play;
