// Synchronous access to an archive for callers that cannot wait for the disk: every record counts
// as durable at once, and a read is answered before it returns. For a platform whose data folder
// is not needed afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <utility>

#include "history/archive.h"
#include "journal/journal.h"

namespace gridloom::history {

// A journal that reports every record as durable at once.
class InstantJournal final : public journal::Journal {
 public:
  explicit InstantJournal(Archive& archive) : archive_(archive) {}
  [[nodiscard]] bool behind() const override { return false; }
  [[nodiscard]] std::string failing() const override { return {}; }

 private:
  std::uint64_t append_record(journal::RecordKind kind, std::string payload, Task durable,
                              std::size_t waiters) override {
    const std::uint64_t sequence = archive_.append(kind, std::move(payload), {}, waiters);
    if (durable) durable();
    return sequence;
  }

  Archive& archive_;
};

// Runs `task` on everything appended before and waits until it is done. Throws if that is not
// possible, for example because the folder is gone.
inline void read_now(Archive& archive, std::move_only_function<void(Reader&)> task) {
  if (!archive.flush()) throw std::runtime_error("the log refuses");
  std::binary_semaphore done(0);
  const bool taken = archive.read([&](Reader& reader) {
    task(reader);
    done.release();
  });
  if (!taken) throw std::runtime_error("the archive takes no reads");
  done.acquire();
}

// Runs a query to its end, slice by slice.
inline void read_now(Archive& archive, Query query) {
  read_now(archive, [&](Reader& reader) {
    while (!query.gone.stop_requested() && query.step(reader) == Progress::kMore) {
    }
  });
}

}  // namespace gridloom::history
