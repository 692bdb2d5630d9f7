// A journal for tests, which keeps the records that are written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "journal/journal.h"

namespace gridloom::hub {

// Keeps records until the test makes them durable.
class FakeJournal final : public journal::Journal {
 public:
  struct Record {
    journal::RecordKind kind{};
    std::string payload;
    Task durable;
    std::size_t waiters = 0;
  };
  [[nodiscard]] bool behind() const override { return is_behind; }
  [[nodiscard]] std::string failing() const override { return why; }

  std::vector<Record> records;
  std::uint64_t appended = 0;
  bool is_behind = false;
  std::string why;

 private:
  std::uint64_t append_record(journal::RecordKind kind, std::string payload, Task durable,
                              std::size_t waiters) override {
    records.push_back({.kind = kind,
                       .payload = std::move(payload),
                       .durable = std::move(durable),
                       .waiters = waiters});
    return ++appended;
  }
};

}  // namespace gridloom::hub
