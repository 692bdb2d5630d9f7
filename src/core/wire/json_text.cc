// Writes JSON text. Boost.JSON's own writer would give doubles another form: 2.297E2 for 229.7.
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "wire/json.h"

namespace gridloom::wire {
namespace {

// Doubles between these limits are written without an exponent.
constexpr double kPlainFrom = 1e-7;
constexpr double kPlainBelow = 1e17;

template <typename Whole>
void append_whole(std::string& out, Whole value) {
  std::array<char, 24> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

// JSON has no infinities and no NaN: they are written as null.
void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  if (value == 0) {
    out += '0';
    return;
  }
  const double size = std::abs(value);
  const auto form = size >= kPlainFrom && size < kPlainBelow ? std::chars_format::fixed
                                                             : std::chars_format::scientific;
  std::array<char, 64> digits{};
  out.append(digits.data(),
             std::to_chars(digits.data(), digits.data() + digits.size(), value, form).ptr);
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, copied, i - copied);
    copied = i + 1;
    out += '\\';
    static constexpr std::string_view kPlain = "\"\\\b\f\n\r\t";
    static constexpr std::string_view kLetter = "\"\\bfnrt";
    if (const std::size_t short_form = kPlain.find(text[i]); short_form != std::string_view::npos) {
      out += kLetter[short_form];
    } else {
      out += "u00";
      out += kHex[c >> 4U];
      out += kHex[c & 15U];
    }
  }
  out.append(text, copied);
  out += '"';
}

void append_text(std::string& out, const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      out += "null";
      return;
    case boost::json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case boost::json::kind::int64:
      return append_whole(out, value.get_int64());
    case boost::json::kind::uint64:
      return append_whole(out, value.get_uint64());
    case boost::json::kind::double_:
      return append_double(out, value.get_double());
    case boost::json::kind::string:
      return append_quoted(out, value.get_string());
    case boost::json::kind::array: {
      char before = '[';
      for (const Json& element : value.get_array()) {
        out += std::exchange(before, ',');
        append_text(out, element);
      }
      out += before == '[' ? "[]" : "]";
      return;
    }
    case boost::json::kind::object:
      return append_text(out, value.get_object());
  }
}

void append_text(std::string& out, const JsonObject& object) {
  char before = '{';
  for (const auto& [name, inner] : object) {
    out += std::exchange(before, ',');
    append_quoted(out, name);
    out += ':';
    append_text(out, inner);
  }
  out += before == '{' ? "{}" : "}";
}

std::string to_text(const Json& value) {
  std::string out;
  append_text(out, value);
  return out;
}

std::string to_text(const JsonObject& object) {
  std::string out;
  append_text(out, object);
  return out;
}

}  // namespace gridloom::wire
