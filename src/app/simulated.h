// Devices that exist only to be simulated: they get an account of their own at a server.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <vector>

#include "app/admin.h"
#include "app/simulate.h"
#include "base/result.h"
#include "sim/fleet.h"
#include "wire/json.h"

namespace gridloom::app {

inline constexpr std::string_view kSimulatedAccount = "simulated";

// The operation device.simulated {family, first, count}: makes what is missing of the account and
// of these devices, and answers with their keys and the account's gateway key. kConflict: such a
// serial number belongs to another account.
[[nodiscard]] Result<wire::Json> add_simulated(const Estate& estate,
                                               const wire::JsonObject& request);

struct Simulated {
  std::vector<sim::Member> members;
  Secret gateway_key;
};
// Asks the server of a data folder for all of them.
[[nodiscard]] Result<Simulated> simulated_at(const std::filesystem::path& data_folder,
                                             const Groups& groups);

}  // namespace gridloom::app
