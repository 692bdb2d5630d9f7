// What people read of history in SQL, and that nobody reads more than their accounts have.
#include "database/history/sql_views.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "database/history/postgres_store_factory.h"
#include "database/history/schema.h"
#include "history/blocks/block.h"
#include "history/energy/energy_integrator.h"
#include "postgres/test_server.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

constexpr std::int64_t kHour = 472'222;  // 2023-11-14T22:00Z

class SqlViewsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    database_.emplace();
    // The columns that the views read of the registry's tables, which another room makes.
    run("CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL UNIQUE);"
        "CREATE TABLE devices (id bigint PRIMARY KEY, sn text NOT NULL UNIQUE, name text NOT NULL,"
        " owner bigint NOT NULL);"
        "CREATE TABLE shares (device bigint, account bigint, PRIMARY KEY (device, account));"
        "INSERT INTO accounts VALUES (1, 'anna'), (2, 'ben'), (3, 'cleo');"
        "INSERT INTO devices VALUES (7, 'BATTERY-7', 'Battery', 1), (8, 'METER-8', 'Meter', 2);"
        "INSERT INTO shares VALUES (8, 3)");
    stores_ = postgres_store_factory(database_->settings(), {.clock = &clock_});
    store_ = must(stores_->open()).store;
  }
  void run(const std::string& script) { must(database_->connect().run(script)); }
  // Each row as one text; the query has one column of text.
  Lines ask(std::string_view sql, std::string_view role = {}) {
    postgres::Connection connection = database_->connect();
    if (!role.empty()) must(connection.run(fmt::format("SET ROLE {}", role)));
    Lines lines;
    for (const postgres::Row row : must(connection.query(sql))) lines.emplace_back(row.bytes(0));
    return lines;
  }
  // Makes a role that may read the views, and what `account` has (SQL).
  std::string reader(std::string_view name, std::string_view account) {
    std::string role = fmt::format("{}_of_{}", name, database_->settings().schema());
    run(
        fmt::format("CREATE ROLE {0}; GRANT USAGE ON SCHEMA {1} TO {0};"
                    "GRANT SELECT ON device, reading, energy, audit TO {0}",
                    role, database_->settings().schema()));
    if (!account.empty()) {
      run(fmt::format("INSERT INTO sql_reader VALUES ('{}', {})", role, account));
    }
    return role;
  }
  // A report a minute, whose value is its minute.
  static std::string block(std::int64_t hour) {
    BlockWriter writer;
    for (std::int64_t minute = 0; minute < 60; ++minute) {
      const std::string text = fmt::format("{}", minute);
      writer.add(hour * kHour_ms + minute * 60'000,
                 std::vector{Sample{.field = 0, .value = value_of(text)},
                             Sample{.field = 1, .value = value_of(R"("on")")}});
    }
    return writer.finish();
  }
  static std::string energies(std::int64_t hour, double wh) {
    HourEnergies energies;
    energies.quarters[hour * 4].of(EnergyFlow::kPv) = wh;
    energies.quarters[hour * 4 + 1].of(EnergyFlow::kPv) = 2 * wh;
    energies.quarters[hour * 4 + 1].of(EnergyFlow::kLoad) = 3;
    return to_bytes(hour, energies);
  }
  void fill() {
    Changes changes;
    changes.names = {{0, "power_w"}, {1, "state"}};
    for (const DeviceNumber device : {7, 8}) {
      const DeviceHour of{.device = device, .hour = kHour};
      changes.hours.push_back({.of = of, .chunks = {block(kHour)}, .over = true});
      changes.energies.push_back({.of = of, .bytes = energies(kHour, 5)});
    }
    changes.audit = {
        {.sequence = 1,
         .entry = R"({"at":1700000000000,"what":"set","who":"anna","sn":"BATTERY-7"})"},
        {.sequence = 2, .entry = R"({"at":1700000000000,"what":"sign-in","who":"ben"})"},
        {.sequence = 3, .entry = "{"},
        {.sequence = 4, .entry = R"({"at":1700000000000,"what":"set","who":"ben","sn":"METER-8"})"},
        {.sequence = 5,
         .entry = R"({"at":1700000000000,"what":"set","who":"cleo","sn":"METER-8"})"},
        {.sequence = 6,
         .entry = R"({"at":1699999999000,"what":"set","who":"anna","sn":"METER-8"})"},
        {.sequence = 7,
         .entry = R"({"at":1700000000000,"what":"device.move","who":"admin","sn":"METER-8"})"}};
    must(store_->write(changes));
  }

  SystemClock clock_;
  std::optional<postgres::TestDatabase> database_;
  std::shared_ptr<StoreFactory> stores_;
  std::unique_ptr<Store> store_;
};

