// A virtual home as data: its sites, who lives there, and the devices that stand there. One YAML
// file is one home; homes/README.md describes the files key by key.
//
// A home is loaded at start-up, by one thread, and is a plain value: it knows nothing about how its
// devices are simulated. Everything here is pure, except that find_home() may read a file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"
#include "catalog/formula.h"
#include "catalog/loader.h"
#include "catalog/physics.h"

namespace gridloom::catalog {

// The demo home, and that home with a device of each family: ids of homes that come with Gridloom.
inline constexpr std::string_view kDemoHome = "demo";
inline constexpr std::string_view kAllHome = "all";

inline constexpr std::size_t kMaxHomeFile = std::size_t{1024} * 1024;  // bytes
inline constexpr std::size_t kMaxHomeSites = 100;
inline constexpr std::size_t kMaxHomeDevices = 1000;  // of all sites together

enum class Dwelling : std::uint8_t { kHouse, kCamper };
inline constexpr std::array<std::string_view, 2> kDwellings = {"house", "camper"};

struct Household {
  int people = 2;  // 1 to 6
  double kwh = 0;  // that they use in a year; in a camper, what its appliances draw counts instead
  Dwelling dwelling = Dwelling::kHouse;
};

// A surface that PV modules lie on.
struct Roof {
  std::string name;
  double azimuth_deg = 180;  // where it faces: 0 is north, 90 east
  double tilt_deg = 0;       // 0 is flat, 90 a wall
};

// How a device is connected with its site.
enum class Plug : std::uint8_t {
  kMeter,    // it measures and regulates the site's connection to the grid; one a site at most
  kFeedIn,   // its AC side feeds the site's circuits
  kUnit,     // the same, as a further unit of the system whose main unit is the site's kMeter
  kCircuit,  // it draws from a socket of SiteDevice::circuit
  kDc,       // it draws from the DC side of the site's off-grid device
  kOffGrid,  // it supplies a site without a grid; one a site at most
};

// A use of a device that people make of their own accord: they send it these sets when the
// condition comes true. `when` is a formula over kHabitNames, and true above 0.
struct Habit {
  Formula when;
  std::vector<CheckedSet> sets;  // of commands of the device's family
};
// Whether someone is at home, and is awake at home (1 or 0); the air around the device and outdoors
// in °C; the hour of the day, 0 to 24, by the site's clocks.
inline constexpr std::array<std::string_view, 5> kHabitNames = {"home", "awake", "air", "outdoor",
                                                                "hour"};

// A meter in the local network, as an EcoTracker is: "http://127.0.0.1:8480/v1/json".
struct MeterPlace {
  std::string host;  // a numeric address
  std::uint16_t port = 80;
  std::string path;  // "/v1/json"
};

// An extra battery of a device. Members that are not given are as the family's file has them.
struct Pack {
  std::string sn;  // empty: one of its own
  std::optional<double> capacity_wh{};
  std::optional<double> charge_percent{};  // at the start
  double cycles = 0;                       // before the start: it has aged by them
};

struct SiteDevice {
  FamilyPtr family;  // never null
  std::string sn;    // unique in the home, as is the name
  std::string name;
  Plug plug = Plug::kCircuit;
  std::size_t circuit = 0;  // of Plug::kCircuit: index in kHomeCircuits
  std::uint32_t supplies =
      0;  // circuits of the household behind it: one bit each, by kHomeCircuits
  std::optional<Place> place{};  // nothing: Family::place
  double carried = 0;            // share of days on which it is away from its plug for some hours
  std::vector<std::pair<std::string, Json>> initial{};  // Field::name -> value at the start
  std::vector<Habit> habits{};
  // Those of its PV inputs, in their order; an input beyond them has no modules. Nothing: the usual
  // ones of the family.
  std::optional<std::vector<Roof>> panels{};
  std::optional<MeterPlace> meter{};  // by which it regulates itself; nothing: as its model does
  bool sleeps = false;                // it is off the network while no sun feeds it
  std::vector<Pack> packs{};          // that are plugged in at the start
};

// A place with one connection to the grid, or none.
struct Site {
  std::string name;          // an id: "flat"
  double latitude_deg = 51;  // north; -66 to 66
  int phases = 3;            // of the connection to the grid: 1 to 3; 0: there is no grid
  std::optional<Household> household{};  // nothing: nobody lives there
  std::vector<Roof> roofs{};
  std::vector<SiteDevice> devices{};
};

struct VirtualHome {
  std::string title;
  std::string description;
  std::vector<Site> sites;
};

// The extra batteries that devices of the family can have: parts of its physics, in the order of
// their numbers.
[[nodiscard]] std::vector<const PhysicsPart*> pack_parts(const Family& family);

// How many PV inputs its devices have.
[[nodiscard]] std::size_t pv_inputs_of(const Family& family);

// "meter", "feed_in", "dc" or "off_grid", or the name of the circuit.
[[nodiscard]] std::string_view plug_name(const SiteDevice& device);
// The names of the circuits whose bits are set.
[[nodiscard]] std::vector<std::string_view> circuit_names(std::uint32_t circuits);

// The homes embedded in the binary: "demo.yaml" has the id "demo".
[[nodiscard]] std::vector<EmbeddedFile> embedded_homes();

// kMalformed lists every mistake in a line of its own, for example: "flat.yaml:12:
// sites.flat.devices[0].plug: \"balcony\" must be meter, feed_in, ...".
[[nodiscard]] Result<VirtualHome> load_home(std::string_view file_name, std::string_view text,
                                            const Catalog& catalog);

// The embedded home with this id, or the home of a file. A word without '/' and '.' is an id, never
// a file. As load_home(); also kBadParams: no home has this id, and kIo: the file cannot be read.
[[nodiscard]] Result<VirtualHome> find_home(const std::string& id_or_path, const Catalog& catalog);

}  // namespace gridloom::catalog
