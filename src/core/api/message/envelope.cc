#include "api/message/envelope.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdint>
#include <utility>

#include "base/chance.h"
#include "base/clock.h"
#include "base/log_throttle.h"
#include "base/printable.h"
#include "base/secret.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

constexpr std::string_view kData = R"(,"data":)";
constexpr std::size_t kUsualBytes = 160;  // of an envelope without its data

// A disk that fails makes every request fail in the same way.
constexpr LogThrottle::Options kOfDisk{.times = 1, .within = Millis(60'000)};

void log_failure(const Error& fault, std::string_view trace_id) {
  static LogThrottle of_disk(kOfDisk);
  static LogThrottle others({});
  static const SteadyClock clock;
  const bool is_of_disk = fault.code == ErrorCode::kIo;
  const auto left_out = (is_of_disk ? of_disk : others).admit(clock.now());
  if (!left_out) return;
  spdlog::error("request with trace id {} failed: {}{}", trace_id, fault.detail,
                *left_out == 0 ? "" : fmt::format(" ({} more before it)", *left_out));
}

void append_begin(std::string& body, std::string_view code, std::string_view message) {
  body.append(R"({"code":")").append(code).append(R"(","message":)");
  wire::append_quoted(body, message);
}

void append_end(std::string& body, std::string_view trace_id) {
  body.append(R"(,"eagleEyeTraceId":")").append(trace_id).append(R"(","tid":""})");
}

std::string envelope(std::string_view code, std::string_view message, std::string_view data,
                     std::string_view trace_id) {
  std::string body;
  body.reserve(data.size() + kUsualBytes);
  append_begin(body, code, message);
  if (!data.empty()) body.append(kData).append(data);
  append_end(body, trace_id);
  return body;
}

}  // namespace

TraceId TraceId::make() {
  // Unique, not unguessable: a counter mixed with random bytes from the start of the process.
  static const Chance chance = Chance(0).split(random_hex(16));
  static std::atomic<std::uint64_t> next{0};
  const std::uint64_t number = next.fetch_add(2, std::memory_order_relaxed);
  std::uint64_t first = chance.bits(number);
  std::uint64_t second = chance.bits(number + 1);
  TraceId id;
  constexpr std::size_t kDigits = 16;  // of each 64-bit half
  for (std::size_t i = kDigits; i-- > 0; first >>= 4U, second >>= 4U) {
    id.digits_.at(i) = "0123456789abcdef"[first & 0xfU];
    id.digits_.at(kDigits + i) = "0123456789abcdef"[second & 0xfU];
  }
  return id;
}

http::Response success(std::string_view data, std::string_view trace_id) {
  http::Response response;
  response.body = envelope("0", "Success", data, trace_id);
  return response;
}

http::Response success_shared(SharedText data, std::string_view trace_id) {
  if (data.empty()) return success({}, trace_id);
  http::Response response;
  response.body.reserve(kUsualBytes);
  append_begin(response.body, "0", "Success");
  response.body += kData;
  response.data = std::move(data);
  response.data_at = response.body.size();
  append_end(response.body, trace_id);
  return response;
}

SplitEnvelope success_envelope(std::string_view trace_id) {
  SplitEnvelope around;
  append_begin(around.before, "0", "Success");
  around.before += kData;
  append_end(around.after, trace_id);
  return around;
}

http::Response failure(const Error& fault, std::string_view trace_id) {
  const auto [code, message] = code_of(fault.code);
  http::Response response;
  if (code == "1000") {
    log_failure(fault, trace_id);
    // Clients learn what the disk refuses, but no names of files.
    const bool explained = fault.code == ErrorCode::kIo && !fault.detail.contains('/');
    response.body = explained
                        ? envelope(code, fmt::format("{}: {}", message, fault.detail), {}, trace_id)
                        : envelope(code, message, {}, trace_id);
    response.code = code;
    response.why = explained ? fault.detail : fmt::format("request {}", trace_id);
    return response;
  }
  response.code = code;
  response.why = redacted(fault.detail);
  const bool explained = !response.why.empty();
  response.body = envelope(
      code, explained ? fmt::format("{}: {}", message, response.why) : std::string(message), {},
      trace_id);
  return response;
}

http::Response transport_error(unsigned status, std::string_view why) {
  http::Response response;
  response.status = status;
  response.code = std::to_string(status);
  response.why = redacted(why);
  response.body =
      envelope(response.code, fmt::format("{}: {}", http::reason_phrase(status), response.why), {},
               TraceId::make());
  return response;
}

}  // namespace gridloom::api

namespace gridloom::api::body {

using schema::member;

const schema::Body& describe(schema::Of<Error> /*of*/) {
  static constexpr std::array kMembers = {
      member<&Error::code>("code", {.text = "As bad_params, no_permission or offline"}),
      member<&Error::message>("message", {.text = "For people"}),
  };
  static constexpr schema::Body kBody{
      .name = "Error",
      .members = kMembers,
      .example = R"({"code":"bad_params",)"
                 R"("message":"period is dy: must be day, week, month or year"})"};
  return kBody;
}

}  // namespace gridloom::api::body
