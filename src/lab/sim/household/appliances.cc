#include "sim/household/appliances.h"

namespace gridloom::sim::household {
namespace {

constexpr std::uint8_t at(Circuit circuit) { return static_cast<std::uint8_t>(circuit); }
constexpr std::uint8_t at(Port port) { return static_cast<std::uint8_t>(port); }

// A thermostat: on and off by turns until `minutes` are over.
void cycle(Draws& draws, Programme& programme, double power_w, double minutes, double on_min,
           double off_min) {
  for (double left = minutes; left > 0;) {
    const double on = draws.lognormal(on_min, 0.2);
    const double off = draws.lognormal(off_min, 0.25);
    programme.phase(on, power_w);
    programme.phase(off, 0);
    left -= on + off;
  }
}

void run_kettle(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(2.6, 0.35), 2000);
}
void run_coffee_machine(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(3, 0.3), 1250);
  programme.phase(draws.lognormal(12, 0.6), 60);  // keeps warm
}
void run_toaster(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(2.6, 0.2), 850);
}
void run_microwave(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(2.3, 0.5), 1250);
}
void run_hob(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(5, 0.3), 1600);
  cycle(draws, programme, 1600, draws.lognormal(17, 0.5), 0.35, 1.1);
}
void run_oven(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(10, 0.2), 2400);
  cycle(draws, programme, 2400, draws.lognormal(32, 0.3), 1.1, 2.7);
}
void run_hood(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(20, 0.4), 110);
}
void run_dishwasher(Draws& draws, Programme& programme) {
  programme.phase(13, 30);
  programme.phase(draws.lognormal(18, 0.2), 1900);
  programme.phase(draws.lognormal(60, 0.2), 30);
  programme.phase(draws.lognormal(9, 0.3), 1900);
  programme.phase(35, 9);
}
void run_washing_machine(Draws& draws, Programme& programme) {
  constexpr int kTurns = 20;  // of the drum, one way and the other
  programme.phase(8, 50);
  programme.phase(draws.lognormal(13, 0.35), 2000);
  for (int turn = 0; turn < kTurns; ++turn) {
    programme.phase(0.25, 190);
    programme.phase(1.1 + draws.uniform(), 60);
  }
  programme.phase(9, 90);
  programme.phase(1, 330);
  programme.phase(8, 65);
  programme.phase(4, 390);
}
void run_dryer(Draws& draws, Programme& programme) {
  programme.phase(6, 380);
  programme.phase(draws.lognormal(75, 0.25), 560);
  programme.phase(9, 130);
}
void run_television(Draws& draws, Programme& programme) {
  const double minutes = draws.lognormal(95, 0.6);
  programme.phase(minutes, draws.lognormal(95, 0.1));
}
void run_console(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(80, 0.5), 140);
}
void run_computer(Draws& draws, Programme& programme) {
  const double minutes = draws.lognormal(100, 0.7);
  programme.phase(minutes, draws.lognormal(85, 0.25));
}
void run_printer(Draws& /*draws*/, Programme& programme) {
  programme.phase(1.5, 350);
  programme.phase(10, 20);
}
void run_hair_dryer(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(4.5, 0.4), 1250);
}
void run_iron(Draws& draws, Programme& programme) {
  cycle(draws, programme, 2000, draws.lognormal(28, 0.4), 0.45, 0.95);
}
void run_charger(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(85, 0.4), 12);
  programme.phase(25, 5);
}
void run_vacuum(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(13, 0.5), 800);
}
void run_tool(Draws& draws, Programme& programme) {
  const int times = 1 + static_cast<int>(6 * draws.uniform());
  for (int k = 0; k < times; ++k) {
    programme.phase(draws.lognormal(2.5, 0.8), 750);
    programme.phase(draws.lognormal(4, 0.6), 0);
  }
}
void run_electric_bicycle(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(150, 0.3), 130);
  programme.phase(40, 50);
}

