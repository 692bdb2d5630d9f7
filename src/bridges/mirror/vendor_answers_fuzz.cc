// Fuzz target: whatever the vendor answers and publishes, what the mirror makes of it is bounded,
// can be encoded, and is JSON.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bridges/mirror/device_values.h"
#include "bridges/mirror/pending_sets.h"
#include "catalog/loader.h"
#include "client/api_reply.h"
#include "client/mqtt_session.h"
#include "wire/topics.h"

namespace {

using namespace gridloom;
using namespace gridloom::bridges::mirror;

constexpr net::PeerLimits kLimits{.text_bytes = 64, .devices = 5};

const catalog::Catalog& shipped() {
  static const auto kCatalog = catalog::load_catalog({});
  if (!kCatalog) std::abort();
  return **kCatalog;
}

void need(bool good) {
  if (!good) std::abort();
}

void look_at(const wire::Json& data) {
  if (const auto devices = client::devices_in(data, kLimits)) {
    need(devices->size() <= kLimits.devices);
    for (const auto& each : *devices) need(each.sn.size() + each.name.size() <= 128);
  }
  const auto access = client::access_in(data, kLimits);
  if (!access) return;
  client::MqttSession session({});
  need(session
           .sign_in({.client_id = "c", .user = access->user, .password = access->password.reveal()})
           .has_value());
  need(session
           .subscribe({{.filter = wire::make_open_topic(access->user, "R33", wire::Verb::kQuota)}})
           .has_value());
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto& families = shipped().families();
  const catalog::FamilyPtr family = families[data[0] % families.size()];
  const std::string text(data + 2, data + size);
  const Moment now{std::chrono::hours(1)};
  OddityCounts oddities;
  DeviceValues values(family);
  for (int i = 0; i < 2; ++i) {
    const auto instead = values.take_report(text, now, TimePoint(), oddities);
    if (instead) need(wire::parse_json(*instead).has_value());
  }
  PendingSets sets(0);
  static_cast<void>(sets.send("R33", text, now));
  static_cast<void>(sets.take_reply("R33", text, now));
  const auto answer = client::data_of_reply(data[1] % 2 == 0 ? 200 : 404, text);
  if (!answer) return 0;
  look_at(*answer);
  for (const bool was_silent : {true, false}) {
    const auto news =
        values.take_snapshot(*answer, {.asked_at = now, .was_silent = was_silent}, oddities);
    for (const std::string& report : reports_of(*family, news.values, TimePoint())) {
      need(wire::parse_json(report).has_value());
    }
  }
  return 0;
}
