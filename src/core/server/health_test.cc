#include "server/health.h"

#include <gtest/gtest.h>

namespace gridloom::server {
namespace {

TEST(HealthTest, SaysWhatFailsAndWhy) {
  struct Row {
    history::ArchiveHealth archive;
    bool good;
    std::string text;
    Millis longest_stall{0};
    mqtt::SessionStore::Health sessions{};
  };
  const std::vector<Row> rows = {
      {{}, true, R"({"status":"ok"})"},
      {{.log = {.failing = "log/1: No space left on device"}},
       false,
       R"({"status":"failing","log":"log/1: No space left on device"})"},
      {{.store_failing = "history.db: disk I/O error",
        .store_failing_for = Millis(1500),
        .log_lasts = Millis(60'000),
        .log_bytes = 1000},
       false,
       R"({"status":"failing","store":"history.db: disk I/O error","storeFailingForMs":1500,)"
       R"("logBytes":1000,"logLastsMs":60000})"},
      {{.log = {.damaged_bytes = 300, .damaged_places = 2}, .malformed_records = 1},
       true,
       R"({"status":"ok","damaged":{"places":2,"bytes":300},"malformedRecords":1})"},
      {{.damage = {"2026-01-01T00:00:00Z a", "2026-01-01T00:00:00Z b"}, .unknown_devices = 3},
       true,
       R"({"status":"damaged","damageNotes":2,"unknownDevices":3})"},
      {{.store_failing = "history.db: disk I/O error", .damage = {"a"}},
       false,
       R"({"status":"failing","store":"history.db: disk I/O error","storeFailingForMs":0,)"
       R"("logBytes":0,"damageNotes":1})"},
      {{.catches_up = true}, true, R"({"status":"ok","catchesUp":true})"},
      {{.damaged_rows = 3}, true, R"({"status":"ok","damagedRows":3})"},
      {{}, true, R"({"status":"ok"})", Millis(4999)},
      {{},
       false,
       R"({"status":"failing","loops":"a thread has been blocked for 5000 ms"})",
       Millis(5000)},
      {{},
       false,
       R"({"status":"failing","sessions":"sessions.db: disk I/O error",)"
       R"("sessionsFailingForMs":1500})",
       Millis(0),
       {.failing = "sessions.db: disk I/O error", .failing_for = Millis(1500), .waiting = 2}},
  };
  for (const Row& row : rows) {
    const api::Health health = health_of(row.archive, row.sessions, row.longest_stall);
    EXPECT_EQ(health.good, row.good);
    EXPECT_EQ(health.text, row.text);
  }
}

}  // namespace
}  // namespace gridloom::server
