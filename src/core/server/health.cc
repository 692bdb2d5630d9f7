#include "server/health.h"

#include <fmt/format.h>

#include "wire/json.h"

namespace gridloom::server {
namespace {

// Longer than any normal turn of a loop, also with many connections and on a busy machine.
constexpr Millis kTooLong{5'000};

}  // namespace

api::Health health_of(const history::ArchiveHealth& archive,
                      const mqtt::SessionStore::Health& sessions, Millis longest_stall) {
  wire::JsonObject text{{"status", "ok"}};
  const auto failing = [&text](const char* what, const std::string& why) {
    text["status"] = "failing";
    text[what] = why;
  };
  if (archive.log.failing) failing("log", *archive.log.failing);
  if (!archive.store_failing.empty()) {
    failing("store", archive.store_failing);
    text["storeFailingForMs"] = archive.store_failing_for.count();
    text["logBytes"] = archive.log_bytes;
    if (archive.log_lasts) text["logLastsMs"] = archive.log_lasts->count();
  }
  if (!sessions.failing.empty()) {
    failing("sessions", sessions.failing);
    text["sessionsFailingForMs"] = sessions.failing_for.count();
  }
  if (archive.catches_up) text["catchesUp"] = true;
  const bool is_stalled = longest_stall >= kTooLong;
  if (is_stalled) {
    failing("loops", fmt::format("a thread has been blocked for {} ms", longest_stall.count()));
  }
  if (archive.log.damaged_places != 0) {
    text["damaged"] = wire::JsonObject{{"places", archive.log.damaged_places},
                                       {"bytes", archive.log.damaged_bytes}};
  }
  if (!archive.damage.empty()) {
    if (text["status"] == "ok") text["status"] = "damaged";
    text["damageNotes"] = archive.damage.size();
  }
  if (archive.unknown_devices != 0) text["unknownDevices"] = archive.unknown_devices;
  if (archive.malformed_records != 0) text["malformedRecords"] = archive.malformed_records;
  if (archive.damaged_rows != 0) text["damagedRows"] = archive.damaged_rows;
  const bool good = text["status"] != "failing";
  return {.good = good, .text = wire::to_text(text)};
}

}  // namespace gridloom::server
