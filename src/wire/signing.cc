// A request's parameters are flattened once into one buffer of name=value pieces; every canonical
// string is that buffer in another order. Nearly all requests match the first order, so the others
// are built only when it fails.
//
// The reading side (parameters_of) stands here too, because it must read exactly what was signed.
#include "wire/signing.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <system_error>

namespace gridloom::wire {
namespace {

constexpr std::size_t kShownBytes = 2000;
constexpr std::size_t kTimestampBytes = 32;
constexpr std::string_view kAmbiguous = ".[]&=";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::optional<std::uint8_t> hex_value(char c) {
  if (is_digit(c)) return static_cast<std::uint8_t>(c - '0');
  const char letter = lower(c);
  if (letter < 'a' || letter > 'f') return std::nullopt;
  return static_cast<std::uint8_t>(letter - 'a' + 10);
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_utf8(std::string_view text) {
  if (is_ascii(text)) return true;
  std::string quoted;
  append_quoted(quoted, text);
  return parse_json(quoted, {.bytes = quoted.size(), .depth = 1, .keys = 0}).has_value();
}

// For messages: bounded, and always UTF-8.
std::string shown(std::string_view text) {
  std::size_t cut = std::min(text.size(), kShownBytes);
  while (cut < text.size() && cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0U) == 0x80U) {
    --cut;
  }
  std::string out(text.substr(0, cut));
  if (!is_utf8(out)) {
    std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  }
  if (cut < text.size()) out += fmt::format("... ({} more bytes)", text.size() - cut);
  return out;
}

std::string decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex_value(text[i + 1]);
      const auto low = hex_value(text[i + 2]);
      if (high && low) {
        out += static_cast<char>(*high << 4U | *low);
        i += 2;
        continue;
      }
    }
    out += text[i] == '+' ? ' ' : text[i];
  }
  return out;
}

// Calls back with each pair's name and value as sent; stops when told false.
template <typename OnPair>
void each_raw_pair(std::string_view query, OnPair on_pair) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (!on_pair(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())))) return;
  }
}

// One step of a flattened name: a member's name or an array's index.
struct Step {
  std::string_view text;
  enum class Kind : std::uint8_t { kIndex, kName } kind = Kind::kName;

  // Indexes come before names, and by number: their texts have no leading zeros.
  friend bool operator<(const Step& a, const Step& b) {
    if (a.kind != b.kind) return a.kind < b.kind;
    if (a.kind == Kind::kIndex && a.text.size() != b.text.size()) {
      return a.text.size() < b.text.size();
    }
    return a.text < b.text;
  }
};
using Steps = std::vector<Step>;

// a.b[0].c as steps. A name that is not built like this is one step, as it stands.
Steps steps_of(std::string_view name) {
  Steps whole = {{.text = name, .kind = Step::Kind::kName}};
  Steps steps;
  std::size_t at = 0;
  while (at < name.size()) {
    if (name[at] == '[') {
      const std::size_t close = name.find(']', at);
      if (close == std::string_view::npos || steps.empty()) return whole;
      const std::string_view index = name.substr(at + 1, close - at - 1);
      const bool number = !index.empty() && std::ranges::all_of(index, is_digit);
      if (!number || (index.size() > 1 && index.front() == '0')) return whole;
      steps.push_back({.text = index, .kind = Step::Kind::kIndex});
      at = close + 1;
      if (at < name.size() && name[at] != '[' && name[at] != '.') return whole;
      continue;
    }
    if (!steps.empty()) {
      if (name[at] != '.') return whole;
      ++at;
    }
    const std::size_t end = std::min(name.find_first_of(".[", at), name.size());
    const std::string_view text = name.substr(at, end - at);
    if (text.empty() || text.contains(']')) return whole;
    steps.push_back({.text = text, .kind = Step::Kind::kName});
    at = end;
  }
  return steps.empty() ? whole : steps;
}

// Flattened parameters: pieces of one text, each name=value.
class Flat {
 public:
  void add(std::string_view name, std::string_view value) {
    pieces_.push_back({.start = text_.size(),
                       .name_bytes = name.size(),
                       .bytes = name.size() + 1 + value.size()});
    text_.append(name).append("=").append(value);
  }
  [[nodiscard]] bool fits(const SigningLimits& limits, std::size_t more) const {
    return pieces_.size() < limits.parameters && text_.size() + more <= limits.canonical_bytes;
  }

