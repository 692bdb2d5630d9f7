// Computes every order in which a client may sign a second time, slowly and in another way (a tree
// instead of flattened text, the one-shot HMAC): verify() must accept exactly these.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/signing.h"
#include "wire/test_signing.h"

namespace {

namespace wire = gridloom::wire;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kSecret = "fuzz secret";
constexpr wire::SigningLimits kLimits = {.json = {.bytes = 4096, .depth = 8, .keys = 64},
                                         .query_bytes = 4096,
                                         .parameters = 256,
                                         .growth = 1 << 20,
                                         .canonical_bytes = 1 << 20};

void require(bool holds) {
  if (!holds) std::abort();
}

// Whether a name could not be distinguished from nested names in the signed text; such a body is
// refused.
bool has_ambiguous_name(const wire::Json& value) {
  if (const auto* array = value.if_array()) return std::ranges::any_of(*array, has_ambiguous_name);
  const auto* object = value.if_object();
  return object != nullptr && std::ranges::any_of(*object, [](const auto& member) {
           const std::string_view name = member.key();
           return name.empty() || name.find_first_of(".[]&=") != std::string_view::npos ||
                  has_ambiguous_name(member.value());
         });
}

// Flattens a text that is known to be a JSON object; parses strings one by one.
class SlowFlattener {
 public:
  explicit SlowFlattener(std::string_view text) : text_(text) { value(""); }
  [[nodiscard]] const Pairs& pairs() const { return pairs_; }

