// A small invented family that uses every form of effect and reply, for the tests of this folder.
#pragma once

#include <string_view>

#include "catalog/loader.h"

namespace gridloom::sim {

inline constexpr std::string_view kTestFamily = R"yaml(
family: test_station
product: Test Station
description: A station that nobody sells
prefixes: [TS]
quota_all: flat
select: [operateType]

messages:
  change_ms: 2000
  full_ms: 60000
  nested: false
  report_body: params
  report: {id: $message_id, version: "1.0", time: $uptime_ms, at: $now_ms}
  reply: {id: $id, version: "1.0", code: "0", operateType: $request.operateType, note: $request.params.note,
          far: $request.a.b.c, time: $uptime_ms}
  result: data

reports:
  main: {match: {typeCode: main}, fields: [pd.], prefix: pd., extra: {pack: "$module:pack"}}
  packs: {match: {typeCode: packs}, fields: [pack.], prefix: pack.}
  lists: {match: {typeCode: lists}, fields: [list, tree], only_full: true}

fields:
  pd.soc: {type: int, description: Charge, initial: 60}
  pd.watts: {type: float, description: Power, initial: 1.5}
  pd.on: {type: bool, description: On, initial: false}
  pd.name: {type: string, description: Name, initial: nobody}
  pd.mode: {type: int, description: Mode, initial: 7}
  pack.*.amp: {type: int, description: Current of a pack, initial: 1}
  pack.*.vol: {type: int, description: Voltage of a pack}
  list: {type: array, description: Channels, initial: [{on: 0}, {on: 0}, {on: 0}]}
  tree: {type: object, description: A tree, initial: {info: [{name: a}, {name: b}]}}

commands:
  direct:
    description: Writes fields as they come
    select: {operateType: direct}
    params:
      soc: {type: int, range: [0, 100], unchanged: [255], sets: pd.soc}
      both: {type: int, range: [0, 1000], sets: [pd.mode, "pack.*.vol"]}
      note: {type: string, description: Nothing}
      unused: {type: int, ignored: true}
    reply: {ack: 0, soc: $soc, now: "$field:pd.soc", pack: "$module:pack"}
    envelope: {code: "7"}
  forms:
    description: Every other form of effect
    select: {operateType: forms}
    params:
      volts: {type: float, range: [0, 1000]}
      amps: {type: int, range: [0, 100]}
      flag: {type: int, values: [0, 1]}
      freq: {type: int, values: [1, 2, 50, 60]}
      enable: {type: int, values: [0, 1]}
      level: {type: int, range: [0, 9]}
    effects:
      - {set: pd.watts, to: $volts, times: 10}
      - {set: pack.*.amp, to: $amps, times: 1000}
      - {set: pd.on, to: $flag, as: bool}
      - {set: pd.mode, to: $freq, map: {"1": 50, "2": 60}}
      - {set: pd.name, to: off, when: {enable: 0}}
      - {set: pd.name, to: "on", when: {enable: 1, level: 9}}
      - {set: pd.soc, to: $level-5}
  inside:
    description: Writes into lists and trees
    select: {operateType: inside}
    params:
      ch: {type: int, range: [10, 99], required: true}
      on: {type: int, values: [0, 1]}
      info: {type: object, fields: {name: {type: string}, at: {type: int, range: [0, 9]}}}
    effects:
      - {set: list, at: [$ch-10, "on"], to: $on}
      - {set: tree, at: [info, $info.at, name], to: $info.name}

virtual:
  devices: [{sn: TS0001, name: Test}]
  modules: {pack: [P-1, P-2]}
)yaml";

inline catalog::FamilyPtr test_family() {
  static const catalog::FamilyPtr family =
      catalog::load_family("test_station.yaml", kTestFamily).value();
  return family;
}

}  // namespace gridloom::sim