  void sort_by_name() {
    sort([this](const Piece& piece) { return name(piece); });
  }
  void sort_by_piece() {
    sort([this](const Piece& piece) { return whole(piece); });
  }
  void sort_by_level() {
    std::vector<std::pair<Steps, Piece>> keyed;
    keyed.reserve(pieces_.size());
    for (const Piece& piece : pieces_) keyed.emplace_back(steps_of(name(piece)), piece);
    std::ranges::sort(keyed, [](const auto& a, const auto& b) {
      return std::tie(a.first, a.second.start) < std::tie(b.first, b.second.start);
    });
    std::ranges::transform(keyed, pieces_.begin(), [](const auto& pair) { return pair.second; });
  }
  // Needs sort_by_name().
  [[nodiscard]] bool has_repeated_name() const {
    return std::ranges::adjacent_find(
               pieces_, {}, [this](const Piece& piece) { return name(piece); }) != pieces_.end();
  }

  [[nodiscard]] std::string joined() const {
    std::string out;
    out.reserve(text_.size() + pieces_.size() + 256);
    for (const Piece& piece : pieces_) {
      if (!out.empty()) out += '&';
      out.append(whole(piece));
    }
    return out;
  }

 private:
  struct Piece {
    std::size_t start = 0;
    std::size_t name_bytes = 0;
    std::size_t bytes = 0;
  };
  [[nodiscard]] std::string_view name(const Piece& piece) const {
    return std::string_view(text_).substr(piece.start, piece.name_bytes);
  }
  [[nodiscard]] std::string_view whole(const Piece& piece) const {
    return std::string_view(text_).substr(piece.start, piece.bytes);
  }
  // What is equal stays in the order in which it was sent.
  template <typename Key>
  void sort(Key key) {
    std::ranges::sort(pieces_, [&key](const Piece& a, const Piece& b) {
      const int order = key(a).compare(key(b));
      return order != 0 ? order < 0 : a.start < b.start;
    });
  }

  std::string text_;
  std::vector<Piece> pieces_;
};

std::unexpected<Fault> wrong(std::string detail) {
  return fail(FaultKind::kWrongSignature, std::move(detail));
}
std::unexpected<Fault> bad_params(std::string detail) {
  return fail(FaultKind::kBadParams, std::move(detail));
}

std::unexpected<Fault> too_many(const SigningLimits& limits) {
  return bad_params(fmt::format("more than {} parameters, or {} bytes of them when flattened",
                                limits.parameters, limits.canonical_bytes));
}

Status require_object(std::string_view body) {
  const auto first = std::ranges::find_if_not(body, is_space);
  if (first != body.end() && *first == '{') return {};
  return bad_params("the body must be a JSON object, as in {\"sn\":\"...\"}");
}

Result<Flat> flat_body(std::string_view body, const SigningLimits& limits) {
  Flat flat;
  bool fits = true;
  const Status walked = walk_json(body, limits.json, [&](const Leaf& leaf) {
    if (leaf.kind == LeafKind::kEmptyObject || leaf.kind == LeafKind::kEmptyArray) return;
    fits = fits && flat.fits(limits, leaf.path.size() + leaf.text.size() + 1);
    if (fits) flat.add(leaf.path, leaf.text);
  });
  if (!walked) return std::unexpected(walked.error());
  if (!fits) return too_many(limits);
  if (const Status object = require_object(body); !object) return std::unexpected(object.error());
  return flat;
}

Status check_query(std::string_view query, const SigningLimits& limits) {
  if (query.size() > limits.query_bytes) {
    return bad_params(
        fmt::format("a query of {} bytes, {} are allowed", query.size(), limits.query_bytes));
  }
  const auto pairs = static_cast<std::size_t>(std::ranges::count(query, '&')) + 1;
  if (pairs > std::min(limits.parameters, kMostQueryPairs)) return too_many(limits);
  return {};
}

