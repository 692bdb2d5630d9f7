// Asks a server for devices that exist only in simulation (app/operations/simulated.h), and for its
// address.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/device_groups.h"
#include "base/result.h"
#include "base/secret.h"
#include "client/stream.h"
#include "sim/fleet.h"

namespace gridloom::app {

struct Simulated {
  std::vector<sim::Member> members;
  Secret gateway_key;
  std::vector<sim::SiteOptions> sites{};  // Member::site; of a home
};
// Requests all of these devices from the server of a data folder; if it is stopped, its families
// are those in the program and in the folder `device_files`.
[[nodiscard]] Result<Simulated> simulated_at(const std::filesystem::path& data_folder,
                                             const Groups& groups,
                                             const std::filesystem::path& device_files);

// The keys of these devices, in the order of `sns`; `device_files` as above.
[[nodiscard]] Result<std::vector<Secret>> simulated_keys(const std::filesystem::path& data_folder,
                                                         const std::vector<std::string>& sns,
                                                         const std::filesystem::path& device_files);

// Gives the members the states in which they were left, which the running server of the data folder
// knows.
[[nodiscard]] Status find_last_states(const std::filesystem::path& data_folder,
                                      std::vector<sim::Member>& members);

// The MQTT listener of the server "HOST:PORT"; if `server` is empty, that of the server running on
// a data folder. kNotFound: no server runs there; otherwise as client::find_peer().
[[nodiscard]] Result<client::Peer> find_server(const std::string& server,
                                               const std::filesystem::path& data_folder);

}  // namespace gridloom::app
