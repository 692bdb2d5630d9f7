// How settings name a source, and how messages say a number.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <utility>

#include "base/nearest.h"
#include "base/redacted.h"
#include "bridges/core/peer.h"
#include "bridges/meter/power_source.h"
#include "catalog/natures.h"
#include "wire/json.h"

namespace gridloom::bridges::meter {
namespace {

constexpr std::string_view kForms =
    "home, device:SN:FIELD, nature:grid.power or mqtt:mqtt://HOST:PORT/TOPIC#path";

std::unexpected<Error> bad(std::string_view setting, std::string_view text, std::string_view why) {
  return fail(ErrorCode::kBadParams, fmt::format("{} is \"{}\": {}; must be {}", setting,
                                                 redacted_extract(text), why, kForms));
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<double> number_of(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return std::nullopt;
  text.remove_prefix(first);
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number =
      error == std::errc{} && end == text.data() + text.size() && std::isfinite(number);
  return is_number ? std::optional(number) : std::nullopt;
}

}  // namespace

Result<SourceSpec> parse_source(std::string_view setting, std::string_view text) {
  using Kind = SourceSpec::Kind;
  std::string_view rest = text;
  SourceSpec spec{.is_turned = take(rest, "-")};
  if (rest == "home") return spec;
  if (take(rest, "device:")) {
    const std::size_t colon = rest.find(':');
    if (colon == 0 || colon == std::string_view::npos || colon + 1 == rest.size()) {
      return bad(setting, text, "it has no serial number, or no field");
    }
    spec.kind = Kind::kDevice;
    spec.sn = rest.substr(0, colon);
    spec.field = rest.substr(colon + 1);
    return spec;
  }
  if (take(rest, "nature:")) {
    if (!rest.ends_with("power") || catalog::nature_of_word(rest).empty()) {
      return bad(setting, text, "it is no nature of a power");
    }
    spec.kind = Kind::kNature;
    spec.field = rest;
    return spec;
  }
  if (!take(rest, "mqtt:")) return bad(setting, text, "it is no source");
  spec.kind = Kind::kMqtt;
  const std::size_t host = rest.find("://");
  const std::size_t slash = host == std::string_view::npos ? host : rest.find('/', host + 3);
  if (slash == std::string_view::npos) return bad(setting, text, "it has no broker, or no topic");
  GL_TRY(auto broker, parse_broker_address(setting, rest.substr(0, slash)));
  spec.server = std::move(broker.host_port);
  spec.is_tls = broker.uses_tls;
  rest.remove_prefix(slash + 1);
  const std::size_t hash = rest.find('#');
  spec.topic = rest.substr(0, hash);
  if (hash != std::string_view::npos) spec.path = rest.substr(hash + 1);
  if (spec.topic.empty() || spec.topic.contains('+')) {
    return bad(setting, text, "it needs one topic without wildcards");
  }
  return spec;
}

std::optional<double> number_in_message(std::string_view payload, std::string_view path) {
  if (path.empty()) return number_of(payload);
  std::optional<double> found;
  const Status walked = wire::walk_json(payload, {}, [&](const wire::Leaf& leaf) {
    const bool may_be =
        leaf.kind == wire::LeafKind::kNumber || leaf.kind == wire::LeafKind::kString;
    if (may_be && leaf.path == path) found = number_of(leaf.text);
  });
  return walked ? found : std::nullopt;
}

}  // namespace gridloom::bridges::meter
