// Blocks as text lines, for tests.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/blocks/chunk.h"
#include "history/blocks/field_names.h"
#include "testing/must.h"

namespace gridloom::history {

// One line "ms name=value ..." for each row of the chunk's blocks; times are relative to
// `start_ms`.
inline std::vector<std::string> rows_of(std::string_view chunk, const FieldNames& names,
                                        std::int64_t start_ms) {
  std::vector<std::string> lines;
  for (const std::string& block : must(merge(std::span(&chunk, 1)))) {
    must(each_row(block, [&](std::int64_t at_ms, std::span<const Sample> samples) {
      std::string line = fmt::format("{}", at_ms - start_ms);
      for (const Sample& sample : samples) {
        line += fmt::format(" {}={}", names.name_of(sample.field), text_of(sample.value));
      }
      lines.push_back(std::move(line));
    }));
  }
  return lines;
}

}  // namespace gridloom::history
