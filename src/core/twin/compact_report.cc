#include "twin/compact_report.h"

#include <algorithm>
#include <array>
#include <optional>

#include "twin/member.h"

namespace gridloom::twin {
namespace {

constexpr std::size_t kMaxDigits = 18;  // always fit into a 64-bit integer
// Room for the names of a report's groups. A report with more is left to the parser, which knows
// how many there may be.
constexpr std::size_t kNameBytes = std::size_t{16} * 1024;
// Names that are looked up in a report beyond those that were expected. A report with more of them
// is in no order that could be learned.
constexpr std::size_t kSurprises = 16;

// The characters that may stand in a string without an escape.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = ' '; c <= '~'; ++c) plain.at(c) = c != '"' && c != '\\';
  return plain;
}();

bool is_plain(char c) {
  return kPlain[static_cast<std::uint8_t>(c)];  // NOLINT: 256 of them
}

const char* behind_digits(const char* at, const char* end) {
  while (at != end && *at >= '0' && *at <= '9') ++at;
  return at;
}

// Returns `at` if no number is there. The caller checks the next character, which shows whether the
// number ends here.
const char* behind_number(const char* at, const char* end) {
  const char* const begin = at != end && *at == '-' ? at + 1 : at;
  const char* const whole = behind_digits(begin, end);
  const auto digits = static_cast<std::size_t>(whole - begin);
  if (digits == 0 || digits > kMaxDigits || (digits > 1 && *begin == '0')) return at;
  if (whole == end || *whole != '.') return whole;
  const char* const fraction = behind_digits(whole + 1, end);
  return fraction == whole + 1 ? at : fraction;
}

}  // namespace

class CompactReader::Scanner {
 public:
  Scanner(const Layout& layout, const ReportLimits& limits, std::string_view payload,
          std::vector<std::uint32_t>& next_slots, std::string& names, std::string& path)
      : at_(payload.data()),
        end_(payload.data() + payload.size()),
        layout_(layout),
        limits_(limits),
        is_nested_(layout.family->messages.nested),
        next_slots_(next_slots),
        names_(names),
        path_(path) {
    names_.clear();
    if (is_nested_) names_.reserve(kNameBytes);
    path_.clear();
  }

