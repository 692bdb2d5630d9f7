#include "journal/local/log_loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace gridloom::journal {
namespace {

std::string gap_text(std::uint64_t first, std::uint64_t last, bool history_is_new) {
  return fmt::format(
      "records {} to {} are neither in the log nor in history.db{}: the reports in them are lost",
      first, last, history_is_new ? ", which is new" : "");
}

std::string end_text(std::uint64_t end, std::uint64_t seen, const StoredUpTo& stored) {
  std::string_view file = "history.db has";
  std::uint64_t last = std::max(stored.history, stored.some_of_history);
  if (stored.sessions > last) {
    file = "sessions.db has";
    last = stored.sessions;
  }
  if (seen > last) {
    file = "log.seen names";
    last = seen;
  }
  return fmt::format("the log {}, but {} records up to {}: the later records of the log are lost",
                     end == 0 ? "has no segment" : fmt::format("ends with record {}", end), file,
                     last);
}

}  // namespace

std::vector<LossNote> loss_notes(const LogLoss& loss, const StoredUpTo& stored) {
  std::vector<LossNote> notes;
  for (const RecordGap& gap : loss.gaps) {
    const std::uint64_t first = std::max(gap.first, stored.history + 1);
    if (first > gap.last) continue;
    notes.push_back({.text = gap_text(first, gap.last, stored.history == 0),
                     .records = RecordGap{.first = first, .last = gap.last}});
  }
  if (loss.ends_early) {
    notes.push_back({.text = end_text(*loss.ends_early, loss.seen, stored),
                     .records = RecordGap{.first = *loss.ends_early + 1,
                                          .last = std::max(loss.seen, *loss.ends_early + 1)}});
  }
  return notes;
}

}  // namespace gridloom::journal
