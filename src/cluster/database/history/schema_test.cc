// Tables of history that a program of before made become those of today, and have the same rows.
#include "database/history/schema.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "database/history/postgres_store_factory.h"
#include "history/energy/earlier_energies.h"
#include "postgres/test_server.h"
#include "testing/must.h"
#include "testing/source_path.h"

namespace gridloom::history {
namespace {

using postgres::Connection;
using testing::ElementsAre;

constexpr std::int64_t kHour = 472'000;

class EarlierTables : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    database_.emplace();
    Connection connection = database_->connect();
    must(connection.run(
        "CREATE TABLE schema_version (part text PRIMARY KEY, version int NOT NULL, "
        "usable_from int NOT NULL, program text NOT NULL, at timestamptz NOT NULL DEFAULT now())"));
    std::ifstream in(source_path("src/cluster/database/history/testdata/version_1.sql"));
    must(connection.run({std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}));
    before_ = energies(connection, "energy_hour");
  }
  using Energies = std::map<std::int64_t, std::string>;  // by device
  static Energies energies(Connection& connection, std::string_view table) {
    Energies all;
    for (const postgres::Row row :
         must(connection.query(fmt::format("SELECT device, bytes FROM {}", table)))) {
      all.emplace(row.integer(0), row.bytes(1));
    }
    return all;
  }
  // As a start does.
  std::unique_ptr<Store> open() {
    return must(postgres_store_factory(database_->settings(), {.clock = &clock_})->open()).store;
  }

  SystemClock clock_;
  std::optional<postgres::TestDatabase> database_;
  Energies before_;
};

TEST_F(EarlierTables, BecomeThoseOfTodayWithTheSameRows) {
  const auto store = open();
  Connection connection = database_->connect();
  Energies wanted;
  for (const auto& [device, bytes] : before_) {
    wanted.emplace(device, energies_of_today(kHour, bytes));
  }
  EXPECT_EQ(wanted.size(), 6U);
  EXPECT_NE(wanted, before_);
  EXPECT_EQ(energies(connection, "energy_hour"), wanted);
  journal::Positions positions = journal::Positions::everywhere(40);
  for (std::uint64_t p = 0; p < 64; ++p) positions.advance(static_cast<Partition>(p), 40 + p);
  EXPECT_EQ(must(store->applied()), positions);
  const StoredHours stored = must(store->hours_since(1, 6, 10));
  EXPECT_EQ(stored.newest, 7);
  EXPECT_NE(stored.numbering, 0);
  EXPECT_THAT(stored.hours, ElementsAre(StoredHours::Hour{.hour = kHour + 1, .mark = 7}));
  Changes changes;
  changes.hours = {{.of = {.device = 1, .hour = kHour + 2}, .chunks = {"d"}}};
  must(store->write(changes));
  EXPECT_THAT(must(store->hours_since(1, 7, 10)).hours,
              ElementsAre(StoredHours::Hour{.hour = kHour + 2, .mark = 8}));
}

// docs/internals/postgres.md says how.
TEST_F(EarlierTables, HaveAWayBackAndForthAgain) {
  open();
  Connection connection = database_->connect();
  must(connection.run(
      "DELETE FROM energy_hour; INSERT INTO energy_hour SELECT * FROM earlier_energy_hour; "
      "UPDATE schema_version SET version = 1, usable_from = 1 WHERE part = 'history'"));
  Energies earlier = before_;
  earlier.erase(15);  // was of today already
  EXPECT_EQ(energies(connection, "energy_hour"), earlier);
  open();
  EXPECT_EQ(must(connection.integer("SELECT count(*) FROM earlier_energy_hour")), 5);
  EXPECT_EQ(energies(connection, "energy_hour").at(14), energies_of_today(kHour, before_.at(14)));
}

}  // namespace
}  // namespace gridloom::history
