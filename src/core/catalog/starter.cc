#include "catalog/starter.h"

#include <fmt/core.h>

#include <cstddef>

#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// ID, PREFIX and PRODUCT are filled in.
constexpr std::string_view kText =
    R"yaml(# yaml-language-server: $schema=schema.json
# A device family. Fill in your device; `gridloom family check` reports every mistake with its line.
# `gridloom family schema > schema.json` gives an editor the keys; devices/README.md describes them.
family: ID                # the file's name
product: PRODUCT          # productName of the device list
description: What kind of device this is
prefixes: [PREFIX]        # how serial numbers begin
quota_all: flat           # a read of everything answers {"state.power": 5}
select: [operateType]     # the members of a set that select its command

messages:
  change_ms: 2000         # a virtual device reports what changed, every so often
  full_ms: 60000          # and everything
  report_body: params     # the member of a report that holds the values
  report: {id: $message_id, version: "1.0", time: $uptime_ms}
  reply: {id: $id, version: "1.0", code: "0", operateType: $request.operateType}
  result: data            # the member of a reply that holds the result

reports:                  # every field is carried by one report
  battery: {match: {typeCode: battery}, fields: [battery.], prefix: battery.}
  pv: {match: {typeCode: pv}, fields: [pv.], prefix: pv.}
  state: {match: {typeCode: state}, fields: [state.], prefix: state.}

fields:                   # source: "document:line", real (seen on real devices) or ours
  battery.soc:
    type: int
    unit: "%"
    range: [0, 100]
    nature: battery.soc   # counts in energy sums as the charge of the battery
    title: Charge
    description: State of charge of the battery
    initial: 50           # what a virtual device starts with
    source: ours
  battery.power:
    type: float
    unit: W               # of the value times `scale`, which is 1 here
    nature: battery.power
    sign: charging is positive
    description: Power of the battery
    source: ours
  battery.state:
    type: int
    values: {0: idle, 1: charging, 2: discharging}
    description: What the battery does
    source: ours
  pv.power:
    type: float
    unit: W
    nature: pv.power
    description: Power of the modules
    source: ours
  pv.temperature:
    type: float
    unit: °C
    description: Temperature of the modules
    signal: {formula: 20 + pv.power / 20}    # or a shape: ramp, sine, random_walk
    source: ours
  state.power:
    type: float
    unit: W
    nature: load.power
    title: Power
    description: Power that the device draws
    source: ours
  state.mode:
    type: int
    values: {0: off, 1: eco, 2: full}
    description: What the device does
    initial: 2
    source: ours
  state.limit:
    type: int
    unit: W
    range: [100, 2000]
    initial: 1000
    description: Greatest power
    source: ours
  state.errCode:
    type: int
    error: true           # any value but 0 is an error
    values: {0: none, 1: too hot}
    description: Error of the device
    source: ours

commands:
  setMode:
    description: Switches the device
    dangerous: true       # what hangs on the device can go off: programs ask before they send it
    select: {operateType: setMode}
    params:
      mode:
        type: int
        values: {0: off, 1: eco, 2: full}
        description: The mode
        sets: state.mode
    reply: {ack: 0}       # in the member `data` of the reply
    source: ours
  setLimit:
    description: Sets the greatest power
    select: {operateType: setLimit}
    params:
      limit:
        type: int
        unit: W
        range: [100, 2000]
        description: Greatest power
        sets: state.limit
    reply: {ack: 0}
    source: ours

faults:
  over_temperature:       # `gridloom fault on over_temperature`
    description: The device is too hot
    reports: {state.errCode: 1}

physics:                  # what a virtual device is made of, and the fields that show it
  batteries:
    main:
      capacity_wh: 1000
      charge_w: 500
      discharge_w: 800
      feeds: {soc: battery.soc, power: battery.power, state: battery.state}
  pv_inputs:
    roof: {rated_w: 400, efficiency: 0.97, feeds: {power: pv.power}}
  inverter: {rated_w: 800, efficiency: 0.93, idle_w: 5}
  loads:
    outlet: {power_w: 60, household_share: 0.1, switch: state.mode, feeds: {power: state.power}}

virtual:
  devices:                # join the demo home of `gridloom serve --demo`
    - {sn: PREFIXTEST0000001, name: My PRODUCT}
)yaml";

constexpr std::string_view kHomeText =
    R"yaml(# yaml-language-server: $schema=schema.json
# A virtual home. Change what you like; `gridloom home check` reports every mistake with its line.
# `gridloom home schema > schema.json` gives an editor the keys; homes/README.md describes them.
home: My home               # its title
description: A house with a PowerOcean, and a camper
sites:
  house:                    # a place with one connection to the grid
    latitude: 51            # degrees north
    grid: {phases: 3}
    household: {people: 3, kwh: 3500}    # kWh in a year
    roofs:                  # where PV modules lie
      south: {azimuth: 180, tilt: 35}    # 0 is north, 90 east; 0 is flat, 90 a wall
      west: {azimuth: 270, tilt: 35}
    devices:
      - family: power_ocean
        name: Home battery
        plug: meter         # it regulates the connection to the grid; one a site
        panels: [south, west]            # the roof of each PV input
        initial: {bpSoc: 58}             # fields and the values that they start with
      - family: delta_2
        name: Kitchen power station
        plug: kitchen       # it draws from a socket of this circuit
        supplies: [refrigerator]         # these circuits hang on it
        habits:             # what people do with it: it gives by day, and is charged at night
          - when: (hour - 6) * (22 - hour)
            sets: [{moduleType: 1, operateType: watthConfig, params: {isConfig: 1, bpPowerSoc: 25}}]
          - when: (6 - hour) * (22 - hour)
            sets: [{moduleType: 1, operateType: watthConfig, params: {isConfig: 0}}]
      - family: power_stream
        plug: feed_in       # it feeds what the house draws
  camper:
    grid: none              # its first device supplies all of it
    household: {people: 2, dwelling: camper}
    devices:
      - {family: power_kits, name: Camper battery}
      - {family: glacier, name: Camper fridge, plug: dc}
)yaml";

void fill_in(std::string& text, std::string_view word, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += with.size()) {
    text.replace(at, word.size(), with);
  }
}

}  // namespace

Result<std::string> starter_file(std::string_view id) {
  if (!is_id(id)) {
    return fail(ErrorCode::kBadParams,
                fmt::format("\"{}\" is not a family id: {}", id.substr(0, kMaxId), kIdWords));
  }
  std::string prefix;
  std::string product;
  bool begins = true;
  for (const char c : id) {
    const char upper = is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
    if (c != '_' && prefix.size() < 4) prefix += upper;
    product += c == '_' ? ' ' : begins ? upper : c;
    begins = c == '_';
  }
  std::string text(kText);
  fill_in(text, "PREFIX", prefix + "01");
  fill_in(text, "PRODUCT", product);
  fill_in(text, ": ID ", fmt::format(": {} ", id));
  return text;
}

std::string_view starter_home() { return kHomeText; }

}  // namespace gridloom::catalog
