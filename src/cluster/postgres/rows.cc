#include "postgres/rows.h"

#include <libpq-fe.h>

#include <bit>
#include <charconv>
#include <chrono>

namespace gridloom::postgres {
namespace {

constexpr std::chrono::sys_days kEpoch = std::chrono::year(2000) / 1 / 1;

// A big-endian integer of any length, with its sign.
std::int64_t integer_of(std::string_view bytes) {
  if (bytes.empty() || bytes.size() > sizeof(std::int64_t)) return 0;
  std::uint64_t value = (static_cast<unsigned char>(bytes.front()) & 0x80U) == 0 ? 0 : ~0ULL;
  for (const char byte : bytes) value = (value << 8U) | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(value);
}

}  // namespace

bool Row::is_null(int column) const { return ::PQgetisnull(result_, row_, column) != 0; }

std::string_view Row::bytes(int column) const {
  const char* const data = ::PQgetvalue(result_, row_, column);
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(::PQgetlength(result_, row_, column))};
}

std::int64_t Row::integer(int column) const { return integer_of(bytes(column)); }

bool Row::boolean(int column) const { return integer_of(bytes(column)) != 0; }

double Row::number(int column) const {
  const std::string_view data = bytes(column);
  return data.size() == sizeof(double) ? std::bit_cast<double>(integer_of(data)) : 0;
}

TimePoint Row::time(int column) const {
  return TimePoint(std::chrono::floor<Millis>(kEpoch.time_since_epoch() +
                                              std::chrono::microseconds(integer(column))));
}

std::size_t Rows::size() const { return static_cast<std::size_t>(::PQntuples(result_.get())); }

std::int64_t Rows::changed() const {
  const std::string_view text = ::PQcmdTuples(result_.get());
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

void Rows::Clear::operator()(pg_result* result) const { ::PQclear(result); }

}  // namespace gridloom::postgres
