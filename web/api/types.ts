// What /api/v1 answers, as far as the page reads it.

export interface Me {
  account: string;
  scope?: 'read' | 'control';
  csrf?: string;
  instance?: string;
  zone?: string;
  now?: number;
  rate?: number;
  virtualTime?: boolean;
  passwordSet?: boolean;
  admin?: boolean;
}

export type State = 'live' | 'quiet' | 'offline' | 'never';
export type Role = 'meter' | 'feeder' | 'consumer' | 'panel' | 'other';
export type NodeId = 'sun' | 'battery' | 'grid' | 'home' | 'car' | 'heat';

export interface Fault {
  field: string;
  title: string;
  value: unknown;
  text: string;
  since: number | null;
}

export interface HomeDevice {
  sn: string;
  name: string;
  family: string;
  familyName: string;
  role: Role;
  state: State;
  lastReport: number | null;
  charge_percent?: number | null;
  batteryPower_w?: number | null;
  sunPower_w?: number | null;
  loadPower_w?: number | null;
  gridPower_w?: number | null;
  faults: Fault[];
}

export type UnknownReason = 'never' | 'offline' | 'old' | 'not_reported' | 'not_measured';
export interface FlowNode {
  power_w: number | null;
  atLeast?: boolean;
  charge_percent?: number | null;
  /** Why the power is not known, or not all of it; the first devices. */
  unknown?: {sn: string; reason: UnknownReason}[];
  /** How many devices there are, if not all of them are named. */
  unknownDevices?: number;
}
export interface Flow {
  from: NodeId;
  to: NodeId;
  power_w: number;
}

export interface Today {
  sun_kwh: number | null;
  gridImport_kwh: number | null;
  gridExport_kwh: number | null;
  home_kwh: number | null;
  batteryIn_kwh: number | null;
  batteryOut_kwh: number | null;
  selfSufficiency_percent: number | null;
}

export interface Home {
  now: number;
  nodes: Partial<Record<NodeId, FlowNode>>;
  flows: Flow[];
  unaccounted_w?: number | null;
  gridCaption?: 'measured' | 'import_of_devices' | 'none';
  today: Today;
  devices: HomeDevice[];
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

/** What happened to a device; `field` to `since` are those of a fault. */
export interface DeviceEvent {
  sn: string;
  at: number;
  kind: EventKind;
  field?: string;
  title?: string;
  value?: unknown;
  text?: string;
  since?: number;
  id?: string;
  why?: string;
  count?: number;
}

/** A page of events, the newest first; `next` is the cursor of the one that follows. */
export interface EventPage {
  events: DeviceEvent[];
  next?: string;
}

export interface DeviceFacts {
  sn: string;
  name: string;
  family: string;
  product?: string;
  owner: string;
  rights: 'owner' | 'full' | 'monitor';
  online: boolean;
  reportedAt?: number | null;
  values?: Record<string, unknown>;
}

export interface NamedValue {
  value: unknown;
  name?: string;
}

export interface FieldFacts {
  name: string;
  title?: string;
  description?: string;
  type: string;
  unit?: string;
  scale?: number;
  range?: [number, number];
  values?: NamedValue[];
  bits?: NamedValue[];
  absent?: unknown;
  nature?: string;
  part?: boolean;
  sign?: string;
  error?: boolean;
  set_by?: string[];
  fields?: FieldFacts[];
}

export interface ParamFacts {
  name: string;
  title?: string;
  description?: string;
  type: string;
  required: boolean;
  unit?: string;
  scale?: number;
  range?: [number, number];
  values?: NamedValue[];
  unchanged?: unknown;
  sets?: string[];
  params?: ParamFacts[];
}

export interface CommandFacts {
  name: string;
  title?: string;
  description?: string;
  dangerous: boolean;
  select?: Record<string, unknown>;
  params: ParamFacts[];
}

export interface Family {
  id: string;
  product?: string;
  description?: string;
  fields: FieldFacts[];
  commands: CommandFacts[];
}

export type Point = [number, number | null];
export interface History {
  sn: string;
  from: number;
  to: number;
  step?: number;
  series: {field: string; unit?: string; scale?: number; points: Point[]}[];
}

export type Quantity =
  | 'pv'
  | 'batteryIn'
  | 'batteryOut'
  | 'gridIn'
  | 'gridOut'
  | 'home'
  | 'ev'
  | 'heater'
  | 'heatpump';
export type Bucket = {from: string; to: string} & Partial<Record<Quantity, number>>;
export interface Energy {
  sn: string;
  period: string;
  from: string;
  to: string;
  quantities: string[];
  buckets: Bucket[];
  total: Partial<Record<Quantity | 'selfSufficiency' | 'selfConsumption', number>>;
}

export interface BrowserSession {
  id: number;
  current: boolean;
  made: number;
  lastUsed: number;
  client: string;
}
