#include "bridges/meter/meter.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <utility>

#include "base/ascii.h"
#include "base/digest.h"
#include "base/printable.h"
#include "bridges/meter/documents.h"
#include "bridges/meter/meter_bridge.h"
#include "wire/json.h"

namespace gridloom::bridges::meter {
namespace {

using parameters::Arguments;
using parameters::Parameter;
using parameters::Type;

constexpr std::string_view kListenByDefault = "127.0.0.1:8480";
constexpr std::size_t kMaxUdp = 4;
constexpr std::size_t kPhases = 3;
constexpr std::size_t kSerialDigits = 12;
constexpr double kMaxAge_s = 3600;
constexpr std::size_t kMaxSource = 512;

constexpr std::array<std::string_view, 2> kModels = {"ecotracker", "shelly-pro-3em"};

constexpr auto kRows = std::to_array<Parameter>({
    {.name = "as",
     .text = "The meter that it is for batteries: an everHome EcoTracker or a Shelly Pro 3EM",
     .type = Type::kChoice,
     .required = true,
     .values = kModels},
    {.name = "source",
     .text = "The power that it shows, + for import: home, device:SN:FIELD, nature:grid.power (the "
             "sum over the home's meters) or mqtt:mqtt://HOST:PORT/TOPIC#path; a minus in front "
             "turns the sign; home if left out",
     .most_bytes = kMaxSource},
    {.name = "phases",
     .text = "Three sources for the power of each phase; the sum alone is shown if left out",
     .type = Type::kTexts,
     .most_bytes = kMaxSource,
     .most_items = kPhases},
    {.name = "max-age",
     .text =
         "Seconds after which a power is not known any more; 10 for topics and for devices that "
         "report each second, else as long as the device's rhythm allows, if left out",
     .type = Type::kInteger,
     .least = 1,
     .most = kMaxAge_s},
    {.name = "listen",
     .text = "Address and port of HTTP; most batteries ask at port 80; 127.0.0.1:8480 if left out"},
    {.name = "udp",
     .text = "Addresses and ports at which the Shelly answers over UDP, such as those with port "
             "1010 or 2220; none if left out",
     .type = Type::kTexts,
     .most_items = kMaxUdp},
    {.name = "announce",
     .text = "IPv4 address of the interface on which it is announced over multicast DNS; it is not "
             "announced if left out"},
    {.name = "serial",
     .text =
         "Serial number that batteries see, 12 hexadecimal digits; made of the bridge's name if "
         "left out"},
    {.name = "group",
     .text = "Name of the group of meters that share one house, each with a battery of its own; it "
             "shares with none if left out"},
    {.name = "share",
     .text = "The part of the house that this meter's battery supplies, with a group",
     .type = Type::kNumber,
     .least = 0.01,
     .most = 1},
    {.name = "own",
     .text = "What this meter's battery gives, with a group: device:SN:FIELD; estimated if left "
             "out, which splits the house less well",
     .most_bytes = kMaxSource},
    {.name = "user", .text = "User name at the broker of an mqtt source; none if left out"},
    {.name = "password", .text = "Password of the user", .type = Type::kSecret},
});
static_assert(parameters::are_complete(kRows));

std::unexpected<Error> bad(std::string_view setting, std::string_view value,
                           std::string_view must) {
  return fail(ErrorCode::kBadParams,
              fmt::format("{} is \"{}\": must be {}", setting, redacted_extract(value), must));
}

Result<net::Address> address_in(std::string_view setting, std::string_view text) {
  auto address = net::parse_address(text);
  if (address) return address;
  return fail(ErrorCode::kBadParams, fmt::format("{}: {}", setting, address.error().detail));
}

bool is_serial(std::string_view text) {
  return text.size() == kSerialDigits && std::ranges::all_of(text, [](char c) {
           return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
         });
}

Status read_sources(const Arguments& given, MeterSettings& settings) {
  const std::string source = given.text("source");
  GL_TRY(auto parsed, parse_source("source", source.empty() ? "home" : source));
  settings.source = std::move(parsed);
  for (const std::string& text : given.texts("phases")) {
    GL_TRY(auto phase, parse_source("phases", text));
    settings.phases.push_back(std::move(phase));
  }
  if (!settings.phases.empty() && settings.phases.size() != kPhases) {
    return bad("phases", std::to_string(settings.phases.size()), "three sources");
  }
  return {};
}

Status read_group(const Arguments& given, MeterSettings& settings) {
  settings.group = given.text("group");
  const auto share = given.number("share");
  const std::string own = given.text("own");
  if (settings.group.empty()) {
    if (!share && own.empty()) return {};
    return fail(ErrorCode::kBadParams, "group is missing: share and own are for meters of a group");
  }
  if (!share) {
    return fail(ErrorCode::kBadParams, "share is missing: must be from 0.01 to 1 with a group");
  }
  settings.share = *share;
  if (!settings.phases.empty()) {
    return fail(ErrorCode::kBadParams, "phases are given: must be left out with a group");
  }
  if (own.empty()) return {};
  GL_TRY(auto parsed, parse_source("own", own));
  if (parsed.kind != SourceSpec::Kind::kDevice && parsed.kind != SourceSpec::Kind::kMqtt) {
    return bad("own", own, "device:SN:FIELD, or a topic");
  }
  settings.own = std::move(parsed);
  return {};
}

Status read_addresses(const Arguments& given, MeterSettings& settings) {
  const std::string listen = given.text("listen");
  GL_TRY(auto address, address_in("listen", listen.empty() ? kListenByDefault : listen));
  settings.listen = std::move(address);
  for (const std::string& text : given.texts("udp")) {
    GL_TRY(auto udp, address_in("udp", text));
    settings.udp.push_back(std::move(udp));
  }
  if (!settings.udp.empty() && settings.model != Model::kShellyPro3Em) {
    return fail(ErrorCode::kBadParams,
                "udp is given: must be left out unless as is shelly-pro-3em");
  }
  const std::string announce = given.text("announce");
  if (announce.empty()) return {};
  in_addr raw{};
  if (::inet_pton(AF_INET, announce.c_str(), &raw) != 1 || raw.s_addr == 0) {
    return bad("announce", announce, "the IPv4 address of an interface, such as 192.168.1.20");
  }
  if (settings.listen.loopback() && !net::Address{.host = announce}.loopback()) {
    return bad("listen", settings.listen.text(),
               fmt::format("{0}:PORT, because announce is {0} and batteries ask there", announce));
  }
  settings.announce = announce;
  return {};
}

}  // namespace

std::span<const Parameter> setting_rows() { return kRows; }

Result<MeterSettings> parse_settings(const Arguments& given) {
  MeterSettings settings;
  settings.model = given.text("as") == kModels.back() ? Model::kShellyPro3Em : Model::kEcoTracker;
  if (const auto age_s = given.integer("max-age")) {
    settings.max_age = std::chrono::seconds(*age_s);
  }
  settings.serial = given.text("serial");
  if (!settings.serial.empty() && !is_serial(settings.serial)) {
    return bad("serial", settings.serial, "12 hexadecimal digits, such as 08b61f0a1b2c");
  }
  for (char& c : settings.serial) c = lower(c);
  settings.user = given.text("user");
  settings.password = Secret(given.text("password"));
  for (const auto read : {read_sources, read_addresses, read_group}) {
    GL_TRY(read(given, settings));
  }
  return settings;
}

std::string serial_of(std::string_view name) { return sha256_of(name).substr(0, kSerialDigits); }

}  // namespace gridloom::bridges::meter