constexpr double kDay_h = 12;  // spread of what has no time of its own
constexpr std::array<Peak, 4> kMeals = {
    {{.hour = 7.5, .spread_h = 1, .weight = 0.5}, {12.5, 1, 1}, {18.7, 1.2, 1.3}, {}}};
constexpr std::array<Peak, 4> kEvening = {{{.hour = 20, .spread_h = 2, .weight = 1}, {}, {}, {}}};
constexpr std::array<Peak, 4> kByDay = {
    {{.hour = 11, .spread_h = 3, .weight = 1}, {17, 3, 1}, {}, {}}};
constexpr std::array<Peak, 4> kAnyTime = {
    {{.hour = 14, .spread_h = kDay_h, .weight = 1}, {}, {}, {}}};

constexpr std::array kHomeAppliances = {
    Appliance{.name = "kettle",
              .circuit = at(Circuit::kKitchen),
              .uses = 0.5,
              .uses_per_person = 0.55,
              .winter = 0.2,
              .peaks = {{{7.3, 1.2, 1}, {10, 2, 0.5}, {16, 2, 0.6}, {20, 2, 0.5}}},
              .run = run_kettle},
    Appliance{.name = "coffee machine",
              .circuit = at(Circuit::kKitchen),
              .uses = 0.5,
              .uses_per_person = 0.5,
              .saturday = 1.2,
              .sunday = 1.2,
              .peaks = {{{7.3, 1.2, 1}, {15.5, 1.5, 0.4}, {}, {}}},
              .run = run_coffee_machine},
    Appliance{.name = "toaster",
              .circuit = at(Circuit::kKitchen),
              .uses = 0.1,
              .uses_per_person = 0.18,
              .saturday = 1.3,
              .sunday = 1.4,
              .peaks = {{{7.5, 1, 1}, {18.5, 1, 0.4}, {}, {}}},
              .run = run_toaster},
    Appliance{.name = "microwave",
              .circuit = at(Circuit::kKitchen),
              .uses = 0.3,
              .uses_per_person = 0.25,
              .peaks = kMeals,
              .run = run_microwave},
    Appliance{.name = "hob",
              .circuit = at(Circuit::kCooker),
              .uses = 0.25,
              .uses_per_person = 0.24,
              .saturday = 1.2,
              .sunday = 1.4,
              .winter = 0.1,
              .peaks = kMeals,
              .run = run_hob},
    Appliance{.name = "oven",
              .circuit = at(Circuit::kCooker),
              .uses = 0.08,
              .uses_per_person = 0.06,
              .saturday = 1.5,
              .sunday = 1.8,
              .winter = 0.15,
              .peaks = {{{12, 1.3, 0.8}, {18.3, 1.3, 1}, {}, {}}},
              .run = run_oven},
    Appliance{.name = "hood",
              .circuit = at(Circuit::kCooker),
              .uses = 0.2,
              .uses_per_person = 0.15,
              .saturday = 1.2,
              .sunday = 1.4,
              .peaks = kMeals,
              .run = run_hood},
    Appliance{.name = "dishwasher",
              .circuit = at(Circuit::kDishwasher),
              .uses = 0.12,
              .uses_per_person = 0.14,
              .saturday = 1.2,
              .sunday = 1.3,
              .owned = 0.75,
              .peaks = {{{13.5, 1.5, 0.6}, {20.5, 1.7, 1}, {}, {}}},
              .run = run_dishwasher},
    Appliance{.name = "washing machine",
              .circuit = at(Circuit::kUtility),
              .uses = 0.06,
              .uses_per_person = 0.13,
              .saturday = 1.8,
              .sunday = 0.9,
              .peaks = {{{10, 2.5, 1}, {17.5, 2.5, 0.8}, {}, {}}},
              .run = run_washing_machine},
    Appliance{.name = "dryer",
              .circuit = at(Circuit::kUtility),
              .uses = 0.02,
              .uses_per_person = 0.05,
              .saturday = 1.7,
              .winter = 0.6,
              .owned = 0.45,
              .peaks = {{{12, 2.5, 1}, {19.5, 2, 1}, {}, {}}},
              .run = run_dryer},
    Appliance{.name = "television",
              .circuit = at(Circuit::kLiving),
              .uses = 0.8,
              .uses_per_person = 0.25,
              .saturday = 1.1,
              .sunday = 1.2,
              .winter = 0.15,
              .unsteady = true,
              .peaks = {{{8, 2, 0.2}, {16, 2, 0.4}, {20.2, 1.6, 2}, {}}},
              .run = run_television},
    Appliance{.name = "console",
              .circuit = at(Circuit::kLiving),
              .uses = 0.02,
              .uses_per_person = 0.08,
              .saturday = 1.5,
              .sunday = 1.5,
              .winter = 0.1,
              .owned = 0.4,
              .unsteady = true,
              .peaks = kEvening,
              .run = run_console},
    Appliance{.name = "computer",
              .circuit = at(Circuit::kOffice),
              .uses = 0.3,
              .uses_per_person = 0.3,
              .saturday = 0.8,
              .sunday = 0.8,
              .unsteady = true,
              .peaks = {{{9.5, 2, 1}, {14, 2, 0.8}, {20, 2, 1}, {}}},
              .run = run_computer},
    Appliance{.name = "printer",
              .circuit = at(Circuit::kOffice),
              .uses = 0.1,
              .uses_per_person = 0.02,
              .saturday = 0.4,
              .sunday = 0.3,
              .peaks = kByDay,
              .run = run_printer},
    Appliance{.name = "hair dryer",
              .circuit = at(Circuit::kBath),
              .uses = 0.05,
              .uses_per_person = 0.22,
              .winter = 0.1,
              .peaks = {{{7, 0.9, 1}, {20.5, 1.5, 0.5}, {}, {}}},
              .run = run_hair_dryer},
    Appliance{.name = "iron",
              .circuit = at(Circuit::kBedrooms),
              .uses = 0.05,
              .uses_per_person = 0.04,
              .saturday = 1.3,
              .peaks = {{{10.5, 2, 0.6}, {19, 2, 1}, {}, {}}},
              .run = run_iron},
    Appliance{.name = "chargers",
              .circuit = at(Circuit::kBedrooms),
              .uses = 0.4,
              .uses_per_person = 0.7,
              .peaks = {{{22.3, 1.2, 1}, {18, 2, 0.5}, {}, {}}},
              .run = run_charger},
    Appliance{.name = "vacuum cleaner",
              .circuit = at(Circuit::kBedrooms),
              .uses = 0.12,
              .uses_per_person = 0.07,
              .saturday = 2,
              .sunday = 0.5,
              .peaks = {{{10.5, 1.7, 1}, {17, 2, 0.7}, {}, {}}},
              .run = run_vacuum},
    Appliance{.name = "tools",
              .circuit = at(Circuit::kGarden),
              .uses = 0.03,
              .uses_per_person = 0.01,
              .saturday = 3,
              .sunday = 0.7,
              .winter = -0.6,
              .owned = 0.6,
              .unsteady = true,
              .peaks = kByDay,
              .run = run_tool},
    Appliance{.name = "electric bicycle",
              .circuit = at(Circuit::kGarage),
              .uses = 0.04,
              .uses_per_person = 0.05,
              .needs_people = false,
              .saturday = 0.8,
              .sunday = 0.8,
              .winter = -0.7,
              .owned = 0.35,
              .peaks = {{{18, 2, 1}, {}, {}, {}}},
              .run = run_electric_bicycle},
    Appliance{.name = "guests' lamp",
              .circuit = at(Circuit::kGuest),
              .uses = 3,
              .peaks = {{{7.5, 1, 0.6}, {21, 1.5, 1}, {}, {}}},
              .run = run_charger},
    Appliance{.name = "guests' television",
              .circuit = at(Circuit::kGuest),
              .uses = 1,
              .unsteady = true,
              .peaks = kEvening,
              .run = run_television},
};