constexpr std::string_view kReadings =
    "SELECT to_char(at AT TIME ZONE 'UTC', 'HH24:MI ') || round(value::numeric, 1) FROM reading "
    "WHERE device = 'BATTERY-7' AND field = 'power_w' AND at >= '2023-11-14' "
    "AND at < '2023-11-15' ORDER BY at";

TEST_F(SqlViewsTest, AReadingIsTheMeanOfAQuarterOfAnHourThatIsOver) {
  fill();
  EXPECT_THAT(ask(kReadings), ElementsAre("22:00 7.0", "22:15 22.0", "22:30 37.0", "22:45 51.5"));
  EXPECT_THAT(ask("SELECT DISTINCT field FROM reading"), ElementsAre("power_w"))
      << "texts have no mean";
}

TEST_F(SqlViewsTest, AnHourThatIsStoredAnewHasItsReadingsAndEnergiesOnce) {
  fill();
  Changes again;
  const DeviceHour of{.device = 7, .hour = kHour};
  again.hours.push_back({.of = of, .chunks = {block(kHour)}, .over = true});
  again.energies.push_back({.of = of, .bytes = energies(kHour, 6)});
  must(store_->write(again));
  EXPECT_THAT(ask(kReadings), ElementsAre("22:00 7.0", "22:15 22.0", "22:30 37.0", "22:45 51.5"));
  EXPECT_THAT(ask("SELECT to_char(at AT TIME ZONE 'UTC', 'HH24:MI ') || flow || ' ' || wh "
                  "FROM energy WHERE device = 'BATTERY-7' ORDER BY at, flow"),
              ElementsAre("22:00 pv 6", "22:15 load 3", "22:15 pv 12"));
}

TEST_F(SqlViewsTest, WhatWasReportedLateAfterRollupsWereMadeLeavesTheReadings) {
  fill();
  const auto retention = must(stores_->open_retention());
  const DeviceHour of{.device = 7, .hour = kHour};
  must(retention->replace_by_rollups(of, "rollups"));
  BlockWriter late;
  late.add(kHour * kHour_ms, std::vector{Sample{.field = 0, .value = value_of("1000")}});
  Changes changes;
  changes.hours.push_back({.of = of, .chunks = {late.finish()}, .over = true});
  must(store_->write(changes));
  EXPECT_EQ(ask(kReadings).front(), "22:00 7.0");
}