Flat flat_query(std::string_view query) {
  Flat flat;
  for (const auto& [name, value] : parse_query(query)) flat.add(name, value);
  return flat;
}

Flat flat_raw_query(std::string_view query) {
  Flat flat;
  each_raw_pair(query, [&flat](std::string_view name, std::string_view value) {
    flat.add(name, value);
    return true;
  });
  return flat;
}

// Completes canonical strings and passes each on once.
class Offer {
 public:
  Offer(const SignedRequest& request, const std::function<bool(std::string_view)>& wanted)
      : tail_(fmt::format("accessKey={}&nonce={}&timestamp={}", request.access_key, request.nonce,
                          request.timestamp)),
        wanted_(wanted) {}

  // False when no more is wanted.
  bool operator()(std::string parameters) {
    if (!parameters.empty()) parameters += '&';
    parameters += tail_;
    if (std::ranges::find(offered_, parameters) != offered_.end()) return true;
    return wanted_(offered_.emplace_back(std::move(parameters)));
  }

 private:
  std::string tail_;
  const std::function<bool(std::string_view)>& wanted_;
  std::vector<std::string> offered_;
};

// Orders (a) to (c). False when no more is wanted.
bool offer_orders(Flat& flat, Offer& offer) {
  flat.sort_by_name();
  const bool repeated = flat.has_repeated_name();
  if (!offer(flat.joined())) return false;
  flat.sort_by_level();
  if (!offer(flat.joined())) return false;
  if (repeated) return true;
  flat.sort_by_piece();
  return offer(flat.joined());
}

Status check_headers(const SignedRequest& request, const SigningLimits& limits) {
  if (request.sign.empty()) return wrong("the header sign is missing");
  if (request.nonce.empty()) return wrong("the header nonce is missing");
  if (request.timestamp.empty()) return wrong("the header timestamp is missing");
  if (request.nonce.size() > limits.nonce_bytes) {
    return wrong(fmt::format("the header nonce has {} characters, at most {} are allowed",
                             request.nonce.size(), limits.nonce_bytes));
  }
  const std::string_view digits =
      request.timestamp.substr(request.timestamp.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits.size() > kTimestampBytes || !std::ranges::all_of(digits, is_digit)) {
    return wrong(
        fmt::format("the header timestamp is \"{}\", expected a whole number, such as "
                    "1671171709428",
                    shown(request.timestamp)));
  }
  return {};
}

Result<Digest> digest_of(std::string_view hex) {
  Digest digest{};
  if (hex.size() != 2 * digest.size()) {
    return wrong(
        fmt::format("the header sign has {} characters, expected 64 hex digits", hex.size()));
  }
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const auto high = hex_value(hex[2 * i]);
    const auto low = hex_value(hex[2 * i + 1]);
    if (!high || !low) return wrong("the header sign holds something else than hex digits");
    digest[i] = static_cast<std::uint8_t>(*high << 4U | *low);
  }
  return digest;
}

std::string_view where(Source source) {
  if (source == Source::kNothing)
    return "there are none, as the Content-Type is JSON without a body";
  return source == Source::kBody ? "they are in the body, as the Content-Type is JSON"
                                 : "they are in the query, as the Content-Type is not JSON";
}

Status check_names(const Json& value) {
  if (const JsonArray* array = value.if_array()) {
    for (const Json& element : *array) {
      if (Status status = check_names(element); !status) return status;
    }
  } else if (const JsonObject* object = value.if_object()) {
    for (const auto& [name, inner] : *object) {
      const std::string_view key = name;
      if (key.empty() || key.find_first_of(kAmbiguous) != std::string_view::npos) {
        return bad_params(
            fmt::format("the name \"{}\" in the body: a name may neither be empty nor "
                        "hold one of {}, which the signature could not tell from "
                        "nested names",
                        shown(key), kAmbiguous));
      }
      if (Status status = check_names(inner); !status) return status;
    }
  }
  return {};
}

Result<JsonObject> parameters_in_body(std::string_view body, const SigningLimits& limits) {
  Result<Json> value = parse_json(body, limits.json);
  if (!value) return std::unexpected(std::move(value).error());
  if (const Status object = require_object(body); !object) return std::unexpected(object.error());
  if (const Status names = check_names(*value); !names) return std::unexpected(names.error());
  return std::move(value->get_object());
}

