#include "bridges/webhook/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/nearest.h"
#include "base/redacted.h"

namespace gridloom::bridges::webhook {
namespace {

using parameters::Parameter;
using parameters::Type;

constexpr std::array<Parameter, 5> kSettings = {{
    {.name = "url",
     .text = "Address that events are posted to: http:// or https://HOST:PORT/PATH",
     .required = true,
     .most_bytes = 1024},
    {.name = "secret",
     .text = "Secret that events are signed with; without it they are not signed",
     .type = Type::kSecret,
     .most_bytes = 1024},
    {.name = "events",
     .text = "Events that are told: fault.began, fault.ended, online, offline, quiet, "
             "set.answered, set.refused, set.unanswered; without them all",
     .type = Type::kTexts,
     .most_items = kEventKinds.size()},
    {.name = "devices",
     .text = "Devices whose events are told, by serial number or name; without them all of the "
             "account",
     .type = Type::kTexts,
     .most_items = 1024},
    {.name = "ca",
     .text = "File with the certificates that https:// trusts; without it those of the system",
     .most_bytes = 1024},
}};

Result<std::vector<EventKind>> kinds_named(const std::vector<std::string>& names) {
  std::vector<EventKind> kinds;
  if (names.empty()) kinds.assign(kEventKinds.begin(), kEventKinds.end());
  for (const std::string& name : names) {
    const auto found =
        std::ranges::find(kEventKinds, name, [](EventKind each) { return name_of(each); });
    if (found == kEventKinds.end()) {
      std::vector<std::string_view> known;
      known.reserve(kEventKinds.size());
      for (const EventKind each : kEventKinds) known.push_back(name_of(each));
      return fail(ErrorCode::kBadParams,
                  fmt::format("events has \"{}\": must be {}{}", redacted_extract(name),
                              joined_or(known), did_you_mean(name, known)));
    }
    kinds.push_back(*found);
  }
  return kinds;
}

}  // namespace

bool Settings::tells(EventKind kind) const {
  return std::ranges::find(events, kind) != events.end();
}

std::span<const Parameter> webhook_parameters() { return kSettings; }

Result<Settings> webhook_settings(const parameters::Arguments& arguments) {
  GL_TRY(auto url, parse_web_address("url", arguments.text("url")));
  GL_TRY(auto events, kinds_named(arguments.texts("events")));
  return Settings{.url = std::move(url),
                  .ca = arguments.text("ca"),
                  .secret = Secret(arguments.text("secret")),
                  .events = std::move(events),
                  .selection = Selection(arguments.texts("devices"), {})};
}

}  // namespace gridloom::bridges::webhook
