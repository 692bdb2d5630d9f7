#include "api/gate/platform_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <utility>

#include "api/message/headers.h"
#include "hub/faults/fault_overlay.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

using wire::Json;

void make_texts(Json& value) {
  if (auto* object = value.if_object()) {
    for (auto& member : *object) make_texts(member.value());
  } else if (auto* array = value.if_array()) {
    for (Json& element : *array) make_texts(element);
  } else if (value.is_number()) {
    value = Json(wire::to_text(value));
  }
}

// Whether the request is a set, by either interface.
bool sets(const http::Request& request) {
  return request.path.ends_with("/quota")
             ? request.method == http::Method::kPut
             : request.method == http::Method::kPost && request.path.ends_with("/commands");
}

// The answer to a read, with texts in place of the numbers in its data; a failure has none.
http::Response with_text_values(http::Response response) {
  constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
  auto body = wire::parse_json(whole_body(response), {.bytes = kAny, .keys = kAny});
  if (!body || !body->is_object()) return response;
  Json* data = body->get_object().if_contains("data");
  if (data == nullptr) return response;
  make_texts(*data);
  response.body = wire::to_text(*body);
  response.data = {};
  response.data_at = 0;
  return response;
}

}  // namespace

bool PlatformFaults::apply(const http::Request& request, registry::AccountId account,
                           std::string_view sn, const AnswerForm& form,
                           Callback<http::Response>& done) {
  using hub::PlatformFault;
  const hub::FaultView faults(platform_);
  if (!faults.any()) return true;
  const auto happens = [&](PlatformFault fault) { return faults.happens(fault, account, sn); };
  if (const auto late_s = happens(PlatformFault::kSlowAnswer)) {
    const TimePoint due =
        platform_.steady->now() + Millis(static_cast<std::int64_t>(*late_s * 1000));
    done = [this, due, then = std::move(done)](http::Response response) mutable {
      late_.push_back({.due = due, .response = std::move(response), .done = std::move(then)});
    };
  }
  const auto instead = [&](http::Response response) {
    done(std::move(response));
    return false;
  };
  if (happens(PlatformFault::kDroppedConnection)) return instead({.ending = http::Ending::kClosed});
  if (happens(PlatformFault::kResetConnection)) return instead({.ending = http::Ending::kReset});
  if (const auto wait_s = happens(PlatformFault::kTooManyRequests)) {
    http::Response response = form.refusal(429, "this access key asks too often");
    response.headers.emplace_back("Retry-After", fmt::format("{:.0f}", std::ceil(*wait_s)));
    return instead(std::move(response));
  }
  if (happens(PlatformFault::kRefusedSign)) {
    return instead(form.failure({.code = ErrorCode::kWrongSignature, .detail = {}}));
  }
  if (!sn.empty() && request.path.contains("/quota") && happens(PlatformFault::kModelNotAllowed)) {
    return instead(form.failure({.code = ErrorCode::kModelNotAllowed, .detail = {}}));
  }
  if (sets(request) && happens(PlatformFault::kRefusedValue)) {
    return instead(form.failure({.code = ErrorCode::kInvalidValue, .detail = {}}));
  }
  if (request.path.ends_with("/quota/all") && happens(PlatformFault::kNullData)) {
    return instead(form.success("null"));
  }
  // Gridloom's own interface declares which values are numbers.
  const bool reads_quotas = request.path.starts_with(kSignedPaths) &&
                            request.method != http::Method::kPut &&
                            (request.path.ends_with("/quota") || request.path.ends_with("/all"));
  if (reads_quotas && happens(PlatformFault::kTextValues)) {
    done = [then = std::move(done)](http::Response response) mutable {
      then(with_text_values(std::move(response)));
    };
  }
  return true;
}

void PlatformFaults::tick() {
  if (late_.empty()) return;
  const TimePoint now = platform_.steady->now();
  const auto due = std::ranges::partition(late_, [&](const Late& late) { return late.due > now; });
  std::vector<Late> ready(std::make_move_iterator(due.begin()), std::make_move_iterator(due.end()));
  late_.erase(due.begin(), due.end());
  for (Late& late : ready) late.done(std::move(late.response));
}

}  // namespace gridloom::api