// Fans, chargers and valves: without them a home's power would rest for minutes.
constexpr Ticker small_things(std::string_view name, std::uint8_t circuit) {
  return {.name = name,
          .circuit = circuit,
          .power_w = 9,
          .power_sigma = 0.5,
          .period_min = 6,
          .period_sigma = 0.4,
          .duty = 0.3,
          .duty_range = 0.4,
          .owned = 0.9};
}

constexpr std::array kHomeTickers = {
    Ticker{.name = "refrigerator",
           .circuit = at(Circuit::kRefrigerator),
           .power_w = 75,
           .power_sigma = 0.15,
           .period_min = 58,
           .period_sigma = 0.2,
           .duty = 0.27,
           .cools = true},
    Ticker{.name = "freezer",
           .circuit = at(Circuit::kGarage),
           .power_w = 90,
           .power_sigma = 0.15,
           .period_min = 75,
           .period_sigma = 0.2,
           .duty = 0.24,
           .owned = 0.5,
           .cools = true},
    small_things("small things in the kitchen", at(Circuit::kKitchen)),
    small_things("small things around the television", at(Circuit::kLiving)),
    small_things("small things in the office", at(Circuit::kOffice)),
    small_things("small things in the bedrooms", at(Circuit::kBedrooms)),
    small_things("small things of the heating", at(Circuit::kHeating)),
    small_things("chargers in the living room", at(Circuit::kLiving)),
    small_things("chargers in the bedrooms", at(Circuit::kBedrooms)),
    small_things("valves", at(Circuit::kHeating)),
};

