// The welcome text of the demo home: the addresses of the server, and commands to paste.
#pragma once

#include <span>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/family.h"
#include "registry/directory.h"
#include "sim/fleet.h"

namespace gridloom::app {

// A device of the demo home that the welcome's commands are about.
struct WelcomeDevice {
  std::string sn{};
  std::string set{};  // "FIELD VALUE" of `gridloom set`; empty: the device takes no set of a power
};
// The first of the devices that takes such a set, or else the first.
[[nodiscard]] WelcomeDevice device_to_try(std::span<const sim::Member> members);
// "mppt.cfgChgWatts 600": a power that one command sets, in the middle of its range; empty: none.
[[nodiscard]] std::string power_to_set(const catalog::Family& family);

struct WelcomeFacts {
  std::string http;  // "http://127.0.0.1:8080"
  std::string https;
  std::string mqtt;   // "127.0.0.1:1883"
  std::string mqtts;  // "localhost:8883"
  std::string ca;     // path
  std::string keys;   // path of the file that holds the credentials
  Secret sign_in_link;
  WelcomeDevice device{};
  std::string program = "gridloom";  // as it can be typed
  std::string data{};                // of commands; empty: they find it without
  TimePoint now;
};

// Commands to paste: status and a set, a signed curl (by default no time window makes it expire), a
// mosquitto_sub.
[[nodiscard]] Result<std::string> welcome(const WelcomeFacts& facts, const registry::AccessKey& key,
                                          const registry::Account& account);

// Whether a descriptor leads to systemd's journal, according to the value of $JOURNAL_STREAM
// (systemd.exec(5)); nullptr: the variable is not set.
[[nodiscard]] bool is_journal(int descriptor, const char* journal_stream);

// The text for that descriptor, without secrets where the output is kept and others can read it.
[[nodiscard]] Result<std::string> welcome_on(int descriptor, const WelcomeFacts& facts,
                                             const registry::AccessKey& key,
                                             const registry::Account& account);

// Prints the text on standard output.
[[nodiscard]] Status print_welcome(const WelcomeFacts& facts, const registry::AccessKey& key,
                                   const registry::Account& account);

}  // namespace gridloom::app
