// The appliances of a household, and the power that each use of them draws over time: programmes of
// phases, devices that switch by themselves and never rest, and stand-by powers. Constant data,
// shared by all homes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "sim/household/draws.h"

namespace gridloom::sim::household {

// The circuits of a home; their names in device files are catalog::kHomeCircuits. Those of a camper
// are others.
enum class Circuit : std::uint8_t {
  kRefrigerator,
  kKitchen,
  kCooker,
  kDishwasher,
  kUtility,  // washing machine and dryer
  kLiving,
  kOffice,
  kLights,
  kBedrooms,
  kBath,
  kHeating,
  kGarage,
  kGarden,
  kGuest
};
inline constexpr std::size_t kHomeCircuits = 14;
inline constexpr std::size_t kCamperCircuits = 18;  // six of AC, then twelve of DC
inline constexpr std::size_t kMaxCircuits = 18;
// The ports of a power station, as circuits of low voltage; their names in device files are
// catalog::kPorts.
enum class Port : std::uint8_t {
  kCar,
  kUsb,
  kFastUsb,
  kTypeC,
  kSecondUsb,
  kSecondFastUsb,
  kSecondTypeC
};
inline constexpr std::size_t kPorts = 7;

// Receives the phases of a programme, one after the other.
class Programme {
 public:
  Programme() = default;
  Programme(const Programme&) = delete;
  Programme& operator=(const Programme&) = delete;
  virtual ~Programme() = default;
  virtual void phase(double minutes, double power_w) = 0;
};

// When people use an appliance: a bump around an hour of the day.
struct Peak {
  double hour = 0;
  double spread_h = 1;
  double weight = 0;
};

// An appliance that is switched on for a use.
struct Appliance {
  std::string_view name;
  std::uint8_t circuit = 0;
  double uses = 0;  // a day, and for each person
  double uses_per_person = 0;
  bool needs_people = true;  // someone is awake and at home when it starts
  double saturday = 1;       // factors on the uses
  double sunday = 1;
  double winter = 0;      // relative amplitude over the year; negative: more in summer
  double owned = 1;       // by this fraction of homes
  bool unsteady = false;  // its power moves while it is on
  std::array<Peak, 4> peaks{};
  void (*run)(Draws& draws, Programme& programme) = nullptr;
};

// An appliance that switches by itself around the clock: refrigerators, fans, chargers, valves.
struct Ticker {
  std::string_view name;
  std::uint8_t circuit = 0;
  double power_w = 0;  // median and spread of the homes
  double power_sigma = 0;
  double period_min = 0;
  double period_sigma = 0;
  double duty = 0;
  double duty_range = 0;  // above `duty`
  double owned = 1;
  bool cools = false;  // a compressor: longer in summer and by day, with a surge at the start
};

// An appliance that is always on.
struct Standby {
  std::uint8_t circuit = 0;
  double power_w = 0;
  double sigma = 0;
};

// The lamps of rooms: they go with the people who are awake, and with the dark.
struct Lamps {
  std::uint8_t first_circuit = 0;
  std::uint8_t circuits = 1;
  double power_w = 0;
  double power_per_person_w = 0;
};

// A kind of dwelling.
struct Inventory {
  std::size_t circuits = 0;
  std::span<const Appliance> appliances;
  std::span<const Ticker> tickers;
  std::span<const Standby> standby;
  Lamps lamps;
  std::uint8_t heating_circuit = 0;
  double heating_w = 0;            // of its pump in the middle of winter; 0 in summer
  std::uint8_t guest_circuit = 0;  // used only on days with visitors, if `has_guests`
  bool has_guests = false;
};
[[nodiscard]] const Inventory& home_inventory();
[[nodiscard]] const Inventory& camper_inventory();
// Powers in percent of what the port usually supplies.
[[nodiscard]] const Inventory& port_inventory();

}  // namespace gridloom::sim::household