// The place for a step below `at`, made when it is the next one; null stands for not yet given.
Json* below(Json& at, const Step& step) {
  if (step.kind == Step::Kind::kName) {
    if (at.is_null()) at.emplace_object();
    return at.is_object() ? &at.get_object()[step.text] : nullptr;
  }
  if (at.is_null()) at.emplace_array();
  if (!at.is_array()) return nullptr;
  JsonArray& array = at.get_array();
  std::size_t index = 0;
  const char* end = step.text.data() + step.text.size();
  if (std::from_chars(step.text.data(), end, index).ec != std::errc()) return nullptr;
  if (index == array.size()) array.emplace_back(nullptr);
  return index + 1 == array.size() ? &array.back() : nullptr;
}

struct Row {
  Steps steps;
  std::string_view name;
  std::string_view value;
};

// In the order of their levels, so that arrays fill up from index 0.
Result<JsonObject> levels_from(std::vector<Row> rows, const SigningLimits& limits) {
  std::ranges::sort(rows, {}, &Row::steps);
  Json root = JsonObject();
  for (const auto& [steps, name, value] : rows) {
    if (steps.size() > limits.json.depth) {
      return bad_params(fmt::format("the parameter {}: nested deeper than {} levels", shown(name),
                                    limits.json.depth));
    }
    Json* at = &root;
    for (const Step& step : steps) {
      at = below(*at, step);
      if (at == nullptr) break;
    }
    if (at == nullptr || !at->is_null()) {
      return bad_params(
          fmt::format("the parameter {} is given twice, or leaves out an index before it, or is "
                      "both a value and a group",
                      shown(name)));
    }
    at->emplace_string() = value;
  }
  return std::move(root.get_object());
}

Result<JsonObject> parameters_in_query(std::string_view query, const SigningLimits& limits) {
  const QueryPairs pairs = parse_query(query);
  std::vector<Row> rows;
  rows.reserve(pairs.size());
  for (const auto& [name, value] : pairs) {
    if (name.find_first_of("&=") != std::string::npos) {
      return bad_params(fmt::format("the parameter name \"{}\" holds & or =", shown(name)));
    }
    if (!is_utf8(name) || !is_utf8(value)) {
      return bad_params(fmt::format("the parameter {} is not UTF-8", shown(name)));
    }
    rows.push_back({.steps = steps_of(name), .name = name, .value = value});
  }
  return levels_from(std::move(rows), limits);
}

// The one parameter that may be read without being signed.
Result<JsonObject> sn_in_query(std::string_view query) {
  JsonObject found;
  for (const auto& [name, value] : parse_query(query)) {
    if (name != "sn") continue;
    if (found.contains(name)) return bad_params("the parameter sn is given twice");
    if (!is_utf8(value)) return bad_params("the parameter sn is not UTF-8");
    found[name] = value;
  }
  return found;
}

}  // namespace

bool is_json_type(std::string_view content_type) {
  std::string type;
  for (const char c : content_type.substr(0, content_type.find(';'))) {
    if (!is_space(c)) type += lower(c);
  }
  const std::size_t slash = type.find('/');
  if (slash == std::string::npos || slash == 0) return false;
  const std::string_view subtype = std::string_view(type).substr(slash + 1);
  return subtype == "json" || subtype.ends_with("+json");
}

Source source_of(const SignedRequest& request) {
  if (!is_json_type(request.content_type)) return Source::kQuery;
  return std::ranges::all_of(request.body, is_space) ? Source::kNothing : Source::kBody;
}

Status for_each_canonical(const SignedRequest& request, const SigningLimits& limits,
                          const std::function<bool(std::string_view)>& wanted) {
  Offer offer(request, wanted);
  switch (source_of(request)) {
    case Source::kNothing:
      offer("");
      return {};
    case Source::kBody: {
      Result<Flat> flat = flat_body(request.body, limits);
      if (!flat) return std::unexpected(std::move(flat).error());
      offer_orders(*flat, offer);
      return {};
    }
    case Source::kQuery:
      break;
  }
  if (Status status = check_query(request.query, limits); !status) return status;
  Flat flat = flat_query(request.query);
  if (!offer_orders(flat, offer) || !offer(std::string(request.query))) return {};
  Flat raw = flat_raw_query(request.query);
  raw.sort_by_name();
  offer(raw.joined());
  return {};
}

