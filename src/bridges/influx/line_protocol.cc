#include "bridges/influx/line_protocol.h"

#include <fmt/format.h>

#include <cmath>
#include <variant>

#include "base/printable.h"

namespace gridloom::bridges {
namespace {

// A name is one word of the line: `special` characters in it are escaped. A backslash before what
// separates words would escape that, so names have none.
void append_name(std::string& out, std::string_view name, std::string_view special) {
  for (const char each : printable(name)) {
    if (special.contains(each)) out += '\\';
    out += each == '\\' ? '/' : each;
  }
}

constexpr std::string_view kMeasurement = ", ";
constexpr std::string_view kKey = ",= ";

void append_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char each : printable(text)) {
    if (each == '"' || each == '\\') out += '\\';
    out += each;
  }
  out += '"';
}

// Appends "=value". False: there is none.
bool append_value(std::string& out, const PlainValue& value) {
  if (const bool* flag = std::get_if<bool>(&value.value)) {
    out += *flag ? "=true" : "=false";
    return true;
  }
  if (const double* number = std::get_if<double>(&value.value)) {
    if (!std::isfinite(*number)) return false;
    fmt::format_to(std::back_inserter(out), "={}", *number);
    return true;
  }
  const auto* text = std::get_if<std::string>(&value.value);
  if (text == nullptr) return false;
  out += '=';
  append_text(out, *text);
  return true;
}

}  // namespace

std::string line_begin(std::string_view measurement, std::span<const NamedText> tags) {
  std::string begin;
  append_name(begin, measurement, kMeasurement);
  for (const NamedText& tag : tags) {
    if (tag.text.empty()) continue;
    begin += ',';
    append_name(begin, tag.name, kKey);
    begin += '=';
    append_name(begin, tag.text, kKey);
  }
  return begin;
}

void LineWriter::add(const PlainValue& value) {
  const std::size_t before = fields_.size();
  if (before != 0) fields_ += ',';
  append_name(fields_, value.name, kKey);
  if (!append_value(fields_, value)) fields_.resize(before);
}

bool LineWriter::end(std::int64_t at_ns, std::string& out) {
  if (fields_.empty()) return false;
  fmt::format_to(std::back_inserter(out), "{} {} {}\n", begin_, fields_, at_ns);
  fields_.clear();
  return true;
}

}  // namespace gridloom::bridges