 private:
  void skip() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  bool take(char c) {
    skip();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string string() {
    skip();
    const std::size_t start = at_++;
    while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
    const auto parsed = wire::parse_json(text_.substr(start, at_ - start), kLimits.json);
    return std::string(std::string_view(parsed->get_string()));
  }
  void value(const std::string& path) {
    skip();
    if (take('{')) {
      while (!take('}')) {
        take(',');
        const std::string name = string();
        take(':');
        value(path.empty() ? name : path + "." + name);
      }
    } else if (take('[')) {
      for (std::size_t i = 0; !take(']'); ++i) {
        take(',');
        value(path + "[" + std::to_string(i) + "]");
      }
    } else if (text_[at_] == '"') {
      pairs_.emplace_back(path, string());
    } else {
      const std::size_t end = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
      pairs_.emplace_back(path, text_.substr(at_, end - at_));
      at_ = end;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Pairs pairs_;
};

std::string joined(const Pairs& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) out += name + "=" + value + "&";
  return out;
}

Pairs by_name(Pairs pairs) {
  std::multimap<std::string, std::string> sorted;  // equal names keep their order
  for (auto& [name, value] : pairs) sorted.emplace(name, value);
  return {sorted.begin(), sorted.end()};
}

// A name's steps as texts that sort like the steps: "0" + width + digits, or "1" + name.
std::vector<std::string> level_key(const std::string& name) {
  std::vector<std::string> key;
  std::string rest = name;
  while (!rest.empty()) {
    if (rest[0] == '[') {
      const std::size_t close = rest.find(']');
      if (key.empty() || close == std::string::npos || close == 1) return {"1" + name};
      const std::string digits = rest.substr(1, close - 1);
      if (digits.find_first_not_of("0123456789") != std::string::npos) return {"1" + name};
      if (digits[0] == '0' && digits != "0") return {"1" + name};
      key.push_back("0" + std::string(5 - std::to_string(digits.size()).size(), '0') +
                    std::to_string(digits.size()) + digits);
      rest.erase(0, close + 1);
      if (!rest.empty() && rest[0] != '.' && rest[0] != '[') return {"1" + name};
      continue;
    }
    if (!key.empty()) rest.erase(0, 1);
    const std::string step = rest.substr(0, rest.find_first_of(".["));
    if (step.empty() || step.find(']') != std::string::npos) return {"1" + name};
    key.push_back("1" + step);
    rest.erase(0, step.size());
  }
  return key.empty() ? std::vector<std::string>{"1" + name} : key;
}

Pairs by_level(const Pairs& pairs) {
  std::multimap<std::vector<std::string>, std::pair<std::string, std::string>> sorted;
  for (const auto& pair : pairs) sorted.emplace(level_key(pair.first), pair);
  Pairs out;
  for (const auto& [key, pair] : sorted) out.push_back(pair);
  return out;
}

std::string by_whole_text(const Pairs& pairs) {
  std::multiset<std::string> sorted;
  for (const auto& [name, value] : pairs) sorted.insert(name + "=" + value);
  std::string out;
  for (const std::string& text : sorted) out += text + "&";
  return out;
}

bool names_differ(const Pairs& pairs) {
  std::set<std::string> names;
  return std::ranges::all_of(
      pairs, [&names](const auto& pair) { return names.insert(pair.first).second; });
}

void add_orders(std::vector<std::string>& out, const Pairs& pairs) {
  out.push_back(joined(by_name(pairs)));
  out.push_back(joined(by_level(pairs)));
  if (names_differ(pairs)) out.push_back(by_whole_text(pairs));
}

std::string slowly_decoded(const std::string& text) {
  static constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string two = text.substr(i + 1, 2);
    if (text[i] == '%' && two.size() == 2 && two.find_first_not_of(kHex) == std::string::npos) {
      unsigned value = 0;
      std::from_chars(two.data(), two.data() + two.size(), value, 16);
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

void add_query_orders(std::vector<std::string>& out, const std::string& query) {
  Pairs raw;
  Pairs decoded;
  std::string rest = query + "&";
  for (std::size_t end = rest.find('&'); end != std::string::npos; end = rest.find('&')) {
    const std::string pair = rest.substr(0, end);
    rest.erase(0, end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string name = pair.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : pair.substr(equals + 1);
    raw.emplace_back(name, value);
    decoded.emplace_back(slowly_decoded(name), slowly_decoded(value));
  }
  add_orders(out, decoded);
  out.push_back(query.empty() ? "" : query + "&");
  out.push_back(joined(by_name(raw)));
}

std::string hex_mac(std::string_view text) {
  std::array<unsigned char, 32> digest{};
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL takes bytes
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  HMAC(EVP_sha256(), kSecret.data(), static_cast<int>(kSecret.size()), bytes, text.size(),
       digest.data(), nullptr);
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 15U];
  }
  return hex;
}

void compare(wire::SignedRequest request, const std::vector<std::string>& expected,
             wire::KeyedMac& mac) {
  std::vector<std::string> unique;
  for (const std::string& text : expected) {
    const std::string whole = text + "accessKey=k&nonce=n&timestamp=1";
    if (std::ranges::find(unique, whole) == unique.end()) unique.push_back(whole);
  }
  require(wire::canonical_strings(request, kLimits).value() == unique);
  for (const std::string& text : unique) {
    const std::string hex = hex_mac(text);
    request.sign = hex;
    wire::ReadParameters read;
    require(wire::verify(request, mac, kLimits, nullptr, &read).has_value());
    const auto with = wire::parameters_of(request, kLimits, std::move(read));
    const auto without = wire::parameters_of(request, kLimits);
    require(with.has_value() == without.has_value() && (!with || *with == *without));
  }
  const std::string hex = hex_mac(unique.front() + "0");
  request.sign = hex;
  require(wire::verify(request, mac, kLimits).error().code == gridloom::ErrorCode::kWrongSignature);
}

}  // namespace

// The first byte chooses where the rest of the input goes: the body, the query, the Content-Type.
// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static wire::KeyedMac mac =
      std::move(wire::KeyedMac::make(gridloom::Secret(std::string(kSecret))).value());
  if (size == 0) return 0;
  const std::string input(data + 1, data + size);
  wire::SignedRequest request{.content_type = "",
                              .query = "",
                              .body = "",
                              .access_key = "k",
                              .nonce = "n",
                              .timestamp = "1",
                              .sign = ""};
  std::vector<std::string> expected;
  if (data[0] % 3 == 0) {
    request.content_type = "Application/json; charset=utf-8";
    request.body = input;
    request.query = "sn=unsigned";
    if (input.find_first_not_of(" \t\r\n") == std::string::npos) {
      expected = {""};
    } else {
      const auto parsed = wire::parse_json(input, kLimits.json);
      const bool read = parsed && parsed->is_object();
      require(wire::canonical_strings(request, kLimits).has_value() ==
                  (read && !has_ambiguous_name(*parsed)) ||
              input.size() > kLimits.parameters);
      if (!read || !wire::canonical_strings(request, kLimits)) return 0;
      add_orders(expected, SlowFlattener(input).pairs());
    }
  } else if (data[0] % 3 == 1) {
    request.query = input;
    request.body = R"({"sn":"unsigned"})";
    if (!wire::canonical_strings(request, kLimits)) {
      // Too many parameters, or one with too many levels.
      const auto steps =
          std::ranges::count_if(slowly_decoded(input), [](char c) { return c == '.' || c == '['; });
      require(input.size() >= kLimits.parameters ||
              static_cast<std::size_t>(steps) >= kLimits.json.depth);
      return 0;
    }
    add_query_orders(expected, input);
  } else {
    request.content_type = input;
    request.query = "b=1&a=2";
    if (wire::is_json_type(input)) {
      expected = {""};
    } else {
      expected = {"a=2&b=1&", "b=1&a=2&"};
    }
  }
  compare(request, expected, mac);
  // Reading may fail only with an error.
  const auto parameters = wire::parameters_of(request, kLimits);
  if (parameters) require(wire::parse_json(wire::to_text(wire::Json(*parameters))).has_value());
  return 0;
}
