// The rows that a statement returned, all in memory, in PostgreSQL's binary form.
//
// Views of rows live as long as the Rows. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"

struct pg_result;

namespace gridloom::postgres {

// One row of a Rows. Columns count from 0. NULL reads as 0, false, or no bytes.
class Row {
 public:
  [[nodiscard]] bool is_null(int column) const;
  // smallint, int, bigint and oid.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] bool boolean(int column) const;
  [[nodiscard]] double number(int column) const;  // double precision
  // text and bytea.
  [[nodiscard]] std::string_view bytes(int column) const;
  [[nodiscard]] TimePoint time(int column) const;  // timestamptz

 private:
  friend class Rows;
  Row(const pg_result* result, int row) : result_(result), row_(row) {}

  const pg_result* result_;
  int row_;
};

class Rows {
 public:
  // Takes the result.
  explicit Rows(pg_result* result) : result_(result) {}

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] Row operator[](std::size_t index) const {
    return {result_.get(), static_cast<int>(index)};
  }
  // The number of rows that an INSERT, UPDATE, DELETE or COPY changed.
  [[nodiscard]] std::int64_t changed() const;

  class Iterator {
   public:
    Iterator(const Rows& rows, std::size_t at) : rows_(&rows), at_(at) {}
    [[nodiscard]] Row operator*() const { return (*rows_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    [[nodiscard]] bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const Rows* rows_;
    std::size_t at_;
  };
  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  [[nodiscard]] Iterator end() const { return {*this, size()}; }

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };

  std::unique_ptr<pg_result, Clear> result_;
};

}  // namespace gridloom::postgres
