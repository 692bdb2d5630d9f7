#include "bench/payload.h"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <sstream>
#include <utility>

#include "base/read_file.h"

namespace gridloom::bench {
namespace {

constexpr std::size_t kMaxPatterns = std::size_t{64} * 1024 * 1024;  // bytes
constexpr std::uint64_t kSeed = 1;

struct Range {
  std::int64_t from = 0;
  std::int64_t to = 0;
};

std::optional<Range> range_of(std::string_view text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  Range range;
  const char* middle = text.data() + dots;
  const char* end = text.data() + text.size();
  const auto from = std::from_chars(text.data(), middle, range.from);
  const auto to = std::from_chars(middle + 2, end, range.to);
  const bool read = from.ec == std::errc() && from.ptr == middle && to.ec == std::errc() &&
                    to.ptr == end && range.from <= range.to;
  return read ? std::optional(range) : std::nullopt;
}

}  // namespace

Result<std::string> render(std::string_view pattern, const Chance& chance) {
  std::string text;
  for (std::uint64_t drawn = 0;; ++drawn) {
    const std::size_t open = pattern.find('<');
    text += pattern.substr(0, open);
    if (open == std::string_view::npos) return text;
    const std::size_t close = std::min(pattern.find('>', open), pattern.size() - 1);
    const auto range = range_of(pattern.substr(open + 1, close - open - 1));
    if (!range) {
      return fail(ErrorCode::kBadParams, fmt::format("{} is not a range such as <0..100>",
                                                     pattern.substr(open, close - open + 1)));
    }
    const std::uint64_t values =
        static_cast<std::uint64_t>(range->to) - static_cast<std::uint64_t>(range->from) + 1;
    const std::uint64_t bits = chance.bits(drawn);
    const std::uint64_t offset = values == 0 ? bits : bits % values;
    text +=
        std::to_string(static_cast<std::int64_t>(static_cast<std::uint64_t>(range->from) + offset));
    pattern.remove_prefix(close + 1);
  }
}

Result<std::vector<std::string>> payloads_from(const std::filesystem::path& file,
                                               std::size_t count) {
  GL_TRY(auto content, read_text(file, kMaxPatterns));
  std::istringstream in(std::move(content));
  std::vector<std::string> patterns;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) patterns.push_back(std::move(line));
  }
  if (patterns.empty()) {
    return fail(ErrorCode::kIo, fmt::format("{}: the file has no template", file.string()));
  }
  std::vector<std::string> payloads;
  for (std::size_t i = 0; i < count; ++i) {
    auto text = render(patterns[i % patterns.size()], Chance(kSeed).split(std::to_string(i)));
    if (!text) {
      return fail(ErrorCode::kBadParams, fmt::format("{}: {}", file.string(), text.error().detail));
    }
    payloads.push_back(std::move(*text));
  }
  return payloads;
}

std::vector<std::string> payloads_of(std::size_t bytes, std::size_t count) {
  std::vector<std::string> payloads;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = fmt::format(R"({{"params":{{"number":{},"filler":")", i);
    constexpr std::string_view kEnd = R"("}})";
    if (text.size() + kEnd.size() < bytes) text.append(bytes - text.size() - kEnd.size(), 'x');
    payloads.push_back(text.append(kEnd));
  }
  return payloads;
}

namespace {

constexpr std::size_t kMaxDevices = std::size_t{256} * 1024 * 1024;  // bytes of a file

}  // namespace

Result<std::vector<LoadDevice>> devices_from(const std::filesystem::path& file) {
  GL_TRY(auto text, read_text(file, kMaxDevices));
  std::istringstream in(std::move(text));
  std::vector<LoadDevice> devices;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    LoadDevice device;
    std::string rest;
    words >> device.sn >> device.key >> rest;
    if (device.sn.empty() && line.empty()) continue;
    if (device.sn.empty() || !rest.empty()) {
      return fail(ErrorCode::kBadParams, fmt::format("{}: line {} is not a serial number and a key",
                                                     file.string(), devices.size() + 1));
    }
    devices.push_back(std::move(device));
  }
  return devices;
}

std::string filled_in(std::string_view text, const LoadDevice& device) {
  std::string out;
  while (!text.empty()) {
    const bool sn = text.starts_with("{sn}");
    if (sn || text.starts_with("{key}")) {
      out += sn ? device.sn : device.key;
      text.remove_prefix(text.find('}') + 1);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace gridloom::bench
