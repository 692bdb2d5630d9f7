#include "http/envelope.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdint>

#include "base/chance.h"
#include "base/secret.h"
#include "wire/json.h"

namespace gridloom::http {
namespace {

// `data` may be as large as a device's quota/all.
std::string envelope(std::string_view code, std::string_view message, std::string_view data,
                     std::string_view trace_id) {
  std::string body;
  body.reserve(data.size() + 160 + kReservedForHead);
  body.append(R"({"code":")").append(code).append(R"(","message":)");
  wire::append_quoted(body, message);
  if (!data.empty()) body.append(R"(,"data":)").append(data);
  body.append(R"(,"eagleEyeTraceId":")").append(trace_id).append(R"(","tid":""})");
  return body;
}

}  // namespace

std::string make_trace_id() {
  // Unique, not unguessable: a counter mixed with random bytes from the start of the process.
  static const Chance chance = Chance(0).split(random_hex(16));
  static std::atomic<std::uint64_t> next{0};
  const std::uint64_t number = next.fetch_add(2, std::memory_order_relaxed);
  constexpr unsigned kDigits = 16;  // of each 64-bit half
  std::uint64_t first = chance.bits(number);
  std::uint64_t second = chance.bits(number + 1);
  std::string id(std::size_t{2} * kDigits, '0');
  for (unsigned i = kDigits; i-- > 0; first >>= 4U, second >>= 4U) {
    id[i] = "0123456789abcdef"[first & 0xfU];
    id[kDigits + i] = "0123456789abcdef"[second & 0xfU];
  }
  return id;
}

Response success(std::string_view data, std::string_view trace_id) {
  Response response;
  response.body = envelope("0", "Success", data, trace_id);
  return response;
}

SplitEnvelope success_envelope(std::string_view trace_id) {
  constexpr std::string_view kData = "null";
  const std::string whole = envelope("0", "Success", kData, trace_id);
  const std::size_t at = whole.find(kData);
  return {.before = whole.substr(0, at), .after = whole.substr(at + kData.size())};
}

Response failure(const Error& fault, std::string_view trace_id) {
  const auto [code, message] = code_of(fault.code);
  Response response;
  if (code == "1000") {
    spdlog::error("request with trace id {} failed: {}", trace_id, fault.detail);
    response.body = envelope(code, message, {}, trace_id);
    response.code = code;
    response.why = fmt::format("request {}", trace_id);
    return response;
  }
  response.code = code;
  response.why = fault.detail;
  const bool explained = !fault.detail.empty();
  response.body = envelope(
      code, explained ? fmt::format("{}: {}", message, fault.detail) : std::string(message), {},
      trace_id);
  return response;
}

Response transport_error(unsigned status, std::string_view why) {
  Response response;
  response.status = status;
  response.code = std::to_string(status);
  response.why = why;
  response.body = envelope(response.code, fmt::format("{}: {}", reason_phrase(status), why), {},
                           make_trace_id());
  return response;
}

}  // namespace gridloom::http
