#include "http/head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "base/printable.h"
#include "base/result.h"

namespace gridloom::http {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kLongestMethod = 32;
constexpr std::size_t kMostlyFields = 16;
// Headers that may occur only once: with two, the meaning would depend on which one a program
// reads.
constexpr std::array kSingle = {"Host"sv,   "Content-Type"sv,      "Content-Length"sv,
                                "Expect"sv, "Transfer-Encoding"sv, "Authorization"sv};

std::unexpected<Refusal> refuse(std::string why, unsigned status = 400) {
  return std::unexpected(Refusal{.status = status, .why = std::move(why)});
}

std::unexpected<Refusal> no_http(std::string_view why) {
  return refuse(fmt::format("{}; a request begins with METHOD TARGET HTTP/1.1", why));
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

// A set of characters: letters, digits, and the given others.
class Characters {
 public:
  explicit constexpr Characters(std::string_view others) {
    for (unsigned i = 0; i < in_.size(); ++i) {
      const char c = static_cast<char>(i);
      in_.at(i) = is_digit(c) || is_letter(c) || others.contains(c);
    }
  }
  [[nodiscard]] constexpr bool operator()(char c) const {
    return in_.at(static_cast<unsigned char>(c));
  }

 private:
  std::array<bool, 256> in_{};
};
constexpr Characters kTokenCharacters("!#$%&'*+-.^_`|~");
constexpr Characters kHostCharacters("-._:[]%");
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, kTokenCharacters);
}

bool may_begin_with_method(std::string_view line) {
  const std::string_view method = line.substr(0, line.find(' '));
  return std::ranges::all_of(method, kTokenCharacters) && method.size() <= kLongestMethod &&
         (!method.empty() || line.empty());
}

Method method_of(std::string_view name) {
  static constexpr std::array kNames = {
      std::pair{"GET"sv, Method::kGet},       std::pair{"HEAD"sv, Method::kHead},
      std::pair{"POST"sv, Method::kPost},     std::pair{"PUT"sv, Method::kPut},
      std::pair{"DELETE"sv, Method::kDelete}, std::pair{"OPTIONS"sv, Method::kOptions}};
  const auto* const found =
      std::ranges::find(kNames, name, &std::pair<std::string_view, Method>::first);
  return found == kNames.end() ? Method::kOther : found->second;
}

std::expected<void, Refusal> check_target(std::string_view target) {
  if (std::ranges::any_of(
          target, [](char c) { return c <= 0x20 || static_cast<unsigned char>(c) >= 0x7f; })) {
    return refuse("the target holds a byte that must be escaped, as a space is by %20");
  }
  const bool absolute =
      same_name(target.substr(0, 7), "http://") || same_name(target.substr(0, 8), "https://");
  if (!absolute && !target.starts_with('/') && target != "*") {
    return refuse(fmt::format("the target {} must begin with a slash, or with http://HOST/",
                              target.empty() ? "is empty; it" : "is no path; it"));
  }
  return {};
}

std::expected<void, Refusal> parse_first_line(std::string_view line, Head& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  const std::string_view method = line.substr(0, first);
  if (!is_token(method)) return no_http("the method is none");
  const std::string_view version =
      last == std::string_view::npos ? std::string_view() : line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return no_http(version.starts_with("HTTP/") ? "this version of HTTP is not spoken here"
                                                : "the first line does not end in HTTP/1.1");
  }
  if (first == last) return refuse("the target is missing between the method and HTTP/1.1");
  head.method = method_of(method);
  head.target = line.substr(first + 1, last - first - 1);
  head.version = version.back() == '0' ? 10 : 11;
  return check_target(head.target);
}

constexpr auto kCompressions =
    std::to_array<std::string_view>({"gzip", "x-gzip", "deflate", "compress", "br", "zstd"});

bool is_absolute(std::string_view target) { return !target.starts_with('/') && target != "*"; }

