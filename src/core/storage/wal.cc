#include "storage/wal.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <system_error>
#include <utility>

#include "base/read_file.h"

namespace gridloom::storage {
namespace {

constexpr std::size_t kHeader_bytes = 32;
constexpr std::size_t kSummed_bytes = 24;  // of the header; its checksum follows
constexpr std::size_t kFrameHead_bytes = 24;
constexpr std::uint32_t kMagic = 0x377f0682;  // last bit set: the checksum uses big-endian words
constexpr std::size_t kWord = 4;
constexpr std::size_t kMax_bytes = std::size_t{2} << 30U;  // the largest file that is checked

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < kWord; ++i) {
    value = (value << 8U) | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

std::uint32_t little_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = kWord; i-- > 0;) {
    value = (value << 8U) | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

using Sum = std::array<std::uint32_t, 2>;

// Continues the checksum `sum` over whole pairs of words.
Sum sum_of(std::string_view bytes, Sum sum, bool is_big_endian) {
  for (std::size_t at = 0; at + 2 * kWord <= bytes.size(); at += 2 * kWord) {
    const auto word = [&](std::size_t place) {
      return is_big_endian ? big_endian(bytes, place) : little_endian(bytes, place);
    };
    sum[0] += word(at) + sum[1];
    sum[1] += word(at + kWord) + sum[0];
  }
  return sum;
}

Sum pair_at(std::string_view bytes, std::size_t at) {
  return {big_endian(bytes, at), big_endian(bytes, at + kWord)};
}

}  // namespace

WalCheck check_wal(std::string_view bytes) {
  WalCheck check;
  if (bytes.empty()) return check;
  const bool has_header = bytes.size() >= kHeader_bytes;
  const std::uint32_t magic = has_header ? big_endian(bytes, 0) : 0;
  const bool is_big_endian = (magic & 1U) != 0;
  Sum sum{};
  if (has_header) sum = sum_of(bytes.substr(0, kSummed_bytes), sum, is_big_endian);
  if (!has_header || (magic & ~1U) != kMagic || sum != pair_at(bytes, kSummed_bytes)) {
    check.damage =
        fmt::format("its header is damaged: none of its {} bytes can be read", bytes.size());
    check.is_proven = bytes.size() > kHeader_bytes;
    return check;
  }
  const std::size_t frame_bytes = kFrameHead_bytes + big_endian(bytes, 8);
  const Sum salts = pair_at(bytes, 16);
  std::optional<std::uint64_t> unreadable;  // first unreadable frame
  std::uint64_t number = 0;
  bool ended = false;  // saw a commit frame at the damage or after it
  for (std::size_t at = kHeader_bytes; at + frame_bytes <= bytes.size(); at += frame_bytes) {
    const std::string_view frame = bytes.substr(at, frame_bytes);
    const Sum own_salts = pair_at(frame, 8);
    if (!unreadable) {
      sum = sum_of(frame.substr(0, 8), sum, is_big_endian);
      sum = sum_of(frame.substr(kFrameHead_bytes), sum, is_big_endian);
      if (own_salts == salts && sum == pair_at(frame, 16)) {
        check.frames = ++number;
        continue;
      }
      unreadable = number;
    }
    ++number;
    // If only one of the two salts differs, a bit of it was flipped.
    if (own_salts[0] != salts[0] && own_salts[1] != salts[1]) continue;
    check.is_proven = check.is_proven || ended;
    ended = ended || big_endian(frame, 4) != 0;
    check.damage =
        fmt::format("frame {} is damaged: the changes from it up to frame {} cannot be read",
                    *unreadable, number - 1);
  }
  return check;
}

std::string damage_of_wal(const std::filesystem::path& database) {
  const std::filesystem::path file = database.string() + "-wal";
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return {};
  const auto bytes = read_file(file, kMax_bytes);
  if (!bytes) return {};  // opening the database reports the reason
  const WalCheck check = check_wal(*bytes);
  if (!check.damage || !check.is_proven) return {};
  return fmt::format("{} is damaged: {}", file.filename().string(), *check.damage);
}

namespace {

constexpr int kPatience_ms = 50;

}  // namespace

bool empty_wal(Database& database) {
  const auto usual_ms = database.integer("PRAGMA busy_timeout");
  if (!usual_ms) return false;
  static_cast<void>(database.run(fmt::format("PRAGMA busy_timeout = {}", kPatience_ms)));
  const auto busy = database.integer("PRAGMA wal_checkpoint(truncate)");
  static_cast<void>(database.run(fmt::format("PRAGMA busy_timeout = {}", *usual_ms)));
  return busy && *busy == 0;
}

}  // namespace gridloom::storage
