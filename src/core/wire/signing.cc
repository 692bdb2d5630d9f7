// A request's parameters are flattened once into one buffer of name=value pieces; every canonical
// string is that buffer in another order. Nearly all requests match the first order, so the others
// are built only if it fails, and only for small requests, because unauthenticated clients can
// trigger this work.
//
// The parameters are made into an object by the pass that flattens them: what is handled is what
// was signed, and a body is read once.
#include "wire/signing.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <system_error>

#include "base/ascii.h"
#include "base/printable.h"
#include "wire/flat_parameters.h"

namespace gridloom::wire {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kShownBytes = 2000;
constexpr std::size_t kTimestampBytes = 32;
constexpr std::string_view kAmbiguous = ".[]&=";
// Flattened bytes allowed for any body, in addition to limits.growth times the size of the body.
constexpr std::size_t kFlatBytes = std::size_t{16} * 1024;
constexpr std::size_t kReorderedBytes =
    std::size_t{16} * 1024;  // larger requests try only one order

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// A lookup table, because branches on a signature's random digits cannot be predicted.
constexpr std::uint8_t kNoHex = 0xff;
constexpr auto kHexValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoHex);
  for (std::uint8_t value = 0; value < 16; ++value) {
    values.at(static_cast<std::size_t>("0123456789abcdef"sv[value])) = value;
    values.at(static_cast<std::size_t>("0123456789ABCDEF"sv[value])) = value;
  }
  return values;
}();

// The value of a hex digit; kNoHex for any other character.
std::uint8_t hex_value(char c) { return kHexValues.at(static_cast<unsigned char>(c)); }

// For error messages: of limited length, always UTF-8, and without keys.
std::string shown(std::string_view text) {
  std::string out = redacted_beginning(text, kShownBytes);
  if (text.size() > kShownBytes) {
    out += fmt::format("... ({} more bytes)", text.size() - kShownBytes);
  }
  return out;
}

std::string decoded(std::string_view text) {
  if (text.find_first_of("%+") == std::string_view::npos) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const std::uint8_t high = hex_value(text[i + 1]);
      const std::uint8_t low = hex_value(text[i + 2]);
      if (high != kNoHex && low != kNoHex) {
        out += static_cast<char>(high << 4U | low);
        i += 2;
        continue;
      }
    }
    out += text[i] == '+' ? ' ' : text[i];
  }
  return out;
}

// Calls `on_pair` with each pair's name and value as sent; stops when the callback returns false.
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

std::unexpected<Error> wrong(std::string detail) {
  return fail(ErrorCode::kWrongSignature, std::move(detail));
}
std::unexpected<Error> bad_params(std::string detail) {
  return fail(ErrorCode::kBadParams, std::move(detail));
}

std::unexpected<Error> too_many(const SigningLimits& limits) {
  return bad_params(fmt::format("more than {} parameters, or {} bytes of them when flattened",
                                limits.parameters, limits.canonical_bytes));
}

std::unexpected<Error> ambiguous(std::string_view name) {
  return bad_params(
      fmt::format("the name \"{}\" in the body: a name may neither be empty nor "
                  "hold one of {}, which the signature could not tell from "
                  "nested names",
                  shown(name), kAmbiguous));
}

bool is_ambiguous(std::string_view name) {
  return name.empty() || name.find_first_of(kAmbiguous) != std::string_view::npos;
}

Status require_object(std::string_view body) {
  const auto first = std::ranges::find_if_not(body, is_space);
  if (first != body.end() && *first == '{') return {};
  return bad_params("the body must be a JSON object, as in {\"sn\":\"...\"}");
}

// The error for a body that is not an object. Text that is not JSON at all gets the parser's error,
// if the parser finds it within the number of values that a body may have.
Error why_no_object(std::string_view body, const SigningLimits& limits, Error no_object) {
  std::size_t values = 0;
  const auto on_leaf = [&](const Leaf&) { return ++values <= limits.parameters; };
  const Status walked =
      walk_json(body, limits.json, JsonVisitor{.on_leaf = on_leaf, .on_name = {}});
  if (walked || values > limits.parameters) return no_object;
  return walked.error();
}

