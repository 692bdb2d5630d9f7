#include "bridges/nut/settings.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace gridloom::bridges::nut {
namespace {

using parameters::Parameter;
using parameters::Type;

constexpr std::string_view kListen = "127.0.0.1:3493";

constexpr std::array<Parameter, 6> kSettings = {{
    {.name = "listen", .text = "Address to listen on, ADDR:PORT; without it 127.0.0.1:3493"},
    {.name = "devices",
     .text = "Devices that are shown, by serial number or name; without them all with a battery",
     .type = Type::kTexts,
     .most_items = 1024},
    {.name = "low-battery",
     .text = "Charge in percent from which the battery is low; without it 20",
     .type = Type::kNumber,
     .most = 100},
    {.name = "low-runtime",
     .text = "Seconds until empty from which the battery is low; without it 300",
     .type = Type::kInteger,
     .most = 86'400},
    {.name = "user", .text = "User of upsmon; without it nobody can sign in, and upsc still reads"},
    {.name = "password", .text = "Password of the user", .type = Type::kSecret},
}};

}  // namespace

std::span<const Parameter> nut_parameters() { return kSettings; }

Result<Settings> nut_settings(const parameters::Arguments& arguments) {
  const std::string listen = arguments.text("listen");
  auto address = net::parse_address(listen.empty() ? kListen : std::string_view(listen));
  if (!address) {
    return fail(ErrorCode::kBadParams, fmt::format("listen: {}", address.error().detail));
  }
  if (arguments.text("user").empty() != arguments.text("password").empty()) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} is missing: must be given, because the other one is",
                            arguments.text("user").empty() ? "user" : "password"));
  }
  Thresholds thresholds;
  thresholds.charge_percent = arguments.number("low-battery").value_or(thresholds.charge_percent);
  thresholds.runtime =
      std::chrono::seconds(arguments.integer("low-runtime").value_or(thresholds.runtime.count()));
  return Settings{.listen = std::move(*address),
                  .selection = Selection(arguments.texts("devices"), {}),
                  .thresholds = thresholds,
                  .user = arguments.text("user"),
                  .password = Secret(arguments.text("password"))};
}

}  // namespace gridloom::bridges::nut
