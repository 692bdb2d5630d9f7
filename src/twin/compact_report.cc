#include "twin/compact_report.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace gridloom::twin {
namespace {

constexpr std::size_t kMaxDigits = 18;  // always fit into a 64-bit integer

// The characters that may stand in a string without an escape.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = ' '; c <= '~'; ++c) plain.at(c) = c != '"' && c != '\\';
  return plain;
}();

class Scanner {
 public:
  Scanner(std::string_view payload, const ReportLimits& limits)
      : at_(payload.data()), end_(payload.data() + payload.size()), limits_(limits) {}

  bool read(std::vector<Member>& envelope, std::vector<Member>& body) {
    bool has_body = false;
    const auto in_body = [&](std::string_view name) { return member(name, 2, body); };
    skip_space();
    const bool whole = object([&](std::string_view name) {
      if (has_body || !is_next('{') || (name != "params" && name != "param")) {
        return member(name, 1, envelope);
      }
      has_body = true;
      return object(in_body);
    });
    skip_space();
    if (!has_body) body = envelope;
    return whole && at_ == end_;
  }

 private:
  [[nodiscard]] bool is_next(char c) const { return at_ != end_ && *at_ == c; }
  bool take(char c) {
    if (!is_next(c)) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (!std::string_view(at_, end_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  template <typename OnMember>
  bool object(const OnMember& on_member) {
    if (!take('{')) return false;
    skip_space();
    if (take('}')) return true;
    do {
      skip_space();
      const auto name = this->name();
      skip_space();
      if (!name || !take(':')) return false;
      skip_space();
      if (!on_member(*name)) return false;
      skip_space();
    } while (take(','));
    return take('}');
  }

  bool member(std::string_view name, std::size_t depth, std::vector<Member>& to) {
    const char* const begin = at_;
    if (!value(depth)) return false;
    to.push_back({.name = name, .text = {begin, at_}});
    return true;
  }

  std::optional<std::string_view> name() {
    const auto name = string();
    const bool is_within = name && name->size() <= kLongestNameBytes;
    return is_within && ++members_ <= limits_.members ? name : std::nullopt;
  }
  // The text between the quotes.
  std::optional<std::string_view> string() {
    if (!take('"')) return std::nullopt;
    const char* const begin = at_;
    while (at_ != end_ && kPlain[static_cast<std::uint8_t>(*at_)]) ++at_;  // NOLINT: 256 of them
    const std::string_view text(begin, at_);
    return take('"') ? std::optional(text) : std::nullopt;
  }

  // Reads a value that is inside `depth` objects and arrays.
  bool value(std::size_t depth) {
    if (at_ == end_) return false;
    switch (*at_) {
      case '"':
        return string().has_value();
      case '{':
      case '[':
        return structure(depth + 1);
      case 't':
        return take("true");
      case 'f':
        return take("false");
      case 'n':
        return take("null");
      default:
        return number();
    }
  }

  // NOLINTNEXTLINE(misc-no-recursion): as deep as the limit
  bool structure(std::size_t depth) {
    if (depth > limits_.depth) return false;
    const bool is_object = *at_++ == '{';
    const char last = is_object ? '}' : ']';
    if (take(last)) return true;
    do {
      if (is_object && !(name() && take(':'))) return false;
      if (!value(depth)) return false;
    } while (take(','));
    return take(last);
  }

  std::size_t digits() {
    const char* const begin = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return static_cast<std::size_t>(at_ - begin);
  }
  // The caller checks the next character, which shows whether the number ends here.
  bool number() {
    take('-');
    if (!take('0')) {
      const std::size_t count = digits();
      if (count == 0 || count > kMaxDigits) return false;
    }
    return !take('.') || digits() > 0;
  }

  const char* at_;
  const char* end_;
  const ReportLimits& limits_;
  std::size_t members_ = 0;
};

}  // namespace

bool read_compact_report(std::string_view payload, const ReportLimits& limits,
                         std::vector<Member>& envelope, std::vector<Member>& body) {
  return Scanner(payload, limits).read(envelope, body);
}

}  // namespace gridloom::twin