constexpr std::array kHomeStandby = {
    Standby{.circuit = at(Circuit::kKitchen), .power_w = 3, .sigma = 0.4},
    Standby{.circuit = at(Circuit::kCooker), .power_w = 1},
    Standby{.circuit = at(Circuit::kDishwasher), .power_w = 0.5},
    Standby{.circuit = at(Circuit::kUtility), .power_w = 1},
    Standby{.circuit = at(Circuit::kLiving), .power_w = 14, .sigma = 0.4},
    Standby{.circuit = at(Circuit::kOffice), .power_w = 7, .sigma = 0.5},
    Standby{.circuit = at(Circuit::kBedrooms), .power_w = 3, .sigma = 0.4},
    Standby{.circuit = at(Circuit::kHeating), .power_w = 9, .sigma = 0.4},
};

// The sockets of a camper, and behind them the channels of its low voltage.
enum CamperCircuit : std::uint8_t {
  kInduction,
  kCamperKettle,
  kLaptop,
  kCamperHairDryer,
  kBicycles,
  kSpareSocket,
  kCompressor,
  kWaterPump,
  kFan,
  kHeaterBlower,
  kFirstLamp,
  kRouter = kFirstLamp + 4,
  kPhones,
  kAlarm,
  kSpareChannel
};
static_assert(kSpareChannel < kCamperCircuits);

void run_induction(Draws& draws, Programme& programme) {
  programme.phase(1, 1120);
  programme.phase(draws.lognormal(8, 0.5), 620);
}
void run_camper_kettle(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(4, 0.3), 900);
}
void run_laptop(Draws& draws, Programme& programme) {
  const double minutes = draws.lognormal(95, 0.6);
  programme.phase(minutes, draws.lognormal(38, 0.2));
}
void run_water_pump(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(0.33, 0.6), 60);
}
void run_fan(Draws& draws, Programme& programme) { programme.phase(draws.lognormal(60, 0.6), 15); }
void run_blower(Draws& draws, Programme& programme) {
  cycle(draws, programme, 26, draws.lognormal(90, 0.5), 8, 6);
}