namespace gridloom::bridges {
namespace {

using parameters::Arguments;
using wire::Json;
using wire::JsonObject;

Status check(const Arguments& given) {
  const auto settings = meter::parse_settings(given);
  return settings ? Status() : std::unexpected(settings.error());
}

std::unique_ptr<Bridge> make(const Parts& parts, Identity identity, const Arguments& given) {
  auto settings = meter::parse_settings(given);
  if (!settings) return nullptr;  // they have passed the check
  return std::make_unique<meter::MeterBridge>(parts, std::move(identity), *std::move(settings));
}

// The answers at a moment in which the house imports 230 W.
Result<Json> preview(const Parts& /*parts*/, registry::AccountId /*account*/,
                     const Arguments& given) {
  GL_TRY(const auto settings, meter::parse_settings(given));
  const meter::Reading reading{.power_w = 230, .average_w = 215, .in_wh = 1500, .out_wh = 250};
  JsonObject answers;
  if (settings.model == meter::Model::kEcoTracker) {
    answers["GET /v1/json"] = meter::eco_tracker_document(reading);
  } else {
    const meter::Shelly shelly(settings.serial.empty() ? "000000000000" : settings.serial);
    answers["GET /shelly"] = shelly.device_info();
    for (const auto* const method : {"EM.GetStatus", "EMData.GetStatus"}) {
      const auto result = shelly.call(method, 0, reading);
      if (result) answers["GET /rpc/" + std::string(method) + "?id=0"] = *result;
    }
  }
  return JsonObject{{"listen", settings.listen.text()}, {"answers", std::move(answers)}};
}

}  // namespace

const BridgeKind& meter_kind() {
  static const BridgeKind kind{
      .name = "meter",
      .example = "--as ecotracker --source home --listen 192.168.1.5:80",
      .text = "Stands in for a meter (EcoTracker, Shelly Pro 3EM) that batteries regulate by",
      .settings = meter::setting_rows(),
      .check = check,
      .make = make,
      .preview = preview};
  return kind;
}

}  // namespace gridloom::bridges