  bool read(std::vector<Member>& envelope, std::vector<Member>& body, std::size_t& kind) {
    std::optional<std::size_t> members_before_body;
    skip_space();
    const bool whole = members([&] {
      const auto name = key();
      if (!name) return false;
      if (members_before_body || !is_next('{') || (*name != "params" && *name != "param")) {
        const char* const begin = at_;
        if (!value(1)) return false;
        envelope.emplace_back(*name, std::string_view(begin, at_));
        return true;
      }
      members_before_body = envelope.size();
      kind = layout_.kind_of(envelope);
      begin_body(kind);
      return fields(2, body);
    });
    skip_space();
    if (!whole || at_ != end_) return false;
    if (members_before_body == envelope.size()) return true;
    const std::size_t expected = members_before_body ? kind : layout_.envelopes.size();
    kind = layout_.kind_of(envelope);
    if (!members_before_body) body = envelope;
    if (kind != expected) {
      for (Member& member : body) member.slot = Member::kUnknown;
    }
    return true;
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

  // Reads an object; `on_member` reads a member from its name on.
  template <typename OnMember>
  bool members(const OnMember& on_member) {
    if (!take('{')) return false;
    skip_space();
    if (take('}')) return true;
    do {
      skip_space();
      if (!on_member()) return false;
      skip_space();
    } while (take(','));
    return take('}');
  }

  // The slots of a module's report are not known before its body was read.
  void begin_body(std::size_t kind) {
    place_ = layout_.names.size() + kind;
    is_looked_up_ = !layout_.names.empty();
    if (kind == layout_.envelopes.size()) return;
    path_ = layout_.envelopes[kind].prefix;
    prefix_bytes_ = path_.size();
    is_looked_up_ = is_looked_up_ && layout_.envelopes[kind].module.empty();
  }

  // Reads the body, or a group of it: an object that is inside depth - 1 others.
  bool fields(std::size_t depth, std::vector<Member>& body) {
    return depth <= limits_.depth && members([&] {
             take_expected_numbers(body);
             return field(depth, body);
           });
  }

  bool field(std::size_t depth, std::vector<Member>& body) {
    Member member;
    if (take_expected_key()) {
      member.slot = next_slots_[place_];
      member.name = name_in_report(member.slot);
    } else {
      const auto name = key();
      if (!name || !set_name(member, *name)) return false;
    }
    if (is_nested_ && is_next('{') && !layout_.is_value(member.name)) {
      const std::size_t path_bytes = path_.size();
      path_.resize(prefix_bytes_);
      path_ += member.name;
      if (!member.name.empty()) path_ += '.';
      const bool is_read = fields(depth + 1, body);
      path_.resize(path_bytes);
      return is_read;
    }
    if (member.slot == Member::kUnknown && is_looked_up_) member.slot = slot_of(member.name);
    if (member.slot < layout_.names.size()) learn(member.slot);
    const char* const begin = at_;
    if (!value(depth)) return false;
    body.emplace_back(member.name, std::string_view(begin, at_), member.slot);
    return true;
  }

  // The end of the name of `slot` and its colon, if they stand at `at`; else nullptr. The compared
  // name was read before: it has no character that would need an escape.
  const char* behind_key(const char* at, std::uint32_t slot) const {
    if (slot >= layout_.names.size()) return nullptr;
    const std::string& quota = layout_.names[slot];
    const std::size_t size = quota.size() - path_.size();
    if (quota.size() < path_.size() || size > kLongestNameBytes) return nullptr;
    if (static_cast<std::size_t>(end_ - at) < size + 3) return nullptr;
    const char* const quote = at + 1 + size;
    const bool is_key = *at == '"' && *quote == '"' && *(quote + 1) == ':' &&
                        same_bytes(at + 1, quota.data() + path_.size(), size) &&
                        same_bytes(quota.data(), path_.data(), path_.size());
    return is_key ? quote + 2 : nullptr;
  }

  // Takes members that are the expected ones and whose values are numbers, which nearly all are, up
  // to one that has another value or comes last.
  void take_expected_numbers(std::vector<Member>& body) {
    if (!is_looked_up_) return;
    const char* at = at_;
    for (;;) {
      const std::uint32_t slot = next_slots_[place_];
      const char* const begin = behind_key(at, slot);
      if (begin == nullptr) break;
      const char* const end = behind_number(begin, end_);
      if (end == begin || end == end_ || *end != ',' || !count_expected(slot)) break;
      // In place: a copy of a member that was just made would wait for its parts.
      Member& member = body.emplace_back();
      member.name = name_in_report(slot);
      member.text = std::string_view(begin, end);
      member.slot = slot;
      place_ = slot;
      at = end + 1;
    }
    at_ = at;
    skip_space();
  }

  // Takes the name and the colon of the quota that is expected here.
  bool take_expected_key() {
    if (!is_looked_up_) return false;
    const std::uint32_t slot = next_slots_[place_];
    const char* const end = behind_key(at_, slot);
    if (end == nullptr || !count_expected(slot)) return false;
    at_ = end;
    skip_space();
    return true;
  }
  // False: a limit is reached.
  bool count_expected(std::uint32_t slot) {
    ++expected_;
    if (is_nested_) name_bytes_ += layout_.names[slot].size() - prefix_bytes_;
    return name_bytes_ <= kNameBytes && count_member();
  }
  [[nodiscard]] std::string_view name_in_report(std::uint32_t slot) const {
    return std::string_view(layout_.names[slot]).substr(prefix_bytes_);
  }

  // Sets the name of a member that was not expected. False: the names are too long.
  bool set_name(Member& member, std::string_view key) {
    member.name = key;
    const std::size_t name_bytes = path_.size() - prefix_bytes_ + key.size();
    if (is_nested_) name_bytes_ += name_bytes;
    if (name_bytes_ > kNameBytes) return false;
    if (path_.size() == prefix_bytes_) return true;
    const std::size_t begin = names_.size();
    if (begin + name_bytes > names_.capacity()) return false;
    names_.append(path_, prefix_bytes_).append(key);
    member.name = std::string_view(names_).substr(begin);
    return true;
  }

  // The slot of a member that was not expected.
  [[nodiscard]] std::uint32_t slot_of(std::string_view name) {
    if (++surprises_ > kSurprises + expected_) {
      is_looked_up_ = false;
      return Member::kUnknown;
    }
    const std::size_t path_bytes = path_.size();
    path_.resize(prefix_bytes_);
    const bool may_be_full = prefix_bytes_ != 0 && name.starts_with(path_);
    auto found = layout_.index.find(path_.append(name));
    path_.resize(path_bytes);
    if (found == layout_.index.end() && may_be_full) found = layout_.index.find(name);
    return found == layout_.index.end() ? Member::kUndeclared
                                        : static_cast<std::uint32_t>(found->second);
  }

  void learn(std::uint32_t slot) {
    std::uint32_t& expected = next_slots_[place_];
    if (expected != slot && std::ranges::all_of(layout_.names[slot], is_plain)) expected = slot;
    place_ = slot;
  }

  // Reads a member's name and its colon.
  std::optional<std::string_view> key() {
    const char* const begin = at_;
    if (!string()) return std::nullopt;
    const std::string_view name(begin + 1, at_ - 1);
    skip_space();
    if (!take(':') || name.size() > kLongestNameBytes || !count_member()) return std::nullopt;
    skip_space();
    return name;
  }
  bool count_member() { return ++count_ <= limits_.members; }

  bool string() {
    if (!is_next('"')) return false;
    const char* at = at_ + 1;
    while (at != end_ && is_plain(*at)) ++at;
    at_ = at;
    return take('"');
  }

  // Reads a value that is inside `depth` objects and arrays.
  bool value(std::size_t depth) {
    if (at_ == end_) return false;
    switch (*at_) {
      case '"':
        return string();
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
      if (is_object && !name()) return false;
      if (!value(depth)) return false;
    } while (take(','));
    return take(last);
  }
  // Reads the name and the colon of a member inside a value, where no space may be.
  bool name() {
    const char* const begin = at_;
    return string() && static_cast<std::size_t>(at_ - begin) <= kLongestNameBytes + 2 &&
           take(':') && count_member();
  }

  bool number() {
    const char* const begin = at_;
    at_ = behind_number(begin, end_);
    return at_ != begin;
  }

  const char* at_;
  const char* const end_;
  const Layout& layout_;
  const ReportLimits& limits_;
  const bool is_nested_;
  std::vector<std::uint32_t>& next_slots_;
  std::string& names_;
  std::string& path_;
  std::size_t prefix_bytes_ = 0;  // of path_: the report's prefix
  bool is_looked_up_ = false;     // whether the body's names are looked for in the layout
  std::size_t place_ = 0;         // in next_slots_, of the member that comes next
  std::size_t expected_ = 0;      // members that were the expected ones
  std::size_t surprises_ = 0;     // members that were looked up because they were not
  std::size_t name_bytes_ = 0;    // of the body's names, with their groups
  std::size_t count_ = 0;         // members of all objects
};

bool CompactReader::read(const Layout& layout, const ReportLimits& limits, std::string_view payload,
                         std::vector<Member>& envelope, std::vector<Member>& body,
                         std::size_t& kind) {
  if (layout.family->messages.report_body.empty()) return false;
  std::vector<std::uint32_t>& next_slots = next_slots_[&layout];
  next_slots.resize(layout.names.size() + layout.envelopes.size() + 1, Member::kUnknown);
  return Scanner(layout, limits, payload, next_slots, names_, path_).read(envelope, body, kind);
}

}  // namespace gridloom::twin
