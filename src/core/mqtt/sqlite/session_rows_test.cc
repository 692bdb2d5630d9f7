// Interrupted writes of rows: replaying the log leads to the same rows as one complete write.
#include "mqtt/sqlite/session_rows.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "hub/clients/session_changes.h"
#include "mqtt/sqlite/session_tables.h"
#include "mqtt/test_session_changes.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"
#include "wire/mqtt/message.h"

namespace gridloom::mqtt {
namespace {

class RowsTest : public testing::Test {
 protected:
  using Records = std::vector<std::string>;

  static void clear(storage::Database& database) {
    must(database.run("DELETE FROM session; DELETE FROM message; DELETE FROM retained"));
  }
  // Reads the records from `begin` to `end` as a start of the server does.
  static PendingRows rows_of(storage::Database& database, const Records& records, std::size_t begin,
                             std::size_t end) {
    PendingRows rows(must(read_rows(database)).highest_number);
    for (; begin < end; ++begin) {
      EXPECT_TRUE(hub::each_change(records[begin], [&rows](const hub::SessionChange& change) {
        EXPECT_TRUE(rows.apply(change));
      }));
      rows.end_record();
    }
    return rows;
  }
  // Commits the rows that were written, whether the write was interrupted or not.
  static Status write(storage::Database& database, const PendingRows& rows, int steps) {
    auto transaction = must(storage::Transaction::begin(database));
    Status status = write_rows(database, rows, [&steps](std::size_t /*bytes*/) -> Status {
      if (--steps == 0) return fail(ErrorCode::kIo, "cut off");
      return {};
    });
    must(transaction.commit());
    return status;
  }
  static std::string text_of(storage::Database& database) {
    std::string text;
    for (const storage::SummedTable& table : {kSessionTable, kMessageTable, kRetainedTable}) {
      must(database.each_row(fmt::format("SELECT {1}, checksum FROM {0} ORDER BY {2}", table.name,
                                         table.columns, table.key),
                             [&](const storage::Statement& row) {
                               const auto columns = std::ranges::count(table.columns, ',') + 2;
                               for (int i = 0; i < columns; ++i)
                                 fmt::format_to(std::back_inserter(text), "{} ", row.bytes(i));
                               text += '\n';
                               return Status();
                             }));
    }
    return text;
  }
  static constexpr int kWhole = -1;

  TemporaryFolder folder;
};

TEST_F(RowsTest, AreTheSameWhereverAWriteOfThemWasCutOff) {
  constexpr std::size_t kStored = 10;
  constexpr std::size_t kCutOff = 30;
  constexpr std::size_t kAll = 45;
  auto database = must(open_sessions(folder.path() / "sessions.db"));
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    RandomChanges changes(seed);
    Records records;
    while (records.size() < kAll) records.push_back(changes.record());
    clear(database);
    must(write(database, rows_of(database, records, 0, kAll), kWhole));
    const std::string expected = text_of(database);
    bool was_cut_off = true;
    int steps = 0;
    while (was_cut_off) {
      ++steps;
      clear(database);
      must(write(database, rows_of(database, records, 0, kStored), kWhole));
      was_cut_off = !write(database, rows_of(database, records, kStored, kCutOff), steps);
      must(write(database, rows_of(database, records, kStored, kAll), kWhole));
      ASSERT_EQ(text_of(database), expected) << "seed " << seed << ", step " << steps;
    }
    EXPECT_GT(steps, 20) << "seed " << seed;
  }
}

}  // namespace
}  // namespace gridloom::mqtt
