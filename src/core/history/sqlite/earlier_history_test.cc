// Tests that a history.db of version 2 reads as it did once it is converted.
#include "history/sqlite/earlier_history.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "history/energy/earlier_energies.h"
#include "history/energy/energy_integrator.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "history/store/history_tables.h"
#include "storage/files.h"
#include "storage/sqlite.h"
#include "testing/must.h"
#include "testing/source_path.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

using storage::Database;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using Lines = std::vector<std::string>;

std::string content_in(std::string_view name) {
  std::ifstream in(source_path(fmt::format("tests/formats/{}", name)), std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class EarlierHistoryTest : public testing::Test {
 protected:
  EarlierHistoryTest() {
    must(storage::make_data_folder(folder_.data()));
    must(storage::make_private(file()));
    auto database = must(Database::open(file()));
    must(database.run(content_in("history-2.sql")));
    // Of an hour that has more than `applied` says.
    must(database.execute(
        "INSERT INTO taken VALUES (?, ?, ?, ?)", 1, 498'911, 44,
        row_checksum(static_cast<std::uint8_t>(kTaken.number), {1, 498'911, 44}, {})));
  }

  [[nodiscard]] std::filesystem::path file() const { return folder_.data() / kHistoryFile; }
  void change(const std::string& sql) { must(must(Database::open(file())).run(sql)); }
  // The rows that a statement returns, one line each.
  static Lines lines_of(Database& database, std::string_view sql) {
    Lines lines;
    must(database.each_row(sql, [&lines](const storage::Statement& row) {
      lines.emplace_back(row.bytes(0));
      return Status();
    }));
    return lines;
  }
  StoreFactory::Opened open() { return must(stores_->open()); }

  TemporaryFolder folder_;
  std::shared_ptr<StoreFactory> stores_ = sqlite_store_factory(folder_.data());
};

// Each table of today with the SQL that returns the same of the earlier ones.
struct Same {
  std::string_view now;
  std::string_view then;
};
constexpr Same kSame[] = {
    {"SELECT printf('%d %s', id, bytes) FROM field_name ORDER BY 1",
     "SELECT printf('%d %s', id, name) FROM name ORDER BY 1"},
    {"SELECT printf('%d %d %d %d %s %d', device, hour, chunk, over, hex(bytes), mark) FROM block "
     "ORDER BY 1",
     "SELECT printf('%d %d %d %d %s %d', device, hour, part, over, hex(block), rowid) FROM block "
     "ORDER BY 1"},
    {"SELECT printf('%d %d', device, hour) FROM energy_hour ORDER BY 1",
     "SELECT printf('%d %d', device, hour) FROM energy ORDER BY 1"},
    {"SELECT printf('%d %d %s', device, hour, hex(bytes)) FROM rollup_hour ORDER BY 1",
     "SELECT printf('%d %d %s', device, hour, hex(quarters)) FROM quarter ORDER BY 1"},
    {"SELECT printf('%d %s %s', device, sn, state) FROM twin ORDER BY 1",
     "SELECT printf('%d %s %s', device, sn, state) FROM twin ORDER BY 1"},
    {"SELECT printf('%d %d %s', sequence, at_ms, entry) FROM audit_entry ORDER BY 1",
     "SELECT printf('%d %d %s', sequence, entry ->> 'at', entry) FROM audit ORDER BY 1"},
    {"SELECT printf('%d %d %d %d %d %d %s %s %d', id, device, at_ms, kind, since_ms, count, field, "
     "text, open) FROM event ORDER BY 1",
     "SELECT printf('%d %d %d %d %d %d %s %s %d', id, device, at, kind, since, count, field, "
     "text, open) FROM event ORDER BY 1"},
    {"SELECT printf('%d %d %d', device, hour, record) FROM taken ORDER BY 1",
     "SELECT printf('%d %d %d', device, hour, record) FROM taken WHERE device <> 0 ORDER BY 1"},
    {"SELECT printf('%d %d %d', day, ran_ms, first_mark) FROM running_day ORDER BY 1",
     "SELECT printf('%d %d %d', day, ran_ms, first_row) FROM running_day ORDER BY 1"},
    {"SELECT DISTINCT position FROM part", "SELECT sequence FROM applied"},
    {"SELECT mark FROM writer", "SELECT max(rowid) FROM block"},
    {"SELECT numbering FROM writer", "SELECT id FROM identity"},
};

TEST_F(EarlierHistoryTest, EachRowIsInTheFileThatTakesItsPlace) {
  EXPECT_EQ(open().lost_changes, "");
  auto then = must(Database::open(file().string() + ".earlier"));
  auto now = must(Database::open(file()));
  for (const Same& each : kSame) {
    const Lines lines = lines_of(now, each.now);
    EXPECT_FALSE(lines.empty()) << each.now;
    EXPECT_EQ(lines, lines_of(then, each.then)) << each.now;
  }
  EXPECT_EQ(must(stores_->check(StoreFactory::Writers::kNone)).damages, Lines());
}

TEST_F(EarlierHistoryTest, AStoreReadsItAndGoesOn) {
  const auto store = open().store;
  EXPECT_EQ(must(store->applied()), journal::Positions::everywhere(43));
  EXPECT_THAT(must(store->names()), ElementsAre("power_w", "voltage_v"));
  const TakenRecords taken = must(store->taken());
  EXPECT_TRUE(taken.is_known);
  EXPECT_THAT(taken.of, ElementsAre(Pair(DeviceHour{.device = 1, .hour = 498'911}, 44U)));
  EXPECT_THAT(must(store->open_hours()), ElementsAre(DeviceHour{.device = 1, .hour = 498'911}));
  const StoredHours before = must(store->hours_since(1, 0, 10));
  EXPECT_EQ(before.numbering, 4242);
  Changes changes;
  changes.hours = {{.of = {.device = 1, .hour = 498'912}, .chunks = {"a"}, .taken = 45}};
  must(store->write(changes));
  EXPECT_EQ(must(store->hours_since(1, before.newest, 10)).hours,
            (std::vector<StoredHours::Hour>{{.hour = 498'912, .mark = before.newest + 1}}));
}

TEST_F(EarlierHistoryTest, EnergiesAreInBytesOfToday) {
  const std::string before = content_in("energies-1.bin");
  Lines found;
  must(open().store->each_energy(12, 0, 1'000'000,
                                 [&found](std::int64_t hour, std::string_view bytes) {
                                   EXPECT_TRUE(energies_of(hour, bytes));
                                   found.emplace_back(bytes);
                                   return Status();
                                 },
                                 {}));
  EXPECT_THAT(found, ElementsAre(energies_of_today(472'000, before)));
  EXPECT_NE(found.front(), before);
}

TEST_F(EarlierHistoryTest, ADamagedRowIsLeftOutAndTold) {
  change("UPDATE twin SET state = '{}'; UPDATE event SET kind = 2 WHERE id = 6144");
  EXPECT_EQ(must(stores_->check(StoreFactory::Writers::kNone)).damaged, 2);
  const StoreFactory::Opened opened = open();
  EXPECT_THAT(opened.lost_changes, HasSubstr("2 damaged rows"));
  EXPECT_THAT(must(opened.store->twins()), IsEmpty());
  EXPECT_EQ(must(stores_->check(StoreFactory::Writers::kNone)).damaged, 0);
}

// Which of the log is stored is not known then: rows are compared.
class UnknownTakenTest : public EarlierHistoryTest,
                         public testing::WithParamInterface<const char*> {};

TEST_P(UnknownTakenTest, IsNotKnown) {
  change(GetParam());
  const auto store = open().store;
  static_cast<void>(must(store->applied()));
  EXPECT_FALSE(must(store->taken()).is_known);
}

INSTANTIATE_TEST_SUITE_P(ByItsRows, UnknownTakenTest,
                         testing::Values("UPDATE applied SET sequence = 50",
                                         "DELETE FROM taken WHERE device = 0",
                                         "UPDATE taken SET record = 41 WHERE device = 0",
                                         "DROP TABLE taken"));

TEST_F(EarlierHistoryTest, AFileOfVersion1IsRefused) {
  change("PRAGMA user_version = 1");
  const auto opened = stores_->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kConflict);
  EXPECT_THAT(opened.error().detail, HasSubstr("version 1"));
  EXPECT_TRUE(must(stores_->check(StoreFactory::Writers::kNone)).failed);
}

}  // namespace
}  // namespace gridloom::history