// Stops at the first violation of a limit, so that the rest of the body costs nothing. `value`, if
// it is given, gets the body as an object, from the same pass.
Result<FlatParameters> flat_body(std::string_view body, const SigningLimits& limits,
                                 JsonObject* value) {
  if (const Status object = require_object(body); !object) {
    return std::unexpected(why_no_object(body, limits, object.error()));
  }
  FlatParameters flat;
  std::optional<Error> refused;
  std::size_t empty = 0;
  const std::size_t most_bytes =
      std::min(limits.canonical_bytes, kFlatBytes + limits.growth * body.size());
  const auto on_leaf = [&](const Leaf& leaf) {
    if (leaf.kind == LeafKind::kEmptyObject || leaf.kind == LeafKind::kEmptyArray) {
      // Empty values are not signed but are read: they have the same limit as the others.
      if (++empty <= limits.parameters) return true;
      refused = too_many(limits).error();
      return false;
    }
    if (flat.count() < limits.parameters &&
        flat.bytes() + leaf.path.size() + 1 + leaf.text.size() <= most_bytes) {
      flat.add(leaf.path, leaf.text);
      return true;
    }
    refused = flat.count() < limits.parameters && most_bytes < limits.canonical_bytes
                  ? bad_params(fmt::format("a body of {} bytes whose parameters are more than {} "
                                           "bytes when flattened: its names are too long",
                                           body.size(), most_bytes))
                        .error()
                  : too_many(limits).error();
    return false;
  };
  const auto on_name = [&](std::string_view name) {
    if (is_ambiguous(name)) refused = ambiguous(name).error();
    return !refused;
  };
  const JsonVisitor visitor{.on_leaf = on_leaf, .on_name = on_name};
  Status good;
  if (value == nullptr) {
    good = walk_json(body, limits.json, visitor);
  } else if (Result<Json> parsed = parse_json(body, limits.json, visitor); parsed) {
    *value = std::move(parsed->get_object());
  } else {
    good = std::unexpected(std::move(parsed.error()));
  }
  if (refused) return std::unexpected(std::move(*refused));
  if (!good) return std::unexpected(std::move(good.error()));
  return flat;
}

Status check_query(std::string_view query, const SigningLimits& limits) {
  if (query.size() > limits.query_bytes) {
    return bad_params(
        fmt::format("a query of {} bytes, {} are allowed", query.size(), limits.query_bytes));
  }
  const auto pairs = static_cast<std::size_t>(std::ranges::count(query, '&')) + 1;
  if (pairs > std::min(limits.parameters, kMaxQueryPairs)) return too_many(limits);
  return {};
}

std::unexpected<Error> too_deep(std::string_view name, const SigningLimits& limits) {
  return bad_params(fmt::format("the parameter {}: nested deeper than {} levels", shown(name),
                                limits.json.depth));
}

// Each step except the first begins with '.' or '['.
bool has_levels(std::string_view name, std::size_t most) {
  const auto begins = [](char c) { return c == '.' || c == '['; };
  return name.size() < most || static_cast<std::size_t>(std::ranges::count_if(name, begins)) < most;
}

Result<FlatParameters> flat_query(const QueryPairs& pairs, const SigningLimits& limits) {
  std::size_t bytes = pairs.size();
  for (const auto& [name, value] : pairs) bytes += name.size() + value.size();
  FlatParameters flat;
  flat.reserve(pairs.size(), bytes);
  for (const auto& [name, value] : pairs) {
    if (!has_levels(name, limits.json.depth)) return too_deep(name, limits);
    flat.add(name, value);
  }
  return flat;
}

// Reads the signed parameters: flattened, and into `read`, if it is given.
Result<FlatParameters> read_parameters(const SignedRequest& request, const SigningLimits& limits,
                                       ReadParameters* read) {
  switch (source_of(request)) {
    case Source::kNothing:
      return FlatParameters();
    case Source::kBody:
      return flat_body(request.body, limits, read == nullptr ? nullptr : &read->body);
    case Source::kQuery:
      break;
  }
  GL_TRY(check_query(request.query, limits));
  QueryPairs pairs = parse_query(request.query);
  Result<FlatParameters> flat = flat_query(pairs, limits);
  if (read != nullptr) read->query = std::move(pairs);
  return flat;
}

FlatParameters flat_raw_query(std::string_view query) {
  FlatParameters flat;
  each_raw_pair(query, [&flat](std::string_view name, std::string_view value) {
    flat.add(name, value);
    return true;
  });
  return flat;
}

void append_tail(std::string& text, const SignedRequest& request) {
  text.append("accessKey=").append(request.access_key);
  text.append("&nonce=").append(request.nonce).append("&timestamp=").append(request.timestamp);
  if (!request.path.empty()) {
    text.append("&method=").append(request.method).append("&path=").append(request.path);
  }
}

// Completes canonical strings and passes each distinct one on once. `Wanted` is called with each
// and returns whether more are wanted.
template <typename Wanted>
class Offer {
 public:
  Offer(const SignedRequest& request, const Wanted& wanted, SigningWork& work)
      : request_(request), wanted_(wanted), work_(work) {}

