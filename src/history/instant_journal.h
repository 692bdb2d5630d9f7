// An archive for who cannot wait for the disk: what is written counts as durable at once, and a
// read is answered before it returns. For a platform whose folder nobody needs afterwards.
#pragma once

#include <cstdint>
#include <functional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <utility>

#include "history/archive.h"
#include "history/journal.h"

namespace gridloom::history {

// A journal that says at once that all is durable.
class InstantJournal final : public Journal {
 public:
  explicit InstantJournal(Archive& archive) : archive_(archive) {}
  std::uint64_t append(RecordKind kind, std::string payload, Task durable) override {
    const std::uint64_t sequence = archive_.append(kind, std::move(payload), {});
    if (durable) durable();
    return sequence;
  }
  [[nodiscard]] bool behind() const override { return false; }
  [[nodiscard]] std::string failing() const override { return {}; }

 private:
  Archive& archive_;
};

// Reads what was appended before, and waits for it. Throws if that cannot be: the folder is gone,
// say.
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

// An account's query, all of its slices.
inline void read_now(Archive& archive, Query query) {
  read_now(archive, [&](Reader& reader) {
    while (!query.gone.stop_requested() && query.step(reader) == Progress::kMore) {
    }
  });
}

}  // namespace gridloom::history
