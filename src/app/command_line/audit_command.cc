#include "app/command_line/audit_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "app/control/admin_client.h"
#include "app/control/audit.h"
#include "app/process/local_zone.h"
#include "base/clock.h"
#include "base/printable.h"
#include "base/result.h"
#include "time/grammar.h"
#include "time/iso_text.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

// Text that came from outside must not look like a member of the entry.
std::string plain(const Json& value) {
  if (!value.is_string()) return wire::to_text(value);
  const std::string_view text = value.get_string();
  const bool is_word = !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < '\x7F' && c != '"' && c != '=';
  });
  if (is_word) return std::string(text);
  return wire::to_text(value);
}

}  // namespace

std::string line_of(const Json& entry, const time::TimeZone& zone) {
  std::string line = fmt::format("{} {}", time::clock_text(TimePoint(Millis(at_of(entry))), zone),
                                 text_in(entry, "what"));
  if (!entry.is_object()) return line;
  for (const auto& [key, value] : entry.get_object()) {
    if (key != "at" && key != "what")
      line += fmt::format(" {}={}", std::string_view(key), plain(value));
  }
  return printable(line);
}

namespace {

struct Arguments {
  std::string data = "data";
  std::string since, until, who, sn;
  std::vector<std::string> what;
  std::size_t limit = AuditFilter{}.limit;
  bool json = false;
};

Result<JsonArray> ask(const Arguments& arguments) {
  JsonObject request{{"op", "audit"},
                     {"who", arguments.who},
                     {"sn", arguments.sn},
                     {"limit", arguments.limit},
                     {"what", JsonArray(arguments.what.begin(), arguments.what.end())}};
  const time::Now now{.at = SystemClock().now(), .zone = local_zone().zone};
  for (const auto& [option, text] :
       {std::pair{"--since", &arguments.since}, std::pair{"--until", &arguments.until}}) {
    if (text->empty()) continue;
    const auto at = time::parse_time(
        *text, {.name = option, .now = now, .relative = time::TimeOptions::Relative::kAny});
    if (!at) return std::unexpected(at.error());
    request[std::string_view(option).substr(2)] = unix_ms(*at);
  }
  auto answer = ask_admin(arguments.data, request);
  if (!answer) return std::unexpected(answer.error());
  if (!answer->is_array()) return fail(ErrorCode::kInternal, "the server's answer is not a list");
  return std::move(answer->get_array());
}

int run(const Arguments& arguments) {
  const auto entries = ask(arguments);
  if (!entries) {
    fmt::print(stderr, "gridloom: {}\n", entries.error().detail);
    return 1;
  }
  for (const Json& entry : *entries) {
    fmt::print("{}\n", arguments.json ? wire::to_text(entry) : line_of(entry, local_zone().zone));
  }
  return 0;
}

}  // namespace

std::shared_ptr<void> add_audit(CLI::App& app, std::function<int()>& chosen) {
  const auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* audit = app.add_subcommand("audit", "Shows the audit log: who changed what, and when");
  audit->add_option("--data", a.data, "Data folder of the server")->capture_default_str();
  audit->add_option("--since", a.since,
                    "Start of the span: -7d, -12h, -30m, or 2026-11-20 14:05 (local time)");
  audit->add_option("--until", a.until, "End of the span, exclusive; written as --since");
  audit
      ->add_option("--what", a.what, "set, set_reply, sign-in, device.add ...; several with commas")
      ->delimiter(',');
  audit->add_option("--who", a.who,
                    "Only entries caused by this account, serial number, gateway:NAME or admin");
  audit->add_option("--sn", a.sn, "Only entries about this device");
  audit->add_option("--limit", a.limit, "Largest number of entries; the newest are shown")
      ->check(CLI::Range(std::size_t{1}, AuditFilter::kMaxEntries))
      ->capture_default_str();
  audit->add_flag("--json", a.json, "One JSON entry a line, as stored");
  audit->callback([arguments, &chosen] { chosen = [arguments] { return run(*arguments); }; });
  return arguments;
}

}  // namespace gridloom::app
