// A journal for tests, whose records become durable when the test says so. One thread at a time, or
// after settle().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "base/value.h"
#include "journal/batch.h"
#include "journal/journal.h"
#include "journal/turn.h"
#include "testing/home.h"

namespace gridloom::hub {

// Keeps records in `waiting` until the test makes them durable; those in `safe` survive.
class TestLog final : public journal::Journal {
 public:
  struct Record {
    std::uint64_t sequence = 0;
    journal::RecordKind kind{};
    std::string payload;
    Task durable;

    // Empty: the record has none.
    [[nodiscard]] std::string_view session_changes() const {
      const auto turn =
          kind == journal::RecordKind::kTurn ? journal::read_turn(payload) : std::nullopt;
      return turn ? turn->session_changes : std::string_view();
    }
  };
  [[nodiscard]] bool behind() const override { return false; }
  [[nodiscard]] std::string failing() const override { return {}; }

  // The values of a field in all durable records.
  [[nodiscard]] Lines values_of(std::string_view field) const {
    Lines values;
    for (const Record& record : safe) {
      journal::BatchReader reader(journal::batch_of(record.kind, record.payload));
      while (reader.next() != nullptr) {
        for (const auto& sample : reader.fields()) {
          if (reader.names()[sample.name] == field) values.push_back(text_of(sample.value));
        }
      }
    }
    return values;
  }

  std::vector<Record> waiting;
  std::vector<Record> safe;
  std::uint64_t last = 0;

 private:
  std::uint64_t append_record(journal::RecordKind kind, std::string payload, Task durable,
                              std::size_t /*waiters*/) override {
    waiting.push_back({.sequence = ++last,
                       .kind = kind,
                       .payload = std::move(payload),
                       .durable = std::move(durable)});
    return last;
  }
};

}  // namespace gridloom::hub