constexpr std::array kCamperAppliances = {
    Appliance{.name = "induction hob",
              .circuit = kInduction,
              .uses = 0.6,
              .uses_per_person = 0.4,
              .peaks = kMeals,
              .run = run_induction},
    Appliance{.name = "kettle",
              .circuit = kCamperKettle,
              .uses = 0.6,
              .uses_per_person = 0.4,
              .winter = 0.2,
              .peaks = {{{7.8, 1, 1}, {15.5, 1.5, 0.6}, {20, 1.5, 0.3}, {}}},
              .run = run_camper_kettle},
    Appliance{.name = "laptop",
              .circuit = kLaptop,
              .uses = 0.5,
              .uses_per_person = 0.4,
              .unsteady = true,
              .peaks = {{{10, 2, 1}, {15, 2, 0.6}, {20.5, 1.5, 1.3}, {}}},
              .run = run_laptop},
    Appliance{.name = "hair dryer",
              .circuit = kCamperHairDryer,
              .uses = 0.1,
              .uses_per_person = 0.2,
              .peaks = {{{8, 0.9, 1}, {20, 1.5, 0.4}, {}, {}}},
              .run = run_hair_dryer},
    Appliance{.name = "electric bicycles",
              .circuit = kBicycles,
              .uses = 0.1,
              .uses_per_person = 0.1,
              .needs_people = false,
              .winter = -0.7,
              .peaks = {{{18, 2, 1}, {}, {}, {}}},
              .run = run_electric_bicycle},
    Appliance{.name = "water pump",
              .circuit = kWaterPump,
              .uses = 5,
              .uses_per_person = 5,
              .peaks = {{{7.8, 1.2, 1}, {12.5, 1.5, 0.7}, {19, 2, 1}, {22, 1, 0.6}}},
              .run = run_water_pump},
    Appliance{.name = "fan",
              .circuit = kFan,
              .uses = 0.8,
              .uses_per_person = 0.3,
              .winter = -0.8,
              .peaks = {{{13, 3, 1}, {20, 2, 0.7}, {}, {}}},
              .run = run_fan},
    Appliance{.name = "blower of the heater",
              .circuit = kHeaterBlower,
              .uses = 2.5,
              .needs_people = false,
              .winter = 0.95,
              .peaks = kAnyTime,
              .run = run_blower},
    Appliance{.name = "phones",
              .circuit = kPhones,
              .uses = 0.4,
              .uses_per_person = 0.8,
              .peaks = {{{22, 1.2, 1}, {17, 2, 0.5}, {}, {}}},
              .run = run_charger},
};

constexpr std::array kCamperTickers = {
    Ticker{.name = "compressor",
           .circuit = kCompressor,
           .power_w = 45,
           .power_sigma = 0.1,
           .period_min = 32,
           .period_sigma = 0.2,
           .duty = 0.38,
           .cools = true},
    small_things("converter of the router", kRouter),
};

constexpr std::array kCamperStandby = {
    Standby{.circuit = kRouter, .power_w = 6, .sigma = 0.3},
    Standby{.circuit = kAlarm, .power_w = 1.3, .sigma = 0.2},
};

// A cooling box for a trip or a party.
void run_cooling_box(Draws& draws, Programme& programme) {
  cycle(draws, programme, 100, draws.lognormal(540, 0.5), 9, 7);
}
// A pump for beds and tyres, a vacuum cleaner of a car.
void run_pump(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(6, 0.5), draws.lognormal(130, 0.3));
}
void run_light(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(75, 0.7), draws.lognormal(80, 0.4));
}
void run_earphones(Draws& draws, Programme& programme) {
  programme.phase(draws.lognormal(50, 0.3), 45);
}
// Constant power at first, then less and less.
void run_phone(Draws& draws, Programme& programme) {
  const double full = draws.lognormal(100, 0.3);
  programme.phase(draws.lognormal(42, 0.5), full);
  programme.phase(16, 0.55 * full);
  programme.phase(21, 0.25 * full);
}
void run_notebook(Draws& draws, Programme& programme) {
  const double full = draws.lognormal(100, 0.25);
  programme.phase(draws.lognormal(48, 0.5), full);
  programme.phase(draws.lognormal(70, 0.6), 0.35 * full);
}

