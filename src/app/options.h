// The settings from the command line and the configuration file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace gridloom::app {

// A node of a cluster; all empty: a server by itself.
struct ClusterChoice {
  std::string urls;  // nats://HOST:PORT,...
  std::string node;  // empty: the host's name
  std::size_t slots = 8;
  int replicas = 3;
  std::int64_t log_mb = 1024;    // of each slot
  std::string durable = "both";  // where a record is before it is acknowledged: both, nats
  std::string user;
  std::filesystem::path password_file;
  std::filesystem::path credentials_file;
  std::filesystem::path ca_file;
  std::filesystem::path certificate_file;
  std::filesystem::path key_file;

  [[nodiscard]] bool is_given() const { return !urls.empty(); }
};

// Owns the devices of the demo home.
inline constexpr std::string_view kDemoAccount = "demo";

struct ServeOptions {
  std::filesystem::path data = "data";
  std::string database;  // postgres://…; empty: what the data folder says, else files in it
  std::filesystem::path database_password_file;
  ClusterChoice cluster;
  std::string http = "127.0.0.1:8080";
  std::string https = "127.0.0.1:8443";
  std::string mqtt = "127.0.0.1:1883";
  std::string mqtts = "127.0.0.1:8883";
  std::string public_host;  // host in /certification; empty: the host of the request
  std::vector<std::string> trusted_proxies;  // each is ADDR or ADDR/BITS
  std::vector<std::string> embed_origins;    // each is as for api::parse_origin()
  std::vector<std::string> bridges;          // each is as for bridges::parse_configured()
  std::filesystem::path devices;             // folder with further device files
  std::filesystem::path web;  // folder of the dashboard's page; empty: the built-in one
  std::int64_t set_timeout_ms = 8000;
  unsigned threads = 0;                     // 0: one per core
  std::vector<std::string> limits_of_file;  // each is NAME=VALUE
  std::vector<std::string> limits;          // NAME=VALUE; applied after, so these win
  std::string replay_check = "auto";        // auto: for listeners outside loopback; on, off
  bool strict = false;                      // imitates the vendor's cloud where it is stricter
  std::string demo;                         // "true", id of a shipped home, or no demo home
  std::string home;             // the demo home: as for catalog::find_home(); empty: of `demo`
  std::string demo_home;        // instead: families and the number of devices of each
  std::filesystem::path world;  // CSV file with household and weather of the demo home
  double speed = 1;             // speed factor of virtual time
  std::string start, until;     // virtual time, for parse_time(); empty: now, and never
  bool paused = false;
  std::string past;             // of the demo home in a new data folder, a span; empty: none
  bool no_history = false;      // reports and sets are not logged, and nothing waits for the log
  bool insecure_plain = false;  // plain listeners may listen outside loopback
  bool core_dumps = false;      // allow core dumps after a crash, which contain keys
  bool lab = false;             // a reset is possible (app/lab.h)
  std::string log_level = "info";

  [[nodiscard]] bool has_demo() const {
    return !home.empty() || (!demo.empty() && demo != "false");
  }
  [[nodiscard]] std::string home_id() const {
    if (!home.empty()) return home;
    return demo == "true" || demo.empty() ? "demo" : demo;
  }
};

}  // namespace gridloom::app
