// A small fictional family that uses every key of the schema, for the catalog's tests.
#pragma once

#include <string_view>

namespace gridloom::catalog {

inline constexpr std::string_view kMadeUpFamily = R"yaml(
family: made_up
product: Made Up
description: A station that nobody sells
prefixes: [MU1, MU12]
product_type: 7
model: 2
quota_all: flat
select: [moduleType, operateType]
aliases: {" state": pd.state, old.beep: pd.beep, packs: pack}
as_text: [info]
product_alias: Made-Up
list_as: product_alias

messages:
  change_ms: 1000
  full_ms: 30000
  nested: true
  report_body: params
  report: {id: $message_id, version: "1.0", time: $uptime_ms}
  reply: {id: $id, version: "1.0", operateType: $request.operateType, module: "$module:pack"}
  result: data

reports:
  pdStatus: {match: {typeCode: pdStatus}, fields: [pd.], prefix: pd., extra: {needAck: 0}}
  rest: {match: {typeCode: rest}, fields: [info.name, watts], only_full: true, also_flat: true}
  packs: {match: {typeCode: packs}, fields: [pack.], prefix: pack., module: packSn}

fields:
  pd.soc: {type: int, unit: "%", description: Charge, range: [0, 100], nature: battery.soc,
           initial: 60, source: "002:1700"}
  pd.beep: {type: int, description: Silent, source: real}
  pd.state: {type: string, description: State, initial: "010",
             values: {"010": resting, charging: charging}}
  pd.on: {type: bool, description: Output on, initial: true, values: {false: off, true: on}}
  pd.cur: {type: array, description: Currents, initial: [6, 6.5, yes, null]}
  pd.err: {type: int, title: Errors, description: What is wrong with the station just now,
           error: true, ok: [0, 500], bits: {0: too hot, 9: no fan}, severity: warning}
  pd.errs: {type: array, description: Errors of each output, error: true, initial: [0, 0]}
  pd.left: {type: int, unit: min, description: Minutes until the station is empty or full,
            range: [0, 5999], absent: 65535, initial: 65535}
  watts: {type: float, unit: W, scale: 0.1, description: Battery power, nature: battery.power,
          invert: true, sign: discharging is positive}
  info.name: {type: any, description: Name, source: "002:12-14, ours"}
  pack.*.vol: {type: int, unit: V, scale: 0.001, description: Voltage of a pack}
  pack.*.amp: {type: int, description: Current of a pack, values: {0: none, 20: full}, others: true}
  pd.in2.: {scale: 0.5, sign: "negative: gives"}
  pd.<input>:
    - {with: {n: 1, most: 400}, sources: {in1.watts: "002:5"}}
    - with: {n: 2, most: 50}
      fields: {in2.on: {initial: true}}
  pd.slots:
    type: array
    description: What is plugged in
    of:
      type: object
      fields:
        kind: {values: {0: nothing, 1: lamp}, title: Kind, description: What it is}
        watts: {type: float, unit: W, scale: 0.1, range: [0, 500], absent: -1}
        faults: {bits: {0: hot}}
        state: {values: {7: new}, others: true}
        ports: {type: array, of: {type: bool}}
    initial: [{kind: 1, watts: -1}, {kind: 0, ports: [true]}]

commands:
  quietMode:
    description: Switches the buzzer off
    select: {moduleType: 5, operateType: quietMode}
    params:
      enabled: {type: int, values: [0, 1], alias: [enalbed], action: 9, sets: [pd.beep]}
    reply: {ack: 0, was: $enabled, soc: "$field:pd.soc", actionId: $action}
    envelope: {moduleType: 5}
    source: "002:739"
  charge:
    description: Sets the charging current
    select: {moduleType: 5, operateType: charge}
    defaults: {description: A number}
    params:
      milliamps: {type: int, unit: mA, range: [4000, 10000], also: [30], unchanged: [255]}
      ratio: {type: float, unit: A, scale: 0.1, range: [0, 1], title: Ratio of currents}
      name: {type: string, min_items: 1, max_items: 8}
      note: {type: string}
      rsvd: {type: array, ignored: true}
      on: {type: bool}
    effects:
      - {set: pack.*.amp, to: $milliamps, times: 1000}
      - {set: pd.on, to: $milliamps, as: bool}
      - {set: pd.state, to: charging, when: {on: true}}
  channel:
    description: Sets one channel
    by: model
    select: {moduleType: 5, operateType: "11"}
    params:
      ch: {type: int, range: [10, 11], required: true}
      list: {type: array, min_items: 2, max_items: 3,
             of: {type: int, values: {0: off, 1: on}, unchanged: [255]}}
      info:
        type: object
        fields:
          chName: {type: string}
          icon: {type: int, range: [0, 20], unchanged: [-1], alias: [iconInfo]}
      mode:
        type: object
        exactly_one: true
        fields: {eco: {type: bool}, turbo: {type: bool, alias: [boost]}}
      lock: {type: bool, values: {false: off, true: on}}
    effects:
      - {set: pd.cur, at: [$ch-10, name], to: $info.chName}
      - {set: pd.beep, to: $info.icon, map: {"3": 1}}
  restart: {description: Starts again, dangerous: true, params: {},
            select: {moduleType: 1, operateType: restart}}

history:
  code: WEEK
  indexes:
    - {name: From Solar, unit: kWh, counter: pv}
    - {name: Self-sufficiency, unit: "%", share_of: grid_in, share_in: load,
       remainder: true, times: 100}

quirks:
  - {what: It does not exist, source: ours}

faults:
  leak:
    description: It leaks
    environment: {battery: 0, warmer_k: 5}
    reports: {pd.beep: 1, pd.err: 1}
    freezes: [pd.soc]

virtual:
  devices: [{sn: MU1A0001, name: Cellar, initial: {pd.beep: 1}}]
  modules: {pack: [P-1, P-2]}

defaults:
  fields: {source: ours}
  members: {type: int}
  params: {title: The <name>}
  reports: {extra: {needAck: 1}}
  commands: {source: ours}

templates:
  input:
    parameters: [n, most]
    fields:
      in<n>.watts: {type: int, unit: W, range: [0, <most>], description: Power of input <n>}
      in<n>.on: {type: bool, description: Input <n> is on}
)yaml";

}  // namespace gridloom::catalog