  // False if no more strings are wanted.
  bool operator()(std::string parameters) {
    if (!parameters.empty()) parameters += '&';
    append_tail(parameters, request_);
    if (std::ranges::find(offered_, parameters) != offered_.end()) return true;
    ++work_.orders;
    work_.signed_bytes += parameters.size();
    if (!wanted_(parameters)) return false;
    offered_.push_back(std::move(parameters));
    return true;
  }

 private:
  const SignedRequest& request_;
  const Wanted& wanted_;
  SigningWork& work_;
  std::vector<std::string> offered_;
};

// Whether a request is small enough to be tried in several orders. No known client uses another
// order than (a) and sends more than a few parameters.
bool is_reordered(const FlatParameters& flat, const SigningLimits& limits) {
  return flat.count() <= limits.reordered && flat.bytes() <= kReorderedBytes;
}

// Offers orders (a) to (c). False if no more strings are wanted.
template <typename Wanted>
bool offer_orders(FlatParameters& flat, Offer<Wanted>& offer, const SigningLimits& limits,
                  SigningWork& work) {
  flat.sort_by_name(work);
  const bool repeated = flat.has_repeated_name();
  if (!offer(flat.joined())) return false;
  if (!is_reordered(flat, limits)) return true;
  flat.sort_by_level(work);
  if (!offer(flat.joined())) return false;
  if (repeated) return true;
  flat.sort_by_piece(work);
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
  std::uint8_t seen = 0;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const std::uint8_t high = hex_value(hex[2 * i]);
    const std::uint8_t low = hex_value(hex[2 * i + 1]);
    seen |= high | low;
    digest[i] = static_cast<std::uint8_t>(high << 4U | low);
  }
  // A hex digit's value has at most the low four bits set.
  if (seen > 0x0f) return wrong("the header sign holds something else than hex digits");
  return digest;
}

// The parameters of a canonical text up to the first that is a secret by its name: a value may hold
// any character, so its end is not known.
std::string without_secrets(std::string_view canonical) {
  for (std::size_t at = 0; at < canonical.size();) {
    const std::size_t equals = canonical.find('=', at);
    if (equals == std::string_view::npos) break;
    if (names_a_secret(canonical.substr(at, equals - at))) {
      return std::string(canonical.substr(0, equals + 1)) + "***";
    }
    const std::size_t next = canonical.find('&', at);
    if (next == std::string_view::npos) break;
    at = next + 1;
  }
  return std::string(canonical);
}

// For error messages: the parameters of a canonical text without the headers. Some clients take any
// message that contains the header's name for a refusal of the key itself, so it is not shown.
std::string without_tail(std::string_view canonical, const SignedRequest& request) {
  std::string tail;
  append_tail(tail, request);
  return shown(without_secrets(canonical.substr(0, canonical.size() - tail.size())));
}

std::string_view where(Source source) {
  if (source == Source::kNothing)
    return "there are none, as the Content-Type is JSON without a body";
  return source == Source::kBody ? "they are in the body, as the Content-Type is JSON"
                                 : "they are in the query, as the Content-Type is not JSON";
}

// The element for a step below `at`, created if it is the next one; null means not yet set.
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

struct LevelParameter {
  Steps steps;
  std::string_view name;
  std::string_view value;
};

