// What a newcomer reads when the demo home is up: where everything is, and two commands to paste.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "registry/directory.h"

namespace gridloom::app {

struct WelcomeFacts {
  std::string http;  // "http://127.0.0.1:8080"
  std::string https;
  std::string mqtt;   // "127.0.0.1:1883"
  std::string mqtts;  // "localhost:8883"
  std::string ca;     // path
  std::string keys;   // path of what has them too
  std::string sn;     // a device of the demo home
  TimePoint now;
};

// Ready to paste: a signed curl (by default no time window refuses it later) and a mosquitto_sub.
[[nodiscard]] Result<std::string> welcome(const WelcomeFacts& facts, const registry::AccessKey& key,
                                          const registry::Account& account);

// Whether a descriptor leads into systemd's journal, of which $JOURNAL_STREAM tells then
// (systemd.exec(5)); nullptr: it is not set.
[[nodiscard]] bool is_journal(int descriptor, const char* journal_stream);

// The text for that descriptor: without what is secret where it would stay and others read it.
[[nodiscard]] Result<std::string> welcome_on(int descriptor, const WelcomeFacts& facts,
                                             const registry::AccessKey& key,
                                             const registry::Account& account);

// On standard output.
[[nodiscard]] Status print_welcome(const WelcomeFacts& facts, const registry::AccessKey& key,
                                   const registry::Account& account);

}  // namespace gridloom::app
