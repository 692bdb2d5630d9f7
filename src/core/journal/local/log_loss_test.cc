// Tests which losses are reported, and in which words.
#include "journal/local/log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gridloom::journal {
namespace {

TEST(LogLossTest, OnlyRecordsMissingFromHistoryAreALoss) {
  struct Row {
    std::string what;
    LogLoss loss;
    StoredUpTo stored;
    std::vector<std::string> expected;
  };
  const std::string lost = ": the reports in them are lost";
  const std::vector<Row> rows = {
      {"nothing is missing", {}, {.history = 7, .sessions = 5}, {}},
      {"sessions.db is new, and history has what the log has not",
       {.gaps = {{1, 6}}},
       {.history = 6, .sessions = 0},
       {}},
      {"history has a part of it",
       {.gaps = {{1, 6}}},
       {.history = 4, .sessions = 0},
       {"records 5 to 6 are neither in the log nor in history.db" + lost}},
      {"history.db is new",
       {.gaps = {{1, 6}, {9, 9}}},
       {.history = 0, .sessions = 8},
       {"records 1 to 6 are neither in the log nor in history.db, which is new" + lost,
        "records 9 to 9 are neither in the log nor in history.db, which is new" + lost}},
      {"the log is an old copy",
       {.ends_early = 5},
       {.history = 9, .sessions = 8},
       {"the log ends with record 5, but history.db has records up to 9: the later records of the "
        "log are lost"}},
      {"the log and history.db are gone",
       {.ends_early = 0},
       {.history = 0, .sessions = 8},
       {"the log has no segment, but sessions.db has records up to 8: the later records of the log "
        "are lost"}},
      {"the newest segment is gone",
       {.ends_early = 5, .seen = 9},
       {.history = 3, .sessions = 4},
       {"the log ends with record 5, but log.seen names records up to 9: the later records of the "
        "log are lost"}},
  };
  for (const Row& row : rows) {
    std::vector<std::string> texts;
    for (const LossNote& note : loss_notes(row.loss, row.stored)) texts.push_back(note.text);
    EXPECT_EQ(texts, row.expected) << row.what;
  }
}

}  // namespace
}  // namespace gridloom::journal
