// What the command line and the configuration file say.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"

namespace gridloom::app {

struct ServeOptions {
  std::filesystem::path data = "data";
  std::string http = "127.0.0.1:8080";
  std::string https = "127.0.0.1:8443";
  std::string mqtt = "127.0.0.1:1883";
  std::string mqtts = "127.0.0.1:8883";
  std::string public_host;        // what /certification names; empty: the host of the request
  std::filesystem::path devices;  // further device files
  std::int64_t set_timeout_ms = 8000;
  unsigned threads = 0;                     // 0: one a core
  std::vector<std::string> limits_of_file;  // NAME=VALUE
  std::vector<std::string> limits;          // likewise; these come after, and so count
  std::string replay_check = "auto";        // auto: for listeners that leave the loopback; on, off
  bool strict = false;                      // imitates the vendor's cloud where it is stricter
  bool demo = false;
  std::string demo_home;     // families and how many devices of each; empty: of each family
  double speed = 1;          // of the time that devices live in
  std::string start, until;  // of it, as parse_when() reads them; empty: now, and never
  bool paused = false;
  bool no_history = false;      // reports and sets are not written down, and nothing waits for it
  bool insecure_plain = false;  // plain listeners may leave the loopback
  bool core_dumps = false;      // the system may write one if the server crashes: it holds keys
  std::string log_level = "info";
};

}  // namespace gridloom::app
