// The platform's request signature: HMAC-SHA256 over the parameters, flattened and sorted, followed
// by accessKey, nonce and timestamp (guide: "HTTP access steps"; quirks 1-6).
//
// Clients disagree about the order of parameters, so a request has up to six canonical strings and
// is accepted if any of them matches. Only the Content-Type decides where the parameters are
// (source_of), and parameters_of() reads them only from there: an unsigned query beside a signed
// body therefore has no effect.
//
// The scheme itself cannot distinguish 1 and "1", an empty object and none, or a string holding
// `&b=2` and a parameter b; this code does not either. parameters_of() refuses names that would be
// ambiguous (with a dot, a bracket, `&` or `=`).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "wire/flat_parameters.h"
#include "wire/json.h"

struct evp_mac_ctx_st;

namespace gridloom::wire {

// HMAC-SHA256 with a key schedule computed once, for signing requests (wire/signing.h).
//
// The key is stored in the OpenSSL context and cannot be read back through this interface.
using Digest = std::array<std::uint8_t, 32>;

// An HMAC-SHA256 keyed once: a fifth of the cost of setting the key for every request.
// Thread rule: one thread at a time; give every thread a copy().
class KeyedMac {
 public:
  [[nodiscard]] static Result<KeyedMac> make(const Secret& secret);
  [[nodiscard]] Result<KeyedMac> copy() const;
  [[nodiscard]] Result<Digest> of(std::string_view text);

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const noexcept;
  };
  explicit KeyedMac(evp_mac_ctx_st* context) : context_(context) {}

  std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

// Where the paths of Gridloom's own interface begin, whose requests sign their method and path too.
inline constexpr std::string_view kOwnPaths = "/api/v1/";
// A path of the same interface, at the place where Prometheus looks for metrics.
inline constexpr std::string_view kHomeMetrics = "/metrics/home";
[[nodiscard]] constexpr bool is_own_path(std::string_view path) {
  return path.starts_with(kOwnPaths) || path == kHomeMetrics;
}

// Views of one HTTP request; an absent header is an empty view.
struct SignedRequest {
  std::string_view content_type;
  std::string_view query;  // as sent, the text after the '?'
  std::string_view body;
  std::string_view access_key;
  std::string_view nonce;
  std::string_view timestamp;
  std::string_view sign;
  // Unless the path is empty, method and path are signed too: `&method=GET&path=/api/v1/...` is
  // appended after the timestamp. The vendor's interface signs neither; Gridloom's own interface
  // has parameters in the path.
  std::string_view method{};
  std::string_view path{};  // without the query
};

struct SigningLimits {
  JsonLimits json = {};  // for the body
  std::size_t query_bytes = std::size_t{64} * 1024;
  std::size_t parameters = 2048;  // after flattening
  std::size_t growth = 4;         // flattened bytes per byte of the body, beyond the first 16 KB
  std::size_t reordered = 256;    // up to this many parameters try all orders; more: only (a), (d)
  std::size_t canonical_bytes = std::size_t{1024} * 1024;
  std::size_t nonce_bytes = 64;
};

// Where the signed parameters are. With kNothing (a JSON Content-Type and no body) only the headers
// are signed, and only `sn` is read from the query.
enum class Source : std::uint8_t { kBody, kQuery, kNothing };
[[nodiscard]] Source source_of(const SignedRequest& request);
// Whether the type is application/json, text/json or application/x+json, with any parameters, case
// and spacing.
[[nodiscard]] bool is_json_type(std::string_view content_type);

// The canonical strings in the order in which they are tried, without repetitions:
//   (a) flattened names in ASCII order
//   (b) names sorted at each level, array elements by index
//   (c) whole name=value texts sorted (not when a name occurs twice: they could be swapped unseen)
// and for parameters in the query, whose (a) to (c) are percent-decoded, also
//   (d) the query as sent
//   (e) its pairs sorted by name, undecoded
// (The query's pairs sorted and decoded are (a).) Stops when `wanted` returns false. A request with
// many parameters (limits.reordered) has only (a) and (d).
// kMalformed: the body is not JSON. kBadParams: the body is not an object, a limit is exceeded, a
// name is ambiguous or has too many levels. The counts are added to `work`.
[[nodiscard]] Status for_each_canonical(const SignedRequest& request, const SigningLimits& limits,
                                        const std::function<bool(std::string_view)>& wanted,
                                        SigningWork* work = nullptr);

// Returns the name=value pairs in the order sent, percent-decoded like HTML forms: '+' is a space,
// an invalid escape is kept unchanged, a name without '=' has an empty value, and empty pairs are
// left out. Returns at most `most` pairs; the rest is ignored.
inline constexpr std::size_t kMaxQueryPairs = 4096;
using QueryPairs = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] QueryPairs parse_query(std::string_view query, std::size_t most = kMaxQueryPairs);

// The signed parameters as verify() read them; whichever source they are not in is empty.
struct ReadParameters {
  JsonObject body{};
  QueryPairs query{};
};

// Verifies the signature. kWrongSignature: a header is missing or invalid, or no canonical string
// matches; the detail then shows string (a), with [key] instead of the access key. Other errors are
// those of for_each_canonical(). `mac` holds the secret of request.access_key, which the caller has
// looked up. `read`, if it is given, gets the parameters, so that they need not be read again.
// Unauthenticated clients can trigger this; docs/internals/parser-cost.md gives its maximum cost.
[[nodiscard]] Status verify(const SignedRequest& request, KeyedMac& mac,
                            const SigningLimits& limits = {}, SigningWork* work = nullptr,
                            ReadParameters* read = nullptr);

// The `sign` header for a request that lacks it: 64 lower-case hex digits over string (a).
[[nodiscard]] Result<std::string> sign(const SignedRequest& request, KeyedMac& mac,
                                       const SigningLimits& limits = {});

// The parameters covered by the signature, as one object. The flattened names of a query become
// nested levels (params.quotas[0]=pd.soc), and its values stay strings. Source::kNothing gives only
// the query's `sn`. Call it after verify(), with what that read. kBadParams: a duplicate name, a
// hole in an array, a value and a group under one name, an ambiguous name, or text that is not
// UTF-8.
[[nodiscard]] Result<JsonObject> parameters_of(const SignedRequest& request,
                                               const SigningLimits& limits, ReadParameters read);
// The same without verify(): reads the parameters itself. kMalformed as for verify().
[[nodiscard]] Result<JsonObject> parameters_of(const SignedRequest& request,
                                               const SigningLimits& limits = {});

}  // namespace gridloom::wire
