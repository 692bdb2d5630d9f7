// A home as JSON texts and bodies: as GET /api/v1/home and the live stream show it, for a card, and
// for evcc. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "catalog/language.h"
#include "home/battery_modes.h"
#include "home/energy_counters.h"
#include "home/home_state.h"
#include "overview/home_picture.h"
#include "overview/overview.h"
#include "own_api/bodies/evcc.h"
#include "own_api/bodies/events.h"
#include "registry/directory.h"

namespace gridloom::api {

// --- as GET /api/v1/home and the topic home of the live stream show it

// The members of the object, without "now"; titles and meanings of faults are English. `picture`
// is home::picture_of(state).
[[nodiscard]] std::string home_members(const home::HomeState& state,
                                       const overview::HomePicture& picture);
// The members in another language, by the translations of the devices' families.
[[nodiscard]] std::string translated_home_members(const home::HomeState& state,
                                                  const overview::HomePicture& picture,
                                                  const catalog::Catalog& catalog,
                                                  catalog::Language language);

// The faults that a device has, and since when: null where that is not known. They have views of
// `faults`.
[[nodiscard]] std::vector<body::ActiveError> faults_of(
    const std::vector<overview::ActiveError>& faults, const home::FaultTimes& since);

// --- for the token of a card, which stands in the source of another site's page: no more than the
// card shows

// A card shows one device, or the picture of the home without a word of its devices.
struct Card {
  std::string device{};  // its serial number; empty: the home's picture
};

// Nothing: the caller has no token, or one with another scope.
[[nodiscard]] std::optional<Card> card_of(const registry::Token* token);

// The members of the home that the card shows, without "now"; the others are there and empty. A
// device that the account may not read any more is left out. `home` is the whole object, as
// home::HomeFeed::Home has it.
[[nodiscard]] std::string card_members(std::string_view home, const Card& card);
// The same as an object.
[[nodiscard]] std::string card_text(std::string_view members, std::int64_t now_ms);

// --- as evcc's custom meters read it: GET /api/v1/evcc
//
// The signs are evcc's: a battery that discharges is positive, everywhere else in Gridloom it is
// negative. A value that is not known, known in part only, or too old is left out, and never 0.

// `totals` may be null: energies are not known. The body has views of all arguments.
[[nodiscard]] body::Evcc evcc_of(const home::HomeState& state, const overview::HomePicture& picture,
                                 const home::EnergyTotals* totals,
                                 const std::optional<home::BatteryModes::Leases>& modes);
// Views of the leases.
[[nodiscard]] std::vector<body::BatteryModeState> modes_of(
    const home::BatteryModes::Leases& leases);

}  // namespace gridloom::api