// The authority of http://AUTHORITY/path.
std::string_view authority_of(std::string_view target) {
  const std::size_t begin = target.find("//") + 2;
  return target.substr(begin, target.find_first_of("/?", begin) - begin);
}

// Checked because services pass the host on to their clients.
bool is_host(std::string_view host) { return std::ranges::all_of(host, kHostCharacters); }

bool lists(const Head& head, std::string_view name, std::string_view token) {
  const std::string all = head.joined(name);
  for (std::string_view rest = all; !rest.empty();) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    if (same_name(trimmed(rest.substr(0, end)), token)) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

std::expected<void, Refusal> find_length(Head& head) {
  const auto found = std::ranges::find_if(
      head.fields, [](const Field& field) { return same_name(field.name, "Content-Length"); });
  if (found == head.fields.end()) return {};
  const std::string_view digits = found->value;
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const bool number = !digits.empty() && std::ranges::all_of(digits, is_digit);
  if (!number) {
    return refuse("Content-Length must be a whole number of bytes");
  }
  // A length beyond 64 bits exceeds the body limit in any case.
  head.length = error == std::errc() ? length : ~std::uint64_t{0};
  return {};
}

// With any other coding than chunked the end of the body is not defined (RFC 9112, 6.3).
std::expected<void, Refusal> find_coding(Head& head) {
  const auto found = std::ranges::find_if(
      head.fields, [](const Field& field) { return same_name(field.name, "Transfer-Encoding"); });
  if (found == head.fields.end()) return {};
  if (!same_name(found->value, "chunked")) {
    return refuse("Transfer-Encoding must be chunked");
  }
  if (head.version == 10) return refuse("Transfer-Encoding is no header of HTTP/1.0");
  if (head.length) {
    return refuse("Content-Length stands beside Transfer-Encoding: chunked, one of them must go");
  }
  head.chunked = true;
  return {};
}

std::expected<void, Refusal> check_single(const Head& head, std::string_view name) {
  const auto count = std::ranges::count_if(
      head.fields, [name](const Field& field) { return same_name(field.name, name); });
  if (count > 1) return refuse(fmt::format("the header {} stands twice", name));
  return {};
}

std::expected<void, Refusal> check_fields(Head& head, std::span<const WantedHeader> wanted) {
  for (const WantedHeader& header : wanted) {
    if (header.form != HeaderForm::kOnce) continue;
    GL_TRY(check_single(head, header.name));
  }
  for (const std::string_view name : kSingle) {
    GL_TRY(check_single(head, name));
  }
  GL_TRY(find_length(head));
  GL_TRY(find_coding(head));
  head.host = is_absolute(head.target) ? authority_of(head.target) : head.value("Host");
  if (!is_host(head.host)) return refuse("Host must be a name or an address, and perhaps a port");
  // Some clients name a character set there.
  if (std::ranges::any_of(kCompressions,
                          [&](auto coding) { return lists(head, "Content-Encoding", coding); })) {
    return refuse("Content-Encoding must be identity: a body is read as it comes", 415);
  }
  if (const std::string_view expect = head.value("Expect"); !expect.empty()) {
    head.expects_continue = same_name(expect, "100-continue");
    if (!head.expects_continue) {
      return refuse("Expect must be 100-continue", 417);
    }
  }
  head.keep_alive = head.version == 11 ? !lists(head, "Connection", "close")
                                       : lists(head, "Connection", "keep-alive");
  return {};
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view Head::value(std::string_view name) const {
  const auto found = std::ranges::find_if(
      fields, [name](const Field& field) { return same_name(field.name, name); });
  return found == fields.end() ? std::string_view() : found->value;
}

std::string Head::joined(std::string_view name) const {
  std::string all;
  for (const Field& field : fields) {
    if (!same_name(field.name, name)) continue;
    if (!all.empty()) all += ',';
    all += field.value;
  }
  return all;
}

std::expected<bool, Refusal> check_start(std::string_view text, std::size_t checked) {
  if (text.starts_with('\x16')) return no_http("this is TLS, and here is the plain port");
  // The text is not searched from its beginning for each byte of a client that sends byte by byte.
  const std::size_t from = checked - std::min<std::size_t>(checked, 1);
  const std::size_t end = text.find("\r\n", from);
  std::string_view line = text.substr(0, end);
  if (end == std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
  // Not shown in the message, because the rest of the line may still be on its way.
  if (checked <= kLongestMethod && !may_begin_with_method(line))
    return no_http("the method is none");
  const std::size_t line_feed = text.find('\n', from);
  if (line_feed != std::string_view::npos && line_feed != end + 1) {
    return refuse("a line ends in LF alone: every line of a request ends in CR LF");
  }
  if (end == std::string_view::npos) return false;
  Head ignored;
  GL_TRY(parse_first_line(line, ignored));
  return true;
}

std::expected<Field, Refusal> parse_field(std::string_view line) {
  if (is_blank(line.front())) return refuse("it begins with a space; one header is one line");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return refuse("it has no colon: must be NAME: VALUE");
  const Field field{.name = line.substr(0, colon), .value = trimmed(line.substr(colon + 1))};
  if (!is_token(field.name)) {
    return refuse("its name is none: letters, digits and -, up to the colon");
  }
  if (std::ranges::any_of(field.value, [](char c) { return is_control(c) && c != '\t'; })) {
    return refuse(
        fmt::format("{} holds a control character; lines end in CR LF", redacted(field.name)));
  }
  return field;
}

std::expected<void, Refusal> parse_head(std::string_view text, Head& head,
                                        std::span<const WantedHeader> wanted) {
  Head fresh;
  fresh.fields = std::move(head.fields);
  fresh.fields.clear();
  fresh.fields.reserve(kMostlyFields);
  head = std::move(fresh);
  std::size_t end = text.find("\r\n");
  GL_TRY(parse_first_line(text.substr(0, end), head));
  for (text.remove_prefix(end + 2); !text.starts_with("\r\n"); text.remove_prefix(end + 2)) {
    end = text.find("\r\n");
    auto field = parse_field(text.substr(0, end));
    if (!field) {
      return refuse(fmt::format("header {}: {}", head.fields.size() + 1, field.error().why));
    }
    head.fields.push_back(*field);
  }
  return check_fields(head, wanted);
}

namespace {

std::string_view without_parameters(std::string_view element) {
  return trimmed(element.substr(0, element.find(';')));
}

// Whether the element's weight, ";q=", is 0.
bool is_refused(std::string_view element) {
  while (true) {
    const std::size_t semicolon = element.find(';');
    if (semicolon == std::string_view::npos) return false;
    element = trimmed(element.substr(semicolon + 1));
    const std::string_view parameter = trimmed(element.substr(0, element.find(';')));
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    return parameter.substr(2).find_first_not_of("0.") == std::string_view::npos;
  }
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool lists(std::string_view list, const std::function<bool(std::string_view)>& is_wanted) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (is_wanted(trimmed(list.substr(0, comma)))) return true;
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return false;
}

bool lists_token(std::string_view list, std::string_view token) {
  return lists(
      list, [token](std::string_view each) { return same_name(without_parameters(each), token); });
}

bool accepts(std::string_view list, std::string_view coding) {
  bool named = false;
  bool good = false;
  static_cast<void>(lists(list, [&](std::string_view each) {
    const std::string_view name = without_parameters(each);
    if (same_name(name, coding)) {
      named = true;
      good = !is_refused(each);
    } else if (name == "*" && !named) {
      good = !is_refused(each);
    }
    return named;
  }));
  return good;
}

bool names_tag(std::string_view list, std::string_view tag) {
  const auto without_weakness = [](std::string_view text) {
    return text.substr(text.starts_with("W/") ? 2 : 0);
  };
  return lists(list, [&, opaque = without_weakness(tag)](std::string_view each) {
    return each == "*" || without_weakness(each) == opaque;
  });
}

}  // namespace gridloom::http
