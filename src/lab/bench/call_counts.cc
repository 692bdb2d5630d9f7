#include "bench/call_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base/read_file.h"

namespace gridloom::bench {

std::uint64_t CallCounts::system_calls() const {
  return std::accumulate(values.begin(), values.begin() + kSystemCalls, std::uint64_t{0});
}

CallCounts CallCounts::since(const CallCounts& earlier) const {
  CallCounts growth = *this;
  for (std::size_t i = 0; i < values.size(); ++i) growth.values[i] -= earlier.values[i];
  return growth;
}

wire::JsonObject CallCounts::per(std::uint64_t operations) const {
  wire::JsonObject json;
  if (operations == 0) return json;
  const auto each = [operations](std::uint64_t count) {
    return std::round(static_cast<double>(count) / static_cast<double>(operations) * 1000) / 1000;
  };
  json["system_calls"] = each(system_calls());
  for (std::size_t i = 0; i < values.size(); ++i) json[kCallNames[i]] = each(values[i]);
  return json;
}

Result<CallCounts> read_call_counts(const std::filesystem::path& file) {
  GL_TRY(const auto bytes, read_file(file, kCallFileWords * sizeof(std::uint64_t)));
  std::vector<std::uint64_t> words(bytes.size() / sizeof(std::uint64_t));
  std::memcpy(words.data(), bytes.data(), words.size() * sizeof(std::uint64_t));
  if (words.size() != kCallFileWords || words[0] != kCallCountsMagic) {
    return fail(ErrorCode::kMalformed,
                fmt::format("{}: no counts of a process with the counter library", file.string()));
  }
  CallCounts counts;
  const std::size_t rows = std::min<std::uint64_t>(words[1], kCallRows);
  for (std::size_t row = 1; row <= rows; ++row) {
    for (std::size_t i = 0; i < counts.values.size(); ++i) {
      counts.values[i] += words[row * kCallRowWords + i];
    }
  }
  return counts;
}

}  // namespace gridloom::bench
