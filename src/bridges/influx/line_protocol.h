// Lines as databases of time series take them: "measurement,tag=text field=1,other=2
// 1700000000000". Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "bridges/core/name_template.h"
#include "bridges/core/plain_value.h"

namespace gridloom::bridges {

// The beginning of the lines of one device: measurement and tags. Tags without a text are left out.
[[nodiscard]] std::string line_begin(std::string_view measurement, std::span<const NamedText> tags);

// Writes one line after another into a text. Numbers are written as floats, so that a field keeps
// its type whatever number it has.
class LineWriter {
 public:
  explicit LineWriter(std::string begin) : begin_(std::move(begin)) {}

  // Adds a field to the line; a value that is none adds nothing.
  void add(const PlainValue& value);
  // Ends the line, at a time in Unix nanoseconds. False: it has no fields, and nothing is appended.
  bool end(std::int64_t at_ns, std::string& out);

 private:
  std::string begin_;
  std::string fields_;
};

}  // namespace gridloom::bridges
