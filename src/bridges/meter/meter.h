// The kind "meter", a virtual meter that real batteries regulate themselves by: its settings, and
// its row in the table of kinds.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "bridges/core/bridge.h"
#include "bridges/meter/meter_service.h"
#include "bridges/meter/power_source.h"
#include "net/address.h"
#include "parameters/arguments.h"
#include "parameters/parameter.h"

namespace gridloom::bridges::meter {

struct MeterSettings {
  Model model = Model::kEcoTracker;
  SourceSpec source{};
  std::vector<SourceSpec> phases{};  // none, or three
  std::optional<Millis> max_age{};
  net::Address listen{};
  std::vector<net::Address> udp{};
  std::optional<std::string> announce{};
  std::string serial{};  // empty: made of the bridge's name
  std::string group{};   // empty: it shares with none
  double share = 1;
  std::optional<SourceSpec> own{};
  std::string user{};
  Secret password{};
};

[[nodiscard]] std::span<const parameters::Parameter> setting_rows();
// kBadParams: names the setting, its value, and what would be valid.
[[nodiscard]] Result<MeterSettings> parse_settings(const parameters::Arguments& given);

// 12 hexadecimal digits that are always the same for a name.
[[nodiscard]] std::string serial_of(std::string_view name);

}  // namespace gridloom::bridges::meter

namespace gridloom::bridges {

[[nodiscard]] const BridgeKind& meter_kind();

}  // namespace gridloom::bridges