Result<std::vector<std::string>> canonical_strings(const SignedRequest& request,
                                                   const SigningLimits& limits) {
  std::vector<std::string> strings;
  const Status status = for_each_canonical(request, limits, [&strings](std::string_view text) {
    strings.emplace_back(text);
    return true;
  });
  if (!status) return std::unexpected(status.error());
  return strings;
}

Status verify(const SignedRequest& request, KeyedMac& mac, const SigningLimits& limits) {
  if (Status status = check_headers(request, limits); !status) return status;
  const Result<Digest> given = digest_of(request.sign);
  if (!given) return std::unexpected(given.error());

  bool matches = false;
  Status computed;
  std::string first;
  const Status walked = for_each_canonical(request, limits, [&](std::string_view text) {
    const Result<Digest> digest = mac.of(text);
    if (!digest) {
      computed = std::unexpected(digest.error());
      return false;
    }
    matches = CRYPTO_memcmp(digest->data(), given->data(), given->size()) == 0;
    if (!matches && first.empty()) first = shown(text);
    return !matches;
  });
  if (!walked) return walked;
  if (!computed) return computed;
  if (matches) return {};
  return wrong(
      fmt::format("the secret key is another one, or another text was signed; {}, so the "
                  "text to sign is: {}",
                  where(source_of(request)), first));
}

Result<std::string> sign(const SignedRequest& request, KeyedMac& mac, const SigningLimits& limits) {
  Result<Digest> digest = Digest{};
  const Status status = for_each_canonical(request, limits, [&](std::string_view text) {
    digest = mac.of(text);
    return false;
  });
  if (!status) return std::unexpected(status.error());
  if (!digest) return std::unexpected(std::move(digest).error());
  std::string hex;
  for (const std::uint8_t byte : *digest) fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  return hex;
}

QueryPairs parse_query(std::string_view query, std::size_t most) {
  QueryPairs pairs;
  each_raw_pair(query, [&](std::string_view name, std::string_view value) {
    if (pairs.size() >= most) return false;
    pairs.emplace_back(decoded(name), decoded(value));
    return true;
  });
  return pairs;
}

Result<JsonObject> parameters_of(const SignedRequest& request, const SigningLimits& limits) {
  const Source source = source_of(request);
  if (source == Source::kBody) return parameters_in_body(request.body, limits);
  if (const Status status = check_query(request.query, limits); !status) {
    return std::unexpected(status.error());
  }
  return source == Source::kQuery ? parameters_in_query(request.query, limits)
                                  : sn_in_query(request.query);
}

Status ReplayGuard::admit(const SignedRequest& request, TimePoint now) {
  std::int64_t sent_ms = 0;
  const std::string_view text = request.timestamp;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), sent_ms);
  const std::int64_t now_ms = unix_ms(now);
  const std::int64_t window_ms = limits_.window.count();
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() ||
      sent_ms < now_ms - window_ms || sent_ms > now_ms + window_ms) {
    return wrong(
        fmt::format("the timestamp {} is more than {} s away from the server's {} "
                    "(milliseconds since 1970)",
                    shown(text), limits_.window / std::chrono::seconds(1), now_ms));
  }
  const std::scoped_lock lock(mutex_);
  while (!seen_.empty() && std::get<0>(*seen_.begin()) < now_ms - window_ms) {
    seen_.erase(seen_.begin());
  }
  auto entry =
      std::make_tuple(sent_ms, std::string(request.access_key), std::string(request.nonce));
  if (seen_.contains(entry)) {
    return wrong(fmt::format("nonce {} and timestamp {} were used before; both must be new",
                             shown(request.nonce), shown(text)));
  }
  if (seen_.size() >= limits_.remembered) {
    return wrong(fmt::format("more than {} requests within the time window; try again later",
                             limits_.remembered));
  }
  seen_.insert(std::move(entry));
  return {};
}

}  // namespace gridloom::wire
