// Writes rows by COPY in PostgreSQL's binary form: the fastest way into a table.
//
//   CopyIn copy(connection);
//   copy.begin("COPY block (device, hour, bytes) FROM STDIN BINARY");
//   for (...) copy.row(device, hour, Bytes{bytes});
//   copy.finish();
//
// Each value has the type of its column exactly (values.h); the server converts nothing. Usually
// within a Transaction. The connection does nothing else between begin() and finish(); one that is
// destroyed before finish() ends the COPY with an error, which the transaction then has.
// Thread rule: as for the Connection, which outlives this.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/values.h"

namespace gridloom::postgres {

class CopyIn {
 public:
  explicit CopyIn(Connection& connection) : connection_(&connection) {}
  CopyIn(const CopyIn&) = delete;
  CopyIn& operator=(const CopyIn&) = delete;
  ~CopyIn();

  [[nodiscard]] Status begin(std::string_view statement);
  template <typename... T>
  [[nodiscard]] Status row(const T&... values) {
    values_.clear();
    (values_.add(values), ...);
    return row_of(values_);
  }
  [[nodiscard]] Status row_of(const Values& values);
  // Returns the number of rows written.
  [[nodiscard]] Result<std::int64_t> finish();

 private:
  // Sends what is buffered.
  [[nodiscard]] Status send();

  Connection* connection_;
  Values values_;
  std::string buffer_;
  bool is_open_ = false;
};

}  // namespace gridloom::postgres
