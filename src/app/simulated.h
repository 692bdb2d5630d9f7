// Devices that exist only to be simulated: they get an account of their own at a server.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "app/admin.h"
#include "app/simulate.h"
#include "base/result.h"
#include "base/secret.h"
#include "client/stream.h"
#include "sim/fleet.h"
#include "wire/json.h"

namespace gridloom::app {

inline constexpr std::string_view kSimulatedAccount = "simulated";

// The operation device.simulated {family, first, count} or {sns}: makes what is missing of the
// account and of these devices, and answers with their keys and the account's gateway key.
// kConflict: such a serial number belongs to another account.
[[nodiscard]] Result<wire::Json> add_simulated(const Estate& estate,
                                               const wire::JsonObject& request);

struct Simulated {
  std::vector<sim::Member> members;
  Secret gateway_key;
};
// Asks the server of a data folder for all of them.
[[nodiscard]] Result<Simulated> simulated_at(const std::filesystem::path& data_folder,
                                             const Groups& groups);

// Their keys, in this order.
[[nodiscard]] Result<std::vector<Secret>> simulated_keys(const std::filesystem::path& data_folder,
                                                         const std::vector<std::string>& sns);

// The MQTT door of the server "HOST:PORT", or, if that is empty, of the one that runs on a data
// folder. kNotFound: none runs there; otherwise as client::find_peer().
[[nodiscard]] Result<client::Peer> find_server(const std::string& server,
                                               const std::filesystem::path& data_folder);

}  // namespace gridloom::app
