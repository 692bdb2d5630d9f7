// A device's blocks for tests of series, made from given rows.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/value.h"
#include "history/blocks/block.h"
#include "history/blocks/hours.h"
#include "history/series/series.h"
#include "testing/must.h"

namespace gridloom::history {

inline constexpr std::int64_t kMinute_ms = 60'000;
inline constexpr std::int64_t kFirstHour = 1'774'720'800'000 / kHour_ms;  // 2026-03-28, 18:00 UTC
inline constexpr FieldId kOnline = 9;

struct SeriesRow {
  std::int64_t at_ms = 0;
  std::map<FieldId, std::string> values;
};

// The blocks of a device, in the store and in memory, as an archive has them.
class Blocks {
 public:
  enum class Where : std::uint8_t { kStore, kMemory };
  void add(const std::vector<SeriesRow>& rows, Where where = Where::kStore) {
    if (rows.empty()) return;
    BlockWriter writer;
    for (const SeriesRow& row : rows) {
      std::vector<Sample> samples;
      for (const auto& [field, json] : row.values) {
        samples.push_back({.field = field, .value = value_of(json)});
      }
      writer.add(row.at_ms, samples);
    }
    (where == Where::kStore ? stored_ : memory_)
        .emplace(hour_of(rows.front().at_ms), writer.finish());
  }
  [[nodiscard]] EachBlock each() {
    return [this](std::int64_t from, std::int64_t to, const OnHourBlock& on_block) -> Result<bool> {
      ++reads;
      for (const auto* blocks : {&stored_, &memory_}) {
        for (const auto& [hour, bytes] : *blocks) {
          if (hour < from || hour >= to) continue;
          GL_TRY(const auto block, Block::open(bytes));
          GL_TRY(on_block.block(hour, block));
        }
      }
      return true;
    };
  }
  int reads = 0;

 private:
  std::multimap<std::int64_t, std::string> stored_;
  std::multimap<std::int64_t, std::string> memory_;
};

inline std::vector<std::vector<SeriesPoint>> all_of(const SeriesQuery& query,
                                                    const EachBlock& blocks,
                                                    const EachRollup& quarters = {}) {
  std::vector<std::vector<SeriesPoint>> points(query.fields.size());
  Series series(query);
  while (!series.done()) must(series.read(blocks, quarters, points));
  return points;
}

}  // namespace gridloom::history