// Adds the rows in the order of their levels, so that arrays are filled from index 0.
Result<JsonObject> levels_from(std::vector<LevelParameter> rows) {
  std::ranges::sort(rows, {}, &LevelParameter::steps);
  Json root = JsonObject();
  for (const auto& [steps, name, value] : rows) {
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

// The object of a query with one parameter, as nearly all requests have.
JsonObject only_parameter(std::string_view name, std::string_view value) {
  JsonObject object;
  object[name].emplace_string() = value;
  return object;
}

Result<JsonObject> parameters_in_query(const QueryPairs& pairs) {
  std::vector<LevelParameter> rows;
  if (pairs.size() > 1) rows.reserve(pairs.size());
  for (const auto& [name, value] : pairs) {
    if (name.find_first_of("&=") != std::string::npos) {
      return bad_params(fmt::format("the parameter name \"{}\" holds & or =", shown(name)));
    }
    if (!is_utf8(name) || !is_utf8(value)) {
      return bad_params(fmt::format("the parameter {} is not UTF-8", shown(name)));
    }
    if (pairs.size() == 1 && name.find_first_of(".[") == std::string::npos) {
      return only_parameter(name, value);
    }
    rows.push_back({.steps = steps_of(name), .name = name, .value = value});
  }
  return levels_from(std::move(rows));
}

// Reads `sn`, the only parameter that may be read without being signed.
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

// for_each_canonical(), which reads the parameters into `read`, if it is given.
template <typename Wanted>
Status each_canonical(const SignedRequest& request, const SigningLimits& limits,
                      const Wanted& wanted, SigningWork* work, ReadParameters* read) {
  SigningWork counted;
  SigningWork& counts = work != nullptr ? *work : counted;
  GL_TRY(FlatParameters flat, read_parameters(request, limits, read));
  Offer offer(request, wanted, counts);
  const Source source = source_of(request);
  if (source == Source::kNothing) {
    offer("");
    return {};
  }
  if (!offer_orders(flat, offer, limits, counts) || source == Source::kBody) return {};
  if (!offer(std::string(request.query)) || !is_reordered(flat, limits)) return {};
  FlatParameters raw = flat_raw_query(request.query);
  raw.sort_by_name(counts);
  offer(raw.joined());
  return {};
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
                          const std::function<bool(std::string_view)>& wanted, SigningWork* work) {
  return each_canonical(request, limits, wanted, work, nullptr);
}

Status verify(const SignedRequest& request, KeyedMac& mac, const SigningLimits& limits,
              SigningWork* work, ReadParameters* read) {
  GL_TRY(check_headers(request, limits));
  GL_TRY(const Digest given, digest_of(request.sign));

  bool matches = false;
  Status computed;
  std::string first;
  const Status walked = each_canonical(
      request, limits,
      [&](std::string_view text) {
        const Result<Digest> digest = mac.of(text);
        if (!digest) {
          computed = std::unexpected(digest.error());
          return false;
        }
        matches = CRYPTO_memcmp(digest->data(), given.data(), given.size()) == 0;
        if (!matches && first.empty()) first = without_tail(text, request);
        return !matches;
      },
      work, read);
  if (!walked) return walked;
  if (!computed) return computed;
  if (matches) return {};
  return wrong(fmt::format(
      "the secret key is another one, or another text was signed; {}, so the text to sign is: "
      "{}[key]&nonce={}&timestamp={}{}, where [key] is the first header of the four as NAME=VALUE",
      where(source_of(request)), first, shown(request.nonce), request.timestamp,
      request.path.empty()
          ? ""
          : fmt::format("&method={}&path={}", request.method, shown(request.path))));
}

Result<std::string> sign(const SignedRequest& request, KeyedMac& mac, const SigningLimits& limits) {
  Result<Digest> digest = Digest{};
  GL_TRY(for_each_canonical(request, limits, [&](std::string_view text) {
    digest = mac.of(text);
    return false;
  }));
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

Result<JsonObject> parameters_of(const SignedRequest& request, const SigningLimits& limits,
                                 ReadParameters read) {
  switch (source_of(request)) {
    case Source::kBody:
      return std::move(read.body);
    case Source::kQuery:
      return parameters_in_query(read.query);
    case Source::kNothing:
      break;
  }
  GL_TRY(check_query(request.query, limits));
  return sn_in_query(request.query);
}

Result<JsonObject> parameters_of(const SignedRequest& request, const SigningLimits& limits) {
  ReadParameters read;
  GL_TRY(read_parameters(request, limits, &read));
  return parameters_of(request, limits, std::move(read));
}

namespace {

std::unexpected<Error> crypto_error() {
  return fail(ErrorCode::kInternal, "OpenSSL could not compute HMAC-SHA256");
}

}  // namespace

void KeyedMac::Free::operator()(evp_mac_ctx_st* context) const noexcept {
  EVP_MAC_CTX_free(context);
}

Result<KeyedMac> KeyedMac::make(const Secret& secret) {
  if (secret.empty()) return fail(ErrorCode::kInternal, "a signing key must not be empty");
  EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
  KeyedMac mac(algorithm == nullptr ? nullptr : EVP_MAC_CTX_new(algorithm));
  EVP_MAC_free(algorithm);
  std::string hash = "SHA256";
  const std::array<OSSL_PARAM, 2> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash.data(), 0),
      OSSL_PARAM_construct_end()};
  const std::string& key = secret.reveal();
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL takes bytes
  const auto* bytes = reinterpret_cast<const unsigned char*>(key.data());
  if (mac.context_ == nullptr ||
      EVP_MAC_init(mac.context_.get(), bytes, key.size(), params.data()) != 1) {
    return crypto_error();
  }
  return mac;
}

Result<KeyedMac> KeyedMac::copy() const {
  KeyedMac mac(EVP_MAC_CTX_dup(context_.get()));
  if (mac.context_ == nullptr) return crypto_error();
  return mac;
}

Result<Digest> KeyedMac::of(std::string_view text) {
  Digest digest{};
  std::size_t size = 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL takes bytes
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1 ||
      EVP_MAC_update(context_.get(), bytes, text.size()) != 1 ||
      EVP_MAC_final(context_.get(), digest.data(), &size, digest.size()) != 1 ||
      size != digest.size()) {
    return crypto_error();
  }
  return digest;
}

}  // namespace gridloom::wire