constexpr std::array kPortAppliances = {
    Appliance{.name = "cooling box",
              .circuit = at(Port::kCar),
              .uses = 0.3,
              .needs_people = false,
              .saturday = 2.2,
              .sunday = 1.5,
              .winter = -0.85,
              .peaks = {{{10, 2.5, 1}, {17, 2, 0.5}, {}, {}}},
              .run = run_cooling_box},
    Appliance{.name = "pump",
              .circuit = at(Port::kCar),
              .uses = 0.12,
              .saturday = 2,
              .winter = -0.5,
              .peaks = kByDay,
              .run = run_pump},
    Appliance{.name = "light",
              .circuit = at(Port::kUsb),
              .uses = 0.5,
              .uses_per_person = 0.2,
              .winter = 0.4,
              .peaks = kEvening,
              .run = run_light},
    Appliance{.name = "earphones",
              .circuit = at(Port::kUsb),
              .uses_per_person = 0.25,
              .peaks = {{{7.2, 1, 0.6}, {18, 3, 1}, {}, {}}},
              .run = run_earphones},
    Appliance{.name = "phone",
              .circuit = at(Port::kFastUsb),
              .uses = 0.3,
              .uses_per_person = 0.5,
              .unsteady = true,
              .peaks = {{{22.2, 1, 1}, {17.5, 2.5, 0.6}, {7.5, 1, 0.3}, {}}},
              .run = run_phone},
    Appliance{.name = "notebook",
              .circuit = at(Port::kTypeC),
              .uses = 0.2,
              .uses_per_person = 0.3,
              .saturday = 0.8,
              .sunday = 0.8,
              .unsteady = true,
              .peaks = {{{9.5, 1.5, 1}, {14, 2, 0.8}, {20.3, 1.5, 1}, {}}},
              .run = run_notebook},
    // The second port of a kind is used less.
    Appliance{.name = "toothbrush",
              .circuit = at(Port::kSecondUsb),
              .uses_per_person = 0.15,
              .peaks = {{{7.3, 0.8, 0.6}, {22, 1, 1}, {}, {}}},
              .run = run_earphones},
    Appliance{.name = "second phone",
              .circuit = at(Port::kSecondFastUsb),
              .uses_per_person = 0.3,
              .unsteady = true,
              .peaks = {{{19, 3, 1}, {12.5, 2, 0.4}, {}, {}}},
              .run = run_phone},
    Appliance{.name = "tablet",
              .circuit = at(Port::kSecondTypeC),
              .uses_per_person = 0.2,
              .saturday = 1.4,
              .sunday = 1.4,
              .unsteady = true,
              .peaks = {{{16, 3, 0.6}, {21, 1.5, 1}, {}, {}}},
              .run = run_phone},
};

}  // namespace

const Inventory& home_inventory() {
  static constexpr Inventory kHome = {
      .circuits = kHomeCircuits,
      .appliances = kHomeAppliances,
      .tickers = kHomeTickers,
      .standby = kHomeStandby,
      .lamps = {.first_circuit = at(Circuit::kLights), .power_w = 22, .power_per_person_w = 14},
      .heating_circuit = at(Circuit::kHeating),
      .heating_w = 32,
      .guest_circuit = at(Circuit::kGuest),
      .has_guests = true};
  return kHome;
}

const Inventory& camper_inventory() {
  static constexpr Inventory kCamper = {
      .circuits = kCamperCircuits,
      .appliances = kCamperAppliances,
      .tickers = kCamperTickers,
      .standby = kCamperStandby,
      .lamps = {.first_circuit = kFirstLamp, .circuits = 4, .power_w = 7}};
  return kCamper;
}

const Inventory& port_inventory() {
  static constexpr Inventory kPortThings = {
      .circuits = kPorts, .appliances = kPortAppliances, .tickers = {}, .standby = {}, .lamps = {}};
  return kPortThings;
}

}  // namespace gridloom::sim::household
