// The parts of `gridloom simulate` and `gridloom replay`. User documentation:
// docs/user/emulator.md.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "client/stream.h"
#include "sim/fleet.h"
#include "with_lab/device_groups.h"

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

// Runs virtual devices against a server for a while, shows the progress, and prints a summary.

struct FleetRun {
  sim::Fleet::Options fleet;  // its loop and clock are ignored
  std::vector<sim::Member> members;
  std::size_t threads = 1;
  std::vector<FaultRule> faults{};
  // How long to run once all devices are online; without a value, until SIGINT or SIGTERM. If no
  // device has come online after this span, but after at least ten seconds, the run is given up.
  std::optional<Millis> span;
  pid_t server = 0;  // whose CPU time and memory are shown too; 0: none
  bool json = false;
};

// Returns the exit code: 0 unless no device came online; fails at once if no server listens at the
// address. Call before any other thread exists.
[[nodiscard]] int run_fleet(const FleetRun& options);

// `gridloom scenario`: plays transcript files (their language: tests/transcripts/README.md) on the
// whole platform in this process, without sockets. User documentation: docs/user/scenarios.md.

struct Scenarios {
  std::vector<std::string> paths;       // files, or folders of files
  std::optional<std::uint64_t> seed{};  // overrides the seeds in the files
  std::string devices{};                // folder with further device files
  bool json = false;
};

// Prints one line per scenario, and each failure with file and line. Returns the exit code: 0 if
// all expectations were met. Call before any other thread exists.
[[nodiscard]] int play_scenarios(const Scenarios& scenarios);

}  // namespace gridloom::app
