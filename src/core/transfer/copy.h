// Copies the rows of a store to another, and compares the two.
//
// Tables are read in spans of a megabyte in the order of their keys. A span whose rows the
// target has already is left as it is, so that a copy that was interrupted continues where it was,
// and a second copy moves only what has changed. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "transfer/tables.h"

namespace gridloom::transfer {

struct Compared {
  std::string table;
  Sum from;
  Sum to;
  std::uint64_t written = 0;  // rows that were not at the target before
};

struct Options {
  enum class From : std::uint8_t {
    // Where the last copy was interrupted: what it copied is not read again. Restless tables are
    // left out.
    kPlace,
    // All rows are read on both sides and compared.
    kFirst,
  };
  From from = From::kFirst;
  // After each span: how many rows were read since the last call, and their bytes.
  std::function<Status(const Table& table, std::uint64_t rows, std::uint64_t bytes)> on_span{};
};

// Errors: those of the stores, and of `on_span`. With kPlace the sums are those of the rows that
// were read.
[[nodiscard]] Result<std::vector<Compared>> copy(Source& from, Target& to, const Options& options);

// Reads all rows of both.
[[nodiscard]] Result<std::vector<Compared>> compare(Source& from, Source& to);

}  // namespace gridloom::transfer