TEST_F(SqlViewsTest, ARoleSeesTheDevicesOfItsAccountAndThoseSharedWithIt) {
  fill();
  constexpr std::string_view kDevices = "SELECT DISTINCT device FROM reading ORDER BY device";
  constexpr std::string_view kOfEnergy = "SELECT DISTINCT device FROM energy ORDER BY device";
  constexpr std::string_view kEntries = "SELECT sequence::text FROM audit ORDER BY sequence";
  struct Row {
    std::string_view name;
    std::string_view account;
    Lines devices;
    Lines entries;
  };
  for (const Row& row :
       {Row{"anna", "'anna'", {"BATTERY-7"}, {"1", "6"}},
        Row{"ben", "'ben'", {"METER-8"}, {"2", "4", "5", "7"}},
        Row{"cleo", "'cleo'", {"METER-8"}, {"5"}},
        Row{"everyone", "NULL", {"BATTERY-7", "METER-8"}, {"1", "2", "3", "4", "5", "6", "7"}},
        Row{"nobody", "", {}, {}}}) {
    const std::string role = reader(row.name, row.account);
    EXPECT_EQ(ask(kDevices, role), row.devices) << role;
    EXPECT_EQ(ask(kOfEnergy, role), row.devices) << role;
    EXPECT_EQ(ask("SELECT device FROM device ORDER BY device", role), row.devices) << role;
    EXPECT_EQ(ask(kEntries, role), row.entries) << role;
    postgres::Connection connection = database_->connect();
    must(connection.run(fmt::format("SET ROLE {}", role)));
    EXPECT_FALSE(connection.query("SELECT 1 FROM reading_quarter")) << "no right on the table";
    must(connection.run("RESET ROLE"));
    run(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", role));
  }
  EXPECT_THAT(ask(kEntries), ElementsAre("1", "2", "3", "4", "5", "6", "7"))
      << "the owner of the tables";
}

TEST_F(SqlViewsTest, ADeviceThatIsPurgedHasNoRowsLeft) {
  fill();
  const auto retention = must(stores_->open_retention());
  for (const auto kind : {RetentionStore::Kind::kChunks, RetentionStore::Kind::kRollups,
                          RetentionStore::Kind::kEnergies}) {
    while (must(retention->remove(kind, 7, 2)) != 0) {
    }
  }
  EXPECT_THAT(ask(kReadings), IsEmpty());
  EXPECT_THAT(ask("SELECT DISTINCT device FROM energy"), ElementsAre("METER-8"));
}

// Each slot numbers its fields by itself.
TEST_F(SqlViewsTest, UniteTheSlotsOfACluster) {
  const postgres::TestDatabase cluster;
  const postgres::ConnectionSettings settings = cluster.settings();
  const postgres::Connection::Options patient{.call_timeout = Millis(60'000)};
  must(
      cluster.connect().run(fmt::format("CREATE TABLE accounts AS SELECT * FROM {0}.accounts;"
                                        "CREATE TABLE devices AS SELECT * FROM {0}.devices;"
                                        "CREATE TABLE shares AS SELECT * FROM {0}.shares",
                                        database_->settings().schema())));
  for (int starts = 0; starts < 2; ++starts) must(make_slot_schemas(settings, patient, 3));
  std::int64_t device = 7;
  for (const cluster::Slot slot : {cluster::Slot{0}, cluster::Slot{2}}) {
    const auto stores = postgres_store_factory(slot_settings(settings, slot),
                                               {.connection = patient, .clock = &clock_});
    const auto opened = must(stores->open());
    const DeviceHour of{.device = device, .hour = kHour};
    Changes changes;
    changes.names = {{0, fmt::format("power_of_{}", device)}, {1, "state"}};
    changes.hours.push_back({.of = of, .chunks = {block(kHour)}, .over = true});
    changes.energies.push_back({.of = of, .bytes = energies(kHour, 5)});
    changes.audit = {{.sequence = 1,
                      .entry = fmt::format(R"({{"at":1700000000000,"what":"slot {}"}})",
                                           cluster::number_of(slot))}};
    must(opened.store->write(changes));
    ++device;
  }
  const auto ask_cluster = [&](std::string_view sql) {
    Lines lines;
    auto connection = cluster.connect(patient);
    must(connection.run("SET jit = off"));  // which takes seconds to compile plans of many tables
    for (const postgres::Row row : must(connection.query(sql))) lines.emplace_back(row.bytes(0));
    return lines;
  };
  EXPECT_THAT(ask_cluster("SELECT device || ' ' || field || ' ' || count(*) FROM reading "
                          "GROUP BY device, field ORDER BY 1"),
              ElementsAre("BATTERY-7 power_of_7 4", "METER-8 power_of_8 4"));
  EXPECT_THAT(
      ask_cluster("SELECT device || ' ' || flow || ' ' || sum(wh) FROM energy "
                  "GROUP BY device, flow ORDER BY 1"),
      ElementsAre("BATTERY-7 load 3", "BATTERY-7 pv 15", "METER-8 load 3", "METER-8 pv 15"));
  EXPECT_THAT(ask_cluster("SELECT sequence || ' ' || what FROM audit ORDER BY what"),
              ElementsAre("1 slot 0", "1 slot 2"));
}

}  // namespace
}  // namespace gridloom::history
