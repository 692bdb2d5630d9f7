// An archive in a folder, for tests of those who write into it and read from it.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/clock.h"
#include "history/archive.h"
#include "registry/files.h"

namespace gridloom::history {

// Told from one thread, asked by the archive's.
class SharedClock final : public Clock {
 public:
  explicit SharedClock(TimePoint at) : ms_(unix_ms(at)) {}
  [[nodiscard]] TimePoint now() const override { return TimePoint(Millis(ms_.load())); }
  void set(TimePoint at) { ms_ = unix_ms(at); }

 private:
  std::atomic<std::int64_t> ms_;
};

// Starts it; throws if it cannot be opened.
inline std::unique_ptr<Archive> open_archive(const std::filesystem::path& data, const Clock& clock,
                                             Account account) {
  static_cast<void>(registry::make_data_folder(data));
  auto archive =
      Archive::open({.data = data, .clock = &clock, .limits = {}, .account = std::move(account)});
  if (!archive) throw std::runtime_error(archive.error().detail);
  (*archive)->start({});
  return std::move(*archive);
}

// A journal for who cannot wait: it says at once that all is durable.
class InstantJournal final : public Journal {
 public:
  explicit InstantJournal(Archive& archive) : archive_(archive) {}
  void append(RecordKind kind, std::string payload, Task durable) override {
    archive_.append(kind, std::move(payload), {});
    if (durable) durable();
  }
  [[nodiscard]] bool behind() const override { return false; }
  [[nodiscard]] std::string failing() const override { return {}; }

 private:
  Archive& archive_;
};

// Reads what was appended before, and waits for it.
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

}  // namespace gridloom::history
