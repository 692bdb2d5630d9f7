#include "own_api/v1/command_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "hub/platform/credentials.h"
#include "own_api/bodies/commands.h"
#include "time/grammar.h"

namespace gridloom::api {
namespace {

using home::SetRecord;
using home::SetState;

constexpr std::size_t kLongestId = 64;
constexpr Millis kLongestWait{30'000};
constexpr std::string_view kRefusedByDevice = "device_refused";

bool is_id(std::string_view text) {
  return text.size() <= kLongestId && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_' || c == '.' || c == '~';
         });
}

// The parameter with which a message about a wrong one begins: "params.delayOff is 99999: ...".
std::optional<std::string_view> param_in(std::string_view message) {
  constexpr std::string_view kParams = "params.";
  if (!message.starts_with(kParams)) return std::nullopt;
  return message.substr(kParams.size(), message.find(' ') - kParams.size());
}

body::CommandStatus status_of(const SetRecord& record, std::string_view epoch) {
  body::CommandStatus status{.id = record.id.id,
                             .sn = record.id.sn,
                             .epoch = epoch,
                             .state = record.state,
                             .is_final = record.is_final(),
                             .by = record.by,
                             .sent_ms = record.sent_ms,
                             .answered_ms = record.answered_ms,
                             .decided_ms = record.decided_ms};
  for (const home::ShownField& each : record.fields) {
    status.fields.push_back({.field = each.name + each.path, .asked = each.asked, .is = each.is});
  }
  if (!record.reply.empty()) status.reply = schema::RawJson{.text = record.reply};
  if (!record.refusal.empty()) {
    status.code = kRefusedByDevice;
    status.message = record.refusal;
  } else if (record.error && record.state != SetState::kApplied) {
    status.code = name_of(record.error->code);
    status.message = detail_for_client(*record.error);
    status.param = param_in(record.error->detail);
  }
  return status;
}

// The wait of the query; nothing: none.
Result<Millis> wait_in(const wire::JsonObject& params) {
  const wire::Json* wait = params.if_contains("wait");
  if (wait == nullptr) return Millis(0);
  return time::parse_span(wire::plain_text(*wait),
                          {.name = "wait", .least = Millis(0), .most = kLongestWait});
}

}  // namespace

Status CommandApi::check(const Call& call, registry::Rights rights) const {
  const auto directory = services_.hub.platform().registry.directory();
  GL_TRY(hub::permitted_device(*directory, call.account, call.sn, rights));
  return {};
}

// One answer for the first request with an id and for those that repeat it.
http::Response CommandApi::response(const AnswerForm& form, const SetRecord& record) const {
  const bool has_failed = record.error && record.state != SetState::kApplied;
  http::Response response =
      has_failed ? form.failure(*record.error)
                 : form.success(schema::to_text(status_of(record, services_.home.sets().epoch())));
  if (form.is_plain() && record.state == SetState::kSent) response.status = 202;
  response.headers.emplace_back(
      "Location", fmt::format("/api/v1/devices/{}/commands/{}", record.id.sn, record.id.id));
  return response;
}

void CommandApi::send(Call call, wire::JsonObject message, hub::RequestOrigin origin) const {
  if (!is_id(call.id)) {
    return call.done(call.form.failure(
        {.code = ErrorCode::kBadParams,
         .detail = fmt::format("Idempotency-Key must be 1 to {} of a-z, A-Z, 0-9, -, _, . and ~",
                               kLongestId)}));
  }
  // A set that is not permitted is for the hub to refuse, which writes it into the audit.
  if (Status permitted = check(call, registry::Rights::kFull); !permitted) {
    if (permitted.error().code == ErrorCode::kNotFound) {
      return call.done(call.form.failure(permitted.error()));
    }
    return services_.hub.set(
        call.account, std::move(call.sn), std::move(message),
        {.loop = &loop_,
         .done =
             [form = call.form, why = std::move(permitted.error()),
              done = std::move(call.done)](const Result<hub::DeviceAnswer>& answer) mutable {
               done(form.failure(answer ? why : answer.error()));
             }},
        std::move(origin));
  }
  services_.home.sets().send(
      {.id = {.account = call.account, .sn = std::move(call.sn), .id = std::move(call.id)},
       .message = std::move(message),
       .origin = std::move(origin)},
      {.loop = &loop_,
       .done = [this, form = call.form,
                done = std::move(call.done)](const Result<SetRecord>& record) mutable {
         done(record ? response(form, *record) : form.failure(record.error()));
       }});
}

void CommandApi::list(Call call) const {
  if (Status permitted = check(call, registry::Rights::kMonitor); !permitted) {
    return call.done(call.form.failure(permitted.error()));
  }
  services_.home.sets().list(call.account, call.sn,
                             {.loop = &loop_,
                              .done = [epoch = services_.home.sets().epoch(), form = call.form,
                                       done = std::move(call.done)](
                                          const Result<std::vector<SetRecord>>& records) mutable {
                                if (!records) return done(form.failure(records.error()));
                                body::CommandList list{.epoch = epoch};
                                for (const SetRecord& each : *records)
                                  list.commands.push_back(status_of(each, epoch));
                                done(form.success(schema::to_text(list)));
                              }});
}

void CommandApi::status(Call call) const {
  if (Status permitted = check(call, registry::Rights::kMonitor); !permitted) {
    return call.done(call.form.failure(permitted.error()));
  }
  const auto wait = wait_in(call.params);
  if (!wait) return call.done(call.form.failure(wait.error()));
  services_.home.sets().get(
      {.account = call.account, .sn = std::move(call.sn), .id = std::move(call.id)}, *wait,
      {.loop = &loop_,
       .done = [epoch = services_.home.sets().epoch(), form = call.form,
                done = std::move(call.done)](const Result<SetRecord>& record) mutable {
         done(record ? form.success(schema::to_text(status_of(*record, epoch)))
                     : form.failure(record.error()));
       }});
}

}  // namespace gridloom::api
